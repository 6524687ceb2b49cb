"""Why deliveries switched a webhook off, and the secret before the last rotation.

Revision 0003, after 0002.
"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLE = "webhook_endpoints"


def upgrade() -> None:
    # A process that died may have added some of them: MariaDB ends a transaction at each statement.
    there = _there()
    with op.batch_alter_table(_TABLE, recreate=_recreate()) as table:
        for column in _columns():
            if column.name not in there:
                table.add_column(column)


def downgrade() -> None:
    there = _there()
    with op.batch_alter_table(_TABLE, recreate=_recreate()) as table:
        for column in _columns():
            if column.name in there:
                table.drop_column(str(column.name))


def _there() -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(_TABLE)}


def _recreate() -> Literal["always", "never"]:
    # SQLite would write an added column behind the table's constraints, as the models never do.
    return "always" if op.get_bind().dialect.name == "sqlite" else "never"


def _columns() -> list[sa.Column[object]]:
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    return [
        sa.Column("previous_secret", sa.Text, nullable=True),
        sa.Column("previous_secret_until", moment, nullable=True),
        sa.Column("disabled_at", moment, nullable=True),
        sa.Column("disabled_reason", sa.String(50), nullable=True),
    ]
