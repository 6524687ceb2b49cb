"""``trackerctl audit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientOption, Limit, Since, Until
from cli.output import emit, table
from cli.times import parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun(
    "Who changed what and when, by the command line or the API. No entry holds a key, a secret or a lead's data."
)


@app.command("list")
def list_entries(
    client: ClientOption = None,
    actor: Annotated[
        str | None, typer.Option(metavar="WHO", help="Only by this one, such as cli:root or api:ann.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(metavar="ACTION", help="Only this, such as client.update; client is all of them.")
    ] = None,
    target: Annotated[str | None, typer.Option(metavar="ID", help="Only changes of what has this id.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List changes, the newest first."""
    filters: dict[str, Any] = {"client_ref": client, "actor": actor, "action": action, "target": target}
    filters |= {"since": parse_since(since), "until": parse_since(until, "--until")}
    entries = _entries(filters, limit)
    emit(
        entries,
        lambda: _table(entries) if entries else "No changes.",
        brief=[str(entry["id"]) for entry in entries],
    )


def _entries(filters: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    from tracker.paging import MAX_LIMIT

    service = current().service
    entries: list[dict[str, Any]] = []
    cursor: str | None = None
    while len(entries) < limit:
        page = service.list_audit(**filters, limit=min(limit - len(entries), MAX_LIMIT), cursor=cursor)
        entries += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return entries


def _table(entries: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (entry["at"][:19].replace("T", " "), entry["actor"], entry["action"], entry["targetId"][:8], _changed(entry))
        for entry in entries
    ]
    return table(("TIME (UTC)", "WHO", "ACTION", "TARGET", "CHANGED"), rows, ids=("TIME (UTC)",))


def _changed(entry: dict[str, Any]) -> str:
    """Names of what differs; of what was made or deleted the action says enough."""
    if entry["before"] is not None and entry["after"] is not None:
        return ", ".join(entry["after"])
    after = entry["after"] or {}
    return ", ".join(after["changed"]) if isinstance(after.get("changed"), list) else ""
