"""Mappings of a whole client, and room for pipelines of transforms.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
EXACT = "utf8mb4_bin"


def upgrade() -> None:
    # Each statement may find that a process which died has run it already: widening twice is widening once.
    with op.batch_alter_table("field_mappings") as table:
        table.alter_column("transform", existing_type=sa.String(100), type_=sa.String(255), existing_nullable=True)
    op.create_table(
        "client_mappings",
        sa.Column("mapping_id", _exact_id(), nullable=False),
        sa.Column("client_id", _exact_id(), nullable=False),
        sa.Column("source", _exact_string(255), nullable=False),
        sa.Column("target_entity", sa.String(100), nullable=False),
        sa.Column("target_field", sa.String(100), nullable=False),
        sa.Column("transform", sa.String(255), nullable=True),
        sa.Column("is_required", sa.Boolean, nullable=False, server_default=sa.text("0")),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("mapping_id", name="pk_client_mappings"),
        sa.UniqueConstraint("client_id", "target_entity", "target_field", "source", name="unique_client_mapping"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name="fk_client_mappings_client_id_clients", ondelete="CASCADE"
        ),
        if_not_exists=True,
        **OPTIONS,
    )


def downgrade() -> None:
    op.drop_table("client_mappings", if_exists=True)
    # What the version before cannot hold would stop the whole way back; it did not run transforms either.
    op.execute("UPDATE field_mappings SET transform = NULL WHERE LENGTH(transform) > 100")
    with op.batch_alter_table("field_mappings") as table:
        table.alter_column("transform", existing_type=sa.String(255), type_=sa.String(100), existing_nullable=True)


def _exact_id() -> sa.CHAR:
    return sa.CHAR(36).with_variant(mysql.CHAR(36, collation=EXACT), "mysql", "mariadb")


def _exact_string(length: int) -> sa.String:
    return sa.String(length).with_variant(mysql.VARCHAR(length, collation=EXACT), "mysql", "mariadb")


def _stamp(name: str) -> sa.Column[object]:
    utc_now = "CURRENT_TIMESTAMP" if op.get_bind().dialect.name == "sqlite" else "(utc_timestamp(6))"
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return sa.Column(name, moment, nullable=False, server_default=sa.text(utc_now))
