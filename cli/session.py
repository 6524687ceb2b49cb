"""``trackerctl session``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientOption, Limit, Since, Until
from cli.output import emit, facts, table
from cli.times import ago, parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("Visits: what one browser did between two pauses of thirty minutes.")

_EVENTS = 500
# What is shown as a table of its own, or told by another line.
_LONG = ("pageViews", "leads", "events")


@app.command("list")
async def list_sessions(
    client: ClientOption = None,
    visitor: Annotated[str | None, typer.Option(metavar="ID", help="Only of this visitor.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List visits, the latest begun first."""
    from tracker.pipeline import queries

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    async with context.documents():
        found = await queries.list_sessions(client_id=client_id, visitor_id=visitor, limit=limit, **period)
    emit(found, lambda: _table(found) if found else "No sessions.", brief=[one["sessionId"] for one in found])


@app.command("show")
async def show(
    session: Annotated[
        str, typer.Argument(metavar="SESSION", help="Id of the session, or its beginning; `session list` shows it.")
    ],
    client: ClientOption = None,
) -> None:
    """Show a visit with its events, the first one first. Of more than 500 events the latest are shown."""
    from tracker.pipeline import queries

    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    async with context.documents():
        found = await queries.get_session(session, client_id)
        events = await queries.list_events(client_id=found["clientId"], session_id=found["sessionId"], limit=_EVENTS)
    view = {**found, "events": events[::-1]}
    emit(view, lambda: _details(view), brief=found["sessionId"])


def _table(sessions: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (
            one["sessionId"],
            ago(one["startedAt"]),
            _duration(one["duration"]),
            one["pageViewCount"],
            one["eventCount"],
            one["formSubmissions"],
            one["landingPage"],
            _lead(one),
        )
        for one in sessions
    ]
    columns = ("ID", "BEGAN", "LASTED", "VIEWS", "EVENTS", "SUBMITTED", "LANDING PAGE", "LEAD")
    return table(columns, rows, ids=("ID", "LEAD"))


def _details(view: dict[str, Any]) -> list[RenderableType]:
    from cli.event import what_of

    rows: list[tuple[str, object]] = [
        (name, _duration(value) if name == "duration" else value)
        for name, value in view.items()
        if name not in _LONG and value not in (None, "", [], {})
    ]
    rows += [("lead", one["leadId"]) for one in view["leads"] if one.get("leadId")]
    events = [
        (event["timestamp"][11:19], event["eventType"], what_of(event), str(event.get("leadId") or "")[:8])
        for event in view["events"]
    ]
    shown = table(("TIME (UTC)", "TYPE", "WHAT", "LEAD"), events, ids=("LEAD",)) if events else "No events are stored."
    return [facts(rows), "", shown]


def _lead(session: dict[str, Any]) -> str:
    leads = [str(one["leadId"]) for one in session.get("leads") or () if one.get("leadId")]
    return leads[-1][:8] if leads else ""


def _duration(seconds: int) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
