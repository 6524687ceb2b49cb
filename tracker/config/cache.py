"""Configuration as the hot path sees it: in process, behind that in Redis, behind that the relational store.

A change replaces one random token in Redis, the *epoch*. Every process asks for it a few times a second and forgets
what it knew when it has changed; cached entries in Redis carry the epoch in their name, so that a slow reader that
writes what it read before the change writes where nobody looks any more. A revoked key is thus refused everywhere
within a second (decisions §4) though no request waits for Redis.

Redis holds *all* keys of an epoch. A key that is not among them is unknown, so that no flood of invented keys
reaches the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from uuid import uuid4

import msgspec
import structlog
from cachetools import LRUCache
from sqlalchemy import Engine

from tracker.config.read import load_client, load_keys
from tracker.config.records import ClientRecord, KeyRecord
from tracker.errors import SettingsError, UnavailableError
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.tasks import end

log = structlog.get_logger(__name__)

EPOCH_KEY = "tracker:config:epoch"
_COMPLETE = b"*"
# Kept far longer than it is fresh: while the database is away a stale answer beats none.
_REDIS_LIFE_SECONDS = 7 * 86_400
_LOCAL_ENTRIES = 20_000

Record = TypeVar("Record")


def bump_sync(settings: Settings) -> None:
    """Tell every process that the configuration changed (from blocking code).

    :raises UnavailableError: when Redis is away; the change then takes effect when the caches expire.
    """
    client = redis_store.connect_sync(settings)
    try:
        client.set(EPOCH_KEY, uuid4().hex)
    except RedisError as error:
        raise UnavailableError("Redis does not answer, so running processes were not told of the change") from error
    finally:
        client.close()


class _Entry(msgspec.Struct, Generic[Record], array_like=True):
    loaded_at: float
    record: Record | None


class ConfigCache:
    """Look-ups of keys and clients for one process.

    Call :meth:`start` inside the running loop, :meth:`close` at the end.
    """

    def __init__(self, redis: AsyncRedis, engine: Engine, settings: Settings) -> None:
        self._redis = redis
        self._engine = engine
        self._settings = settings
        self._epoch = ""
        self._stall = 2 * settings.cache_poll_seconds
        self._asked_at = float("-inf")
        self._away = False
        self._keys: LRUCache[str, _Entry[KeyRecord]] = LRUCache(_LOCAL_ENTRIES)
        self._clients: LRUCache[str, _Entry[ClientRecord]] = LRUCache(_LOCAL_ENTRIES)
        self._loading = asyncio.Lock()
        self._loaded: tuple[str, float, dict[str, KeyRecord]] = ("", 0.0, {})
        self._poller: asyncio.Task[None] | None = None
        self.on_change: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin to watch the epoch."""
        with contextlib.suppress(UnavailableError):
            await self._ask()
        self._poller = asyncio.create_task(self._poll())

    async def close(self) -> None:
        """Stop watching."""
        await end(self._poller)

    async def key(self, key_hash: str) -> KeyRecord | None:
        """The key with this SHA-256, ``None`` when there is none.

        :raises UnavailableError: when it is known nowhere near and the database is away.
        """
        if time.monotonic() - self._asked_at > self._stall:
            await self._ask_again()
        entry = self._keys.get(key_hash)
        if entry is None or self._is_old(entry.loaded_at):
            epoch = self._epoch
            entry = await self._key_entry(key_hash)
            # What was read before a change must not be kept after it.
            if epoch == self._epoch:
                self._keys[key_hash] = entry
        return entry.record

    async def client(self, client_id: str) -> ClientRecord | None:
        """The client with its active forms, ``None`` when there is none.

        :raises UnavailableError: when it is known nowhere near and the database is away.
        """
        if time.monotonic() - self._asked_at > self._stall:
            await self._ask_again()
        entry = self._clients.get(client_id)
        if entry is None or self._is_old(entry.loaded_at):
            epoch = self._epoch
            entry = await self._client_entry(client_id)
            if epoch == self._epoch:
                self._clients[client_id] = entry
        return entry.record

    # --- epoch ------------------------------------------------------------------------------------------------------

    async def _ask_again(self) -> None:
        """The poller makes this needless, but for a stall of the loop: the promise of one second holds then too.

        Not while Redis is away: one that hangs would keep every request waiting, for what the poller waits for already.
        """
        if self._away:
            return
        with contextlib.suppress(UnavailableError):
            await self._ask()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._settings.cache_poll_seconds)
            with contextlib.suppress(UnavailableError):
                await self._ask()

    async def _ask(self) -> None:
        try:
            epoch = ((await self._redis.get(EPOCH_KEY)) or b"0").decode()
        except RedisError as error:
            # Ingest answers 503 by itself while Redis is away; config and pages go on with what is known.
            self._asked_at = time.monotonic()
            self._away = True
            raise UnavailableError("Redis does not answer", retry_after=2) from error
        self._asked_at = time.monotonic()
        self._away = False
        if epoch != self._epoch:
            self._epoch = epoch
            self._keys.clear()
            self._clients.clear()
            for notify in self.on_change:
                notify()

    def _is_old(self, loaded_at: float) -> bool:
        return time.time() - loaded_at > self._settings.cache_ttl_seconds

    # --- keys -------------------------------------------------------------------------------------------------------

    def _keys_name(self) -> str:
        return f"tracker:config:{self._epoch}:keys"

    async def _key_entry(self, key_hash: str) -> _Entry[KeyRecord]:
        entry = await self._cached_key(key_hash)
        if entry is not None and not self._is_old(entry.loaded_at):
            return entry
        async with self._loading:
            entry = await self._cached_key(key_hash) or self._loaded_key(key_hash)
            if entry is not None and not self._is_old(entry.loaded_at):
                return entry
            return await self._or_stale(lambda: self._load_keys(key_hash), entry or self._keys.get(key_hash))

    async def _cached_key(self, key_hash: str) -> _Entry[KeyRecord] | None:
        try:
            data, loaded_at = await self._redis.hmget(self._keys_name(), [key_hash, _COMPLETE])  # type: ignore[misc]
        except RedisError:
            return None
        if loaded_at is None:
            return None
        record = msgspec.msgpack.decode(data, type=KeyRecord) if data else None
        return _Entry(float(loaded_at), record)

    def _loaded_key(self, key_hash: str) -> _Entry[KeyRecord] | None:
        """From what this process loaded last, where Redis could not keep it: unknown keys must not load it again."""
        epoch, loaded_at, keys = self._loaded
        return _Entry(loaded_at, keys.get(key_hash)) if epoch == self._epoch else None

    async def _load_keys(self, key_hash: str) -> _Entry[KeyRecord]:
        epoch, name, now = self._epoch, self._keys_name(), time.time()
        keys = await asyncio.to_thread(load_keys, self._engine)
        self._loaded = (epoch, now, keys)
        mapping: dict[str | bytes, Any] = {digest: msgspec.msgpack.encode(record) for digest, record in keys.items()}
        mapping[_COMPLETE] = repr(now)
        with contextlib.suppress(RedisError):
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.delete(name)
                pipe.hset(name, mapping=mapping)
                pipe.expire(name, _REDIS_LIFE_SECONDS)
                await pipe.execute()
        return _Entry(now, keys.get(key_hash))

    # --- clients ----------------------------------------------------------------------------------------------------

    async def _client_entry(self, client_id: str) -> _Entry[ClientRecord]:
        name = f"tracker:config:{self._epoch}:client:{client_id}"
        entry = await self._cached_client(name)
        if entry is not None and not self._is_old(entry.loaded_at):
            return entry
        return await self._or_stale(lambda: self._load_client(name, client_id), entry or self._clients.get(client_id))

    async def _cached_client(self, name: str) -> _Entry[ClientRecord] | None:
        try:
            data = await self._redis.get(name)
        except RedisError:
            return None
        return msgspec.msgpack.decode(data, type=_Entry[ClientRecord]) if data else None

    async def _load_client(self, name: str, client_id: str) -> _Entry[ClientRecord]:
        now = time.time()
        entry = _Entry(now, await asyncio.to_thread(load_client, self._engine, client_id))
        with contextlib.suppress(RedisError):
            await self._redis.set(name, msgspec.msgpack.encode(entry), ex=_REDIS_LIFE_SECONDS)
        return entry

    async def _or_stale(
        self, load: Callable[[], Awaitable[_Entry[Record]]], stale: _Entry[Record] | None
    ) -> _Entry[Record]:
        try:
            return await load()
        except (UnavailableError, SettingsError) as error:
            if stale is None:
                raise UnavailableError("the configuration cannot be read now", retry_after=5) from error
            log.warning("config_database_away", serving="what was known")
            # Counts as fresh for a while, so that an outage does not cost a connection attempt per request.
            return _Entry(time.time() - self._settings.cache_ttl_seconds + 5, stale.record)
