"""``trackerctl retention``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, DryRun, counted
from cli.output import emit, facts, hint, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from tracker.privacy.retention_service import Site

app = Noun("For how long what visitors left is kept. Workers see to it; docs/retention.md.")

OptionalClient = Annotated[
    str | None, typer.Argument(metavar="CLIENT", help="Id, beginning of an id, or domain; all clients if not given.")
]
Days = Annotated[str | None, typer.Option(metavar="DAYS", help="1 to 3650, or none for the default.")]
LeadDays = Annotated[str | None, typer.Option(metavar="DAYS", help="1 to 3650, forever, or none for the default.")]
_NAMES = {
    "events": "events",
    "sessions": "sessions",
    "unsyncedLeads": "leads no CRM has",
    "syncedLeads": "leads a CRM has",
}


@app.command("show")
async def show(client: OptionalClient = None) -> None:
    """Show the days in force, where each comes from, how much there is, and how much goes within a day."""
    from tracker.privacy import retention_service as service

    context = current()
    async with context.documents() as documents:
        views = [
            await service.show(documents.database, site, context.settings, datetime.now(UTC))
            for site in await _sites(documents.database, client)
        ]
    shown: Any = views[0] if client else views
    emit(
        shown,
        lambda: _pages(views),
        brief=[_line(view) for view in views],
    )


@app.command("set")
def set_days(
    client: ClientArgument,
    events: Days = None,
    sessions: Days = None,
    unsynced_leads: LeadDays = None,
    synced_leads: LeadDays = None,
) -> None:
    """Change a client's days. Workers give stored events and sessions their new end within minutes: what is older then
    is deleted, and cannot be brought back.
    """
    from tracker.privacy import retention_service as service

    given = {
        "eventsDays": _days("--events", events),
        "sessionsDays": _days("--sessions", sessions),
        "unsyncedLeadsDays": _days("--unsynced-leads", unsynced_leads, may_last=True),
        "syncedLeadsDays": _days("--synced-leads", synced_leads, may_last=True),
    }
    patch = {name: value for name, (is_given, value) in given.items() if is_given}
    if not patch:
        raise UsageError("nothing to change: give --events, --sessions, --unsynced-leads or --synced-leads")
    context = current()
    after = context.service.update_client(client, settings={"retention": patch})
    view = service.view(after, context.settings)
    emit(view, lambda: [f"{after.domain}:", _in_force(view["inForce"])], brief=after.client_id)
    hint("\nWorkers apply it within minutes; `trackerctl retention run` does it now.")


@app.command("run")
async def run(client: ClientOption = None, dry_run: DryRun = False) -> None:
    """Give all stored events and sessions their client's days, and delete the leads that are due, now.

    Workers do the same every five minutes. May be repeated and stopped at any time.
    """
    from tracker.privacy import retention_service as service

    context = current()
    done: list[dict[str, Any]] = []
    async with context.documents() as documents:
        for site in await _sites(documents.database, client):
            now = datetime.now(UTC)
            if dry_run:
                done.append(await service.rehearse(documents.database, site, now))
            else:
                done.append(await service.run(documents.database, context.service, site, context.settings, now))
    result = {"dryRun": dry_run, "clients": done}
    emit(result, lambda: _done(done) if done else "No clients yet.", brief=[one["clientId"] for one in done])


# -------------------------------------------------------------------------------------------------------------- shared


async def _sites(database: Any, client: str | None) -> list[Site]:
    from tracker.privacy import retention_service as service

    context = current()
    if client is not None:
        return [service.site_of(context.service.get_client(client), context.settings)]
    return [site async for site in service.sites(database, context.service, context.settings)]


def _days(option: str, text: str | None, *, may_last: bool = False) -> tuple[bool, int | str | None]:
    """Whether it was given, and as what it is stored."""
    if text is None or text == "none":
        return text is not None, None
    if text == "forever" and may_last:
        return True, text
    if text.isascii() and text.isdigit():
        return True, int(text)
    raise UsageError(f"{option}: write a number of days{', forever' if may_last else ''} or none for the default")


def _pages(views: list[dict[str, Any]]) -> list[RenderableType]:
    return [line for view in views for line in _page(view)] or ["No clients yet."]


def _page(view: Mapping[str, Any]) -> list[RenderableType]:
    rows = [
        (_NAMES[one["store"]], _shown(one["days"]), one["source"], str(one["documents"]), str(one["nextDay"]))
        for one in view["stores"]
    ]
    drafts = view["drafts"]
    rows.append(("drafts", _shown(drafts["days"]), "TRACKER_DRAFT_DAYS", str(drafts["documents"]), ""))
    title = view["domain"] or f"{view['clientId']} (deleted)"
    if view["pending"]:
        title += ": new days are being applied"
    return [title, table(["what", "kept", "set by", "stored", "go within a day"], rows), ""]


def _in_force(periods: Mapping[str, Mapping[str, Any]]) -> RenderableType:
    return facts([(_NAMES[name], f"{_shown(one['days'])} ({one['source']})") for name, one in periods.items()])


def _shown(days: int | None) -> str:
    return "for ever" if days is None else counted(days, "day")


def _line(view: Mapping[str, Any]) -> str:
    days = " ".join(str(one["days"] or "forever") for one in view["stores"])
    return f"{view['clientId']} {days}"


def _done(done: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (
            one["domain"] or one["clientId"],
            *(one["changed"][name] for name in ("events", "sessions")),
            *(one["deleted"][name] for name in ("unsyncedLeads", "syncedLeads", "events")),
        )
        for one in done
    ]
    given, gone = ("events given new days", "sessions"), ("leads deleted: no CRM", "with CRM", "their events")
    return table(["client", *given, *gone], rows)
