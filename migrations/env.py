"""What Alembic runs around the revisions. `tracker.migrate` hands the open connection over; there is no alembic.ini.

Rules for revisions: the code before and after must both run on the schema while it is rolled out (add, then use; stop
using, then drop); data is moved in batches elsewhere; ``with op.batch_alter_table(…)`` for every change of a table,
which SQLite copies and MariaDB alters; name every constraint.
"""

from __future__ import annotations

from alembic import context

from tracker.config.models import Table

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("use `trackerctl db upgrade`; migrations need the connection that it opens")

context.configure(
    connection=connection,
    target_metadata=Table.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
