"""All tables of the first version.

Revision 0001, the first one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}
EXACT = "utf8mb4_bin"

# A child stands after its parents; `downgrade` goes backwards.
TABLES = (
    "clients",
    "forms",
    "fields",
    "field_mappings",
    "api_keys",
    "webhook_endpoints",
    "crm_connections",
    "audit_log",
)


def upgrade() -> None:
    # MariaDB commits after every statement, and a container killed in its first start must be able to go on from
    # there: hence `if_not_exists` throughout.
    _create_clients()
    _create_forms()
    _create_fields()
    _create_field_mappings()
    _create_api_keys()
    _create_webhook_endpoints()
    _create_crm_connections()
    _create_audit_log()


def downgrade() -> None:
    for name in reversed(TABLES):
        op.drop_table(name, if_exists=True)


def _create_clients() -> None:
    op.create_table(
        "clients",
        _id("client_id"),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        _flag("is_active", "1"),
        _json("config", "{}"),
        _json("settings", "{}"),
        _json("allowed_origins", "[]"),
        sa.Column("retention_days", sa.Integer, nullable=True),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("client_id", name="pk_clients"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_clients_domain", "clients", ["domain"], unique=True)


def _create_forms() -> None:
    op.create_table(
        "forms",
        _id("form_id"),
        _id("client_id"),
        sa.Column("form_name", sa.String(255), nullable=False),
        sa.Column("page_url", sa.Text, nullable=False),
        sa.Column("form_selector", _exact_string(500), nullable=False),
        _json("alternative_selectors", "[]"),
        _flag("is_active", "1"),
        _json("metadata", "{}"),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("form_id", name="pk_forms"),
        _owner("forms", "client_id", "clients"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_forms_client_id", "forms", ["client_id", "is_active"])
    _create_index("idx_forms_page_url", "forms", ["page_url"], mysql_length=255, mariadb_length=255)


def _create_fields() -> None:
    op.create_table(
        "fields",
        _id("field_id"),
        _id("form_id"),
        sa.Column("field_selector", _exact_string(500), nullable=False),
        sa.Column("field_name", sa.String(255), nullable=False),
        sa.Column("field_type", sa.String(50), nullable=False),
        sa.Column("label", sa.String(255), nullable=True),
        _flag("is_required", "0"),
        _json("validation_rules", "{}"),
        sa.Column("display_order", sa.Integer, nullable=False, server_default="0"),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("field_id", name="pk_fields"),
        _owner("fields", "form_id", "forms"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_fields_form_id", "fields", ["form_id"])


def _create_field_mappings() -> None:
    op.create_table(
        "field_mappings",
        _id("mapping_id"),
        _id("field_id"),
        sa.Column("target_entity", sa.String(100), nullable=False),
        sa.Column("target_field", sa.String(100), nullable=False),
        sa.Column("transform", sa.String(100), nullable=True),
        _flag("is_required", "0"),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("mapping_id", name="pk_field_mappings"),
        sa.UniqueConstraint("field_id", name="unique_field_mapping"),
        _owner("field_mappings", "field_id", "fields"),
        if_not_exists=True,
        **OPTIONS,
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        _id("key_id"),
        _id("client_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("key_hash", _exact_char(64), nullable=False),
        sa.Column("hint", _exact_string(4), nullable=False),
        sa.Column("secret_fingerprint", _exact_char(16), nullable=True),
        _stamp("created_at"),
        sa.Column("expires_at", _moment(), nullable=True),
        sa.Column("revoked_at", _moment(), nullable=True),
        sa.Column("last_used_at", _moment(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        _owner("api_keys", "client_id", "clients"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_api_keys_client_id", "api_keys", ["client_id"])


def _create_webhook_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        _id("endpoint_id"),
        _id("client_id"),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.String(255), nullable=True),
        _json("event_types", "[]"),
        sa.Column("secret", sa.Text, nullable=False),
        _flag("is_active", "1"),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("endpoint_id", name="pk_webhook_endpoints"),
        _owner("webhook_endpoints", "client_id", "clients"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_webhook_endpoints_client_id", "webhook_endpoints", ["client_id", "is_active"])


def _create_crm_connections() -> None:
    op.create_table(
        "crm_connections",
        _id("connection_id"),
        _id("client_id"),
        sa.Column("adapter", sa.String(50), nullable=False),
        sa.Column("credentials", sa.Text, nullable=False),
        _json("settings", "{}"),
        _flag("is_active", "1"),
        _stamp("created_at"),
        _stamp("updated_at"),
        sa.PrimaryKeyConstraint("connection_id", name="pk_crm_connections"),
        _owner("crm_connections", "client_id", "clients"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_crm_connections_client_id", "crm_connections", ["client_id", "is_active"])


def _create_audit_log() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("at", _moment(), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target_kind", sa.String(32), nullable=False),
        sa.Column("target_id", _exact_string(64), nullable=False),
        sa.Column("client_id", _exact_char(36), nullable=True),
        sa.Column("before", sa.JSON, nullable=True),
        sa.Column("after", sa.JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
        if_not_exists=True,
        **OPTIONS,
    )
    _create_index("idx_audit_log_client_id", "audit_log", ["client_id", "id"])
    _create_index("idx_audit_log_at", "audit_log", ["at"])


# ------------------------------------------------------------------------- the shapes, as they were at this revision


def _create_index(name: str, table: str, columns: list[str], *, unique: bool = False, **options: int) -> None:
    op.create_index(name, table, columns, unique=unique, if_not_exists=True, **options)


def _exact_char(length: int) -> sa.CHAR:
    return sa.CHAR(length).with_variant(mysql.CHAR(length, collation=EXACT), "mysql", "mariadb")


def _exact_string(length: int) -> sa.String:
    return sa.String(length).with_variant(mysql.VARCHAR(length, collation=EXACT), "mysql", "mariadb")


def _moment() -> sa.DateTime:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def _id(name: str) -> sa.Column[str]:
    return sa.Column(name, _exact_char(36), nullable=False)


def _flag(name: str, default: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text(default))


def _json(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON, nullable=False, server_default=sa.text(f"'{default}'"))


def _stamp(name: str) -> sa.Column[object]:
    utc_now = "CURRENT_TIMESTAMP" if op.get_bind().dialect.name == "sqlite" else "(utc_timestamp(6))"
    return sa.Column(name, _moment(), nullable=False, server_default=sa.text(utc_now))


def _owner(table: str, column: str, parent: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{parent}"
    return sa.ForeignKeyConstraint([column], [f"{parent}.{column}"], name=name, ondelete="CASCADE")
