"""``trackerctl event``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, Limit, Since, Until
from cli.output import emit, emit_item, facts, hint, table
from cli.times import ago, parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("What browsers sent: stored events, events as they come, what was refused, and what became of each.")

Type = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only of this type, such as form_submission or page_view.")
]


@app.command("list")
async def list_events(
    client: ClientOption = None,
    event_type: Type = None,
    session: Annotated[str | None, typer.Option(metavar="ID", help="Only of this session.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List stored events, the newest first."""
    from tracker.pipeline import queries

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    async with context.documents():
        events = await queries.list_events(
            client_id=client_id, event_type=event_type, session_id=session, limit=limit, **period
        )
    emit(events, lambda: _table(events) if events else "No events.", brief=[event["eventId"] for event in events])


@app.command("tail")
async def tail(client: ClientArgument, event_type: Type = None) -> None:
    """Show a client's events as they are stored, until Ctrl-C; with --json an object a line."""
    from tracker.pipeline import queries

    context = current()
    row = context.service.get_client(client)
    async with context.documents():
        hint(f"Events of {row.domain} as they are stored; Ctrl-C ends this.")
        async for event in queries.tail_events(client_id=row.client_id, event_type=event_type):
            emit_item(event, partial(_line, event))


@app.command("rejected")
async def rejected(client: ClientArgument, limit: Limit = 50) -> None:
    """Show how many events of a client were refused and why, with samples: what visitors typed is not kept."""
    from tracker.ingest.rejected import list_rejected

    context = current()
    row = context.service.get_client(client)
    found = await list_rejected(context.settings.require("redis_url"), row.client_id, limit)
    emit(found, lambda: _refusals(found) if found["counts"] else "Nothing was refused.", brief=found["counts"])


@app.command("outcomes")
async def outcomes(
    client: Annotated[
        str | None, typer.Argument(metavar="[CLIENT]", help="Id, beginning of an id, or domain; without it all.")
    ] = None,
) -> None:
    """Show what became of every acknowledged event, by client. None should be unaccounted for: such a one vanished."""
    from msgspec import to_builtins

    from tracker.accounts import read_books

    context = current()
    settings = context.settings.require("redis_url")
    names = {row.client_id: row.domain for row in context.service.list_clients()}
    # The books of a client outlive it; then only the whole id can name it.
    known = client is None or client in (book.client_id for book in await read_books(settings))
    wanted = client if client is None or known else context.service.get_client(client).client_id
    books = to_builtins(await read_books(settings, wanted))
    emit(
        books,
        lambda: _books(books, names) if books else "No event was acknowledged yet.",
        brief=[book["clientId"] for book in books if book["unaccounted"]],
    )


def _books(books: list[dict[str, Any]], names: dict[str, str]) -> list[RenderableType]:
    rows = []
    for book in books:
        ends = dict(book["outcomes"])
        kept = [ends.pop(name) for name in ("stored", "duplicate", "dead_letter")]
        name = names.get(book["clientId"]) or f"{book['clientId'][:8]} (deleted)"
        rows.append((name, book["accepted"], *kept, sum(ends.values()), book["waiting"], book["unaccounted"]))
    columns = ("CLIENT", "ACCEPTED", "STORED", "DUPLICATE", "DEAD", "DROPPED", "WAITING", "UNACCOUNTED")
    parts: list[RenderableType] = [table(columns, rows)]
    if len(books) == 1:
        drops = [(name, n) for name, n in books[0]["outcomes"].items() if name.startswith("dropped_")]
        parts += ["", facts(drops)]
    return parts


def _table(events: list[dict[str, Any]]) -> RenderableType:
    return table(
        ("TIME", "TYPE", "WHAT", "LEAD"),
        [(ago(event["timestamp"]), event["eventType"], what_of(event), _lead(event)) for event in events],
        ids=("LEAD",),
    )


def _line(event: dict[str, Any]) -> str:
    lead = _lead(event)
    parts = (event["timestamp"][11:19], event["eventType"], what_of(event), lead and f"lead {lead}")
    return "  ".join(part for part in parts if part)


def _lead(event: dict[str, Any]) -> str:
    return str(event.get("leadId") or "")[:8]


def what_of(event: dict[str, Any]) -> str:
    """The form and the page: what tells one event from another at a glance."""
    payload = event.get("payload") or {}
    form, page = payload.get("form") or {}, payload.get("page") or {}
    name = form.get("formName") or form.get("formId")
    address = page.get("path") or page.get("url")
    return " on ".join(str(part) for part in (name, address) if part)


def _refusals(found: dict[str, Any]) -> list[RenderableType]:
    rows = [
        (
            ago(sample["at"]),
            sample["reason"],
            sample.get("id"),
            sample.get("bytes"),
            sample.get("event") or sample.get("keys"),
        )
        for sample in found["samples"]
    ]
    samples = table(("TIME", "REASON", "ID", "BYTES", "EVENT"), rows) if rows else "No samples are kept."
    return [facts(found["counts"].items()), "", samples]
