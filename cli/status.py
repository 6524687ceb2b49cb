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

app = Noun()

_NAMES = {"config": "TRACKER_CONFIG_DB_URL", "mongodb": "TRACKER_MONGODB_URL", "redis": "TRACKER_REDIS_URL"}


@app.command("status")
async def status() -> None:
    """Show whether each store answers, how much waits in the queue, and whether the tables are current.

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
    migration = await asyncio.to_thread(_migration, context) if answers.get("config") else None
    well = all(answers.values()) and queue is not None and migration is not None and migration["upToDate"]
    data = {"ok": well, "version": __version__, "stores": stores, "queue": queue, "migration": migration}
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


def _migration(context: Context) -> dict[str, Any] | None:
    from tracker import migrate

    try:
        revision, head = migrate.current(context.engine), migrate.head()
    except TrackerError:
        return None
    return {"current": revision, "head": head, "upToDate": revision == head}


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
        ("tables", _tables_words(data["migration"])),
    ]
    return [stores, "", facts(rest)]


def _queue_words(queue: dict[str, int] | None) -> str:
    if queue is None:
        return "not known: Redis is away"
    if len(queue) == 1:
        return f"{sum(queue.values())} waiting"
    return ", ".join(f"{name}: {depth}" for name, depth in queue.items())


def _tables_words(migration: dict[str, Any] | None) -> str:
    if migration is None:
        return "not known: the config database is away"
    if migration["upToDate"]:
        return f"current, {migration['current']}"
    return f"at {migration['current'] or 'nothing'}, needs {migration['head']}; run `trackerctl db upgrade`"
