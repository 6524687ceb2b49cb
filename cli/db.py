"""``trackerctl db``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import Yes, confirm
from cli.output import emit

app = Noun("The tables of the config database (MariaDB or SQLite). MongoDB's indexes are made when the service starts.")


@app.command("upgrade")
def upgrade(
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="Where to go.", show_default=False)] = "head",
) -> None:
    """Create the tables, or bring them to what this version needs. Safe to repeat."""
    from tracker import migrate

    before = migrate.current(current().engine)
    migrate.upgrade(current().engine, revision)
    after = migrate.current(current().engine)
    emit(
        {"before": before, "revision": after},
        lambda: f"Up to date at {after}." if before == after else f"Upgraded from {before or 'nothing'} to {after}.",
        brief=after or "",
    )


@app.command("downgrade")
def downgrade(
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="Where to go back to; base drops all tables.")],
    yes: Yes = False,
) -> None:
    """Bring the tables back to an older revision. What only newer tables and columns hold is lost."""
    from tracker import migrate

    before = migrate.current(current().engine)
    losses = ["every client, form and key"] if revision == "base" else ["what only newer tables and columns hold"]
    confirm(f"Downgrade the config database from {before or 'nothing'} to {revision}?", losses, yes)
    migrate.downgrade(current().engine, revision)
    after = migrate.current(current().engine)
    emit(
        {"before": before, "revision": after},
        lambda: f"Downgraded from {before or 'nothing'} to {after or 'nothing'}.",
        brief=after or "",
    )


@app.command("current")
def show_current() -> None:
    """Print the revision that the database is at, and the newest one."""
    from tracker import migrate

    revision, head = migrate.current(current().engine), migrate.head()
    emit(
        {"revision": revision, "head": head, "upToDate": revision == head},
        lambda: f"{revision or 'never migrated'}{'' if revision == head else f'; the newest is {head}'}",
        brief=revision or "",
    )


@app.command("check")
def check() -> None:
    """Compare the tables with what this version needs; exit code 1 when they differ."""
    from tracker import migrate

    differences = migrate.check(current().engine)
    emit(
        {"upToDate": not differences, "differences": differences},
        lambda: differences or "The tables are what this version needs.",
        brief=differences,
    )
    if differences:
        raise typer.Exit(1)
