"""``trackerctl top``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.charts import sparkline
from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.output import console, emit, emit_item, facts, table
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

    from tracker.settings import Settings
    from tracker.stores.documents import Database
    from tracker.top import Snapshot

app = Noun()

_REMEMBERED = 600
_WIDTH = 40


@app.command("top")
async def top(
    interval: Annotated[
        float, typer.Option("--interval", "-i", min=0.2, max=3600, metavar="SECONDS", help="Between two looks.")
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Show one moment and end.", show_default=False)] = False,
) -> None:
    """Show what happens now: events per second, queues and their lag, workers, dead letters, the latest leads.

    Fills the screen until Ctrl-C. With --json an object a line for each look.
    """
    settings = current().settings.require("mongodb_url", "redis_url")
    from tracker.stores.documents import connect

    async with connect(settings) as client:
        await _show(settings, client[settings.mongodb_database], interval, once)


async def _show(settings: Settings, database: Database, interval: float, once: bool) -> None:
    from tracker.top import take

    context = current()
    if once:
        from msgspec import to_builtins

        snapshot = await take(settings, database)
        emit(to_builtins(snapshot), lambda: _screen(snapshot, []), brief=_brief(snapshot))
    elif context.shape != "table" or context.quiet:
        await _stream(settings, database, interval)
    elif not sys.stdout.isatty():
        raise UsageError("this fills a screen, and there is none: give --once, or --json for a line each time")
    else:
        await _live(settings, database, interval)


async def _stream(settings: Settings, database: Database, interval: float) -> None:
    from msgspec import to_builtins

    from tracker.tasks import pause
    from tracker.top import take

    snapshot = None
    while True:
        snapshot = await take(settings, database, snapshot)
        emit_item(to_builtins(snapshot), lambda: "")
        await pause(interval)


async def _live(settings: Settings, database: Database, interval: float) -> None:
    from rich.live import Live

    from tracker.tasks import pause
    from tracker.top import take

    snapshot = await take(settings, database)
    past: list[float] = []
    with Live(_group(_screen(snapshot, past)), console=console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(_group(_screen(snapshot, past)), refresh=True)
            await pause(interval)
            snapshot = await take(settings, database, snapshot)
            past = [*past, snapshot.rates.stored if snapshot.rates else 0.0][-_REMEMBERED:]


def _group(parts: list[RenderableType]) -> Group:
    from rich.console import Group

    return Group(*parts)


def _brief(snapshot: Snapshot) -> str:
    return "ok" if all(store.ok for store in snapshot.stores) else "not ok"


def _screen(snapshot: Snapshot, past: list[float]) -> list[RenderableType]:
    moment = datetime.fromtimestamp(snapshot.taken_at, UTC)
    parts: list[RenderableType] = [
        facts(
            [
                ("time", f"{moment:%Y-%m-%d %H:%M:%S} UTC"),
                ("stores", _stores(snapshot)),
                ("events", _events(snapshot)),
                ("per second", _rates(snapshot)),
                ("stored", sparkline([round(rate * 10) for rate in past], _WIDTH) if past else None),
                ("queue", _queues(snapshot)),
                ("dead letters", _letters(snapshot)),
            ]
        ),
        "",
        _workers(snapshot),
        "",
        _leads(snapshot),
    ]
    return parts


def _stores(snapshot: Snapshot) -> str:
    return ", ".join(
        f"{store.name} {f'{store.latency_ms:.0f} ms' if store.ok else 'AWAY'}" for store in snapshot.stores
    )


def _events(snapshot: Snapshot) -> str:
    if snapshot.events is None:
        return "not known: Redis is away"
    ends = snapshot.events.outcomes
    words = f"{snapshot.events.accepted} accepted, {ends['stored']} stored, {snapshot.events.waiting} waiting"
    return f"{words}, {snapshot.events.unaccounted} UNACCOUNTED" if snapshot.events.unaccounted else words


def _rates(snapshot: Snapshot) -> str | None:
    rates = snapshot.rates
    if rates is None:
        return None
    return (
        f"{rates.accepted:g} accepted, {rates.stored:g} stored, {rates.dropped:g} dropped, {rates.dead_letters:g} dead"
    )


def _queues(snapshot: Snapshot) -> str:
    if snapshot.queues is None:
        return "not known: Redis is away"
    jobs = sum(state.jobs for state in snapshot.queues.values())
    return f"{jobs} jobs, lag {snapshot.lag_seconds:g} s"


def _letters(snapshot: Snapshot) -> str:
    letters = snapshot.dead_letters
    if letters is None:
        return "not known: Redis is away"
    return letters.warning or str(letters.count)


def _workers(snapshot: Snapshot) -> RenderableType:
    workers = snapshot.workers
    if workers is None or not workers.alive:
        return "No worker runs." if workers is not None else "Workers are not known: Redis is away."
    rows = [
        (
            f"{beat.host}:{beat.pid}",
            beat.version,
            ago(datetime.fromtimestamp(beat.started_at, UTC).isoformat()),
            beat.running,
            beat.done,
            "works" if beat.picking else "waits for a store",
        )
        for beat in workers.alive
    ]
    return table(("WORKER", "VERSION", "SINCE", "RUNNING", "DONE", "STATE"), rows)


def _leads(snapshot: Snapshot) -> RenderableType:
    if snapshot.leads is None:
        return "Leads are not known: MongoDB is away."
    rows = [
        (lead["leadId"][:8], lead.get("email"), lead["status"], lead["quality"], ago(lead["createdAt"]))
        for lead in snapshot.leads
    ]
    return table(("LEAD", "EMAIL", "STATUS", "QUALITY", "CREATED"), rows) if rows else "No leads yet."
