"""Which stores answer, what they are, and how much waits in the queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from pymongo import AsyncMongoClient
from sqlalchemy import text

from tracker.queue import queue_name
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.relational import create_engine

_PATIENCE_SECONDS = 3.0
_FRESH_SECONDS = 1.0


class _UnfitError(Exception):
    """A store that answers and yet cannot do its work; the text says why."""


class StoreHealth(msgspec.Struct, rename="camel"):
    """One store's state; ``detail`` says what is wrong without naming hosts or credentials."""

    name: str
    ok: bool
    detail: str = ""
    version: str = ""
    latency_ms: float = 0.0


async def check_stores(settings: Settings) -> list[StoreHealth]:
    """Ask all three stores at once: ``config``, ``mongodb``, ``redis``."""
    checks: dict[str, Callable[[Settings], Awaitable[tuple[str, str]]]] = {
        "config": _check_config,
        "mongodb": _check_mongodb,
        "redis": _check_redis,
    }
    return list(await asyncio.gather(*(_check(name, check(settings)) for name, check in checks.items())))


class HealthWatch:
    """Looks at most once a second: strangers may ask, and each look opens connections to all stores."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._looking = asyncio.Lock()
        self._seen: list[StoreHealth] = []
        self._seen_at = float("-inf")

    async def look(self) -> list[StoreHealth]:
        """The stores as they are, or were a moment ago."""
        async with self._looking:
            if time.monotonic() - self._seen_at > _FRESH_SECONDS:
                self._seen = await check_stores(self._settings)
                self._seen_at = time.monotonic()
            return self._seen


async def queue_depth(settings: Settings) -> dict[str, int]:
    """Jobs that wait or run, by queue.

    :raises redis.exceptions.RedisError: when Redis is away.
    """
    depths: dict[str, int] = {}
    for shard, url in enumerate(redis_store.queue_urls(settings)):
        redis = redis_store.connect(settings, url)
        try:
            depths[queue_name(shard)] = int(await redis.zcard(queue_name(shard)))
        finally:
            await redis_store.close(redis)
    return depths


async def _check(name: str, check: Awaitable[tuple[str, str]]) -> StoreHealth:
    started = time.perf_counter()
    try:
        version, detail = await asyncio.wait_for(check, _PATIENCE_SECONDS)
    except _UnfitError as error:
        return StoreHealth(name, ok=False, detail=str(error))
    except Exception as error:
        return StoreHealth(name, ok=False, detail=f"does not answer ({type(error).__name__})")
    latency = round((time.perf_counter() - started) * 1000, 1)
    return StoreHealth(name, ok=True, detail=detail, version=version, latency_ms=latency)


async def _check_config(settings: Settings) -> tuple[str, str]:
    def ask() -> tuple[str, str]:
        engine = create_engine(settings)
        try:
            with engine.connect() as connection:
                sqlite = engine.dialect.name == "sqlite"
                query = "select sqlite_version()" if sqlite else "select version()"
                version = str(connection.execute(text(query)).scalar())
                return f"{'SQLite' if sqlite else 'MariaDB'} {version.split('-')[0]}", ""
        finally:
            engine.dispose()

    return await asyncio.to_thread(ask)


async def _check_mongodb(settings: Settings) -> tuple[str, str]:
    milliseconds = int(_PATIENCE_SECONDS * 800)
    connection: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        settings.mongodb_url, serverSelectionTimeoutMS=milliseconds, connectTimeoutMS=milliseconds
    )
    async with connection as client:
        info = await client.server_info()
        hello = await client.admin.command("hello")
    detail = "" if hello.get("setName") or hello.get("msg") == "isdbgrid" else "no replica set: no transactions"
    return f"MongoDB {info['version']}", detail


async def _check_redis(settings: Settings) -> tuple[str, str]:
    """All of them: a shard that is away refuses the events of its clients.

    :raises _UnfitError: when one takes no events now.
    """
    version, details = "", []
    for url in dict.fromkeys((settings.redis_url, *redis_store.queue_urls(settings))):
        redis = redis_store.connect(settings, url)
        try:
            info = await redis.info()
        finally:
            await redis_store.close(redis)
        if reason := _refuses_events(info, settings.queue_headroom_ratio):
            raise _UnfitError(f"takes no events: {reason}")
        version = version or f"Redis {info['redis_version']}"
        details += [detail for detail in _redis_warnings(info) if detail not in details]
    return version, "; ".join(details)


def _refuses_events(info: dict[str, Any], headroom: float) -> str:
    """Why events are refused though Redis answers; empty when they are not. ``INFO`` itself is never refused."""
    most = info.get("maxmemory", 0)
    if info.get("loading"):
        return "it is still reading its file"
    if info.get("aof_enabled") and info.get("aof_last_write_status", "ok") != "ok":
        return "it cannot write its append-only file, is the disk full?"
    if most and info["used_memory"] > most * (1 - headroom) and info.get("maxmemory_policy") == "noeviction":
        return "its memory is full (maxmemory)"
    if info.get("role") == "slave":
        return "it is a replica"
    return ""


def _redis_warnings(info: dict[str, Any]) -> list[str]:
    warnings = []
    if not info.get("aof_enabled"):
        warnings.append("AOF is off: a restart of Redis loses events")
    if info.get("maxmemory_policy", "noeviction") != "noeviction":
        warnings.append("maxmemory-policy is not noeviction: events may be evicted")
    return warnings
