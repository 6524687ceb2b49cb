"""``trackerctl status``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import typer

from cli.context import Context, current
from cli.errors import as_refusal
from cli.noun import Noun
from cli.output import emit, facts, table
from tracker.errors import TrackerError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.settings import Settings

app = Noun()

_NAMES = {"config": "TRACKER_CONFIG_DB_URL", "mongodb": "TRACKER_MONGODB_URL", "redis": "TRACKER_REDIS_URL"}


@app.command("status")
async def status() -> None:
    """Show whether each store answers, what became of events, how much waits, and whether the tables are current.

    Exit code 1 when a store is away or the tables are not current.
    """
    from tracker import __version__
    from tracker.health import check_stores

    context = current()
    settings = context.settings.require("config_db_url", "mongodb_url", "redis_url")
    stores = [
        {"name": s.name, "ok": s.ok, "version": s.version, "detail": s.detail, "latencyMs": s.latency_ms}
        for s in await check_stores(settings)
    ]
    answers = {store["name"]: store["ok"] for store in stores}
    queue = await _queue(context) if answers.get("redis") else None
    events = await _events(settings) if queue is not None else None
    migration = await asyncio.to_thread(_migration, context) if answers.get("config") else None
    well = all(answers.values()) and queue is not None and migration is not None and migration["upToDate"]
    geo = await asyncio.to_thread(_geo, settings)
    data = {"ok": well, "version": __version__, "stores": stores, "queue": queue, "migration": migration, "geo": geo}
    data["events"], data["deadLetters"] = events or (None, None)
    emit(data, lambda: _page(data), brief="ok" if well else "not ok")
    if not well:
        raise typer.Exit(1)


async def _queue(context: Context) -> dict[str, int] | None:
    from tracker.health import queue_depth

    try:
        return await queue_depth(context.settings)
    except Exception as error:
        # A shard may be on another Redis than the one that was asked.
        if as_refusal(error) is None:
            raise
        return None


async def _events(settings: Settings) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """What became of all acknowledged events, and how full the dead letters are."""
    from msgspec import to_builtins

    from tracker.accounts import read_books, total
    from tracker.deadletters.bounds import dead_letter_state
    from tracker.deadletters.places import open_places
    from tracker.deadletters.views import state_view

    try:
        totals = total(await read_books(settings))
        async with open_places(settings) as places:
            letters = state_view(await dead_letter_state(places, settings))
    except Exception as error:
        if as_refusal(error) is None:
            raise
        return None
    return to_builtins(totals), letters


def _migration(context: Context) -> dict[str, Any] | None:
    from tracker import migrate

    try:
        revision, head = migrate.current(context.engine), migrate.head()
    except TrackerError:
        return None
    return {"current": revision, "head": head, "upToDate": revision == head}


def _geo(settings: Settings) -> dict[str, Any]:
    """What countries come from; the file is looked for on this machine, where the service need not run."""
    from tracker.ingest.geo import Database

    found: dict[str, Any] = {"header": settings.geo_country_header or None, "database": None, "built": None}
    if settings.geoip_db:
        try:
            database = Database(settings.geoip_db)
        except TrackerError as error:
            return found | {"problem": error.detail}
        found |= {"database": database.kind, "built": database.built}
        database.close()
    return found


def _page(data: dict[str, Any]) -> list[RenderableType]:
    stores = table(
        ("STORE", "STATE", "VERSION", "LATENCY", "REMARK"),
        [
            (
                store["name"],
                "ok" if store["ok"] else "away",
                store["version"],
                f"{store['latencyMs']:.1f} ms" if store["ok"] else None,
                store["detail"] if store["ok"] else f"{store['detail']}; check {_NAMES.get(store['name'], 'it')}",
            )
            for store in data["stores"]
        ],
    )
    rest: list[tuple[str, object]] = [
        ("version", data["version"]),
        ("queue", _queue_words(data["queue"])),
        ("events", _event_words(data["events"])),
        ("unaccounted", _unaccounted_words(data["events"])),
        ("dead letters", _letter_words(data["deadLetters"])),
        ("tables", _tables_words(data["migration"])),
        ("geo", _geo_words(data["geo"])),
    ]
    return [stores, "", facts(rest)]


def _queue_words(queue: dict[str, int] | None) -> str:
    if queue is None:
        return "not known: Redis is away"
    if len(queue) == 1:
        return f"{sum(queue.values())} waiting"
    return ", ".join(f"{name}: {depth}" for name, depth in queue.items())


def _event_words(events: dict[str, Any] | None) -> str:
    if events is None:
        return "not known: Redis is away"
    ends = events["outcomes"]
    dropped = sum(number for name, number in ends.items() if name.startswith("dropped_"))
    numbers = {
        "accepted": events["accepted"],
        "stored": ends["stored"],
        "duplicate": ends["duplicate"],
        "dropped": dropped,
        "dead letters": ends["dead_letter"],
        "waiting": events["waiting"],
    }
    return ", ".join(f"{number} {name}" for name, number in numbers.items())


def _unaccounted_words(events: dict[str, Any] | None) -> str | None:
    if events is None:
        return None
    number = events["unaccounted"]
    return f"{number} events have no outcome, or two: see `trackerctl event outcomes`" if number else "none"


def _letter_words(letters: dict[str, Any] | None) -> str | None:
    if letters is None:
        return None
    return letters["warning"] or f"{letters['count']} of at most {letters['limit']}"


def _tables_words(migration: dict[str, Any] | None) -> str:
    if migration is None:
        return "not known: the config database is away"
    if migration["upToDate"]:
        return f"current, {migration['current']}"
    return f"at {migration['current'] or 'nothing'}, needs {migration['head']}; run `trackerctl db upgrade`"


def _geo_words(geo: dict[str, Any]) -> str:
    words = [geo["problem"]] if "problem" in geo else []
    if geo["database"]:
        words.append(f"{geo['database']} of {geo['built']:%Y-%m-%d}")
    if geo["header"]:
        words.append(f"header {geo['header']}")
    return ", else ".join(words) or "off"
