"""Ends the transactions of workers that died.

MongoDB keeps the transaction of a client that is gone open for a minute, and what it wrote locked: every other worker
that takes over the dead one's events would run into it for that long. So each worker leaves the id of its session in
Redis, with a sign of life beside it; who finds a session without one kills it, which ends its transaction at once.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

import structlog
from bson import decode, encode
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from tracker.stores.redis import AsyncRedis, RedisError
from tracker.tasks import end

log = structlog.get_logger(__name__)

_SESSIONS = "tracker:worker:sessions"


def _alive(worker_id: str) -> str:
    return f"tracker:worker:alive:{worker_id}"


class SessionRegistry:
    """One worker's entry, and its eye on the others'.

    :param lease_seconds: without a sign of life for this long a worker counts as dead.
    """

    def __init__(self, redis: AsyncRedis, client: AsyncMongoClient[dict[str, Any]], lease_seconds: float) -> None:
        self._redis = redis
        self._client = client
        self._lease = lease_seconds
        self._id = uuid4().hex
        self._task: asyncio.Task[None] | None = None

    async def start(self, session_id: Any) -> None:
        """Register this worker's session and watch from now on; an outage of Redis now is made up for later."""
        entry = encode({"lsid": session_id})
        with suppress(RedisError, OSError):
            await self._look(entry)
        self._task = asyncio.create_task(self._watch(entry))

    async def close(self) -> None:
        """Leave in order: there is nothing to end."""
        await end(self._task)
        with suppress(RedisError, OSError):
            await self._redis.hdel(_SESSIONS, self._id)  # type: ignore[misc]
            await self._redis.delete(_alive(self._id))

    async def _watch(self, entry: bytes) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            with suppress(RedisError, OSError):
                await self._look(entry)

    async def _look(self, entry: bytes) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_SESSIONS, mapping={self._id: entry})
            pipe.set(_alive(self._id), b"1", px=int(self._lease * 1000))
            pipe.hgetall(_SESSIONS)
            *_, entries = await pipe.execute()
        others = {name.decode(): value for name, value in entries.items() if name.decode() != self._id}
        if not others:
            return
        signs = await self._redis.mget([_alive(name) for name in others])
        for (name, value), sign in zip(others.items(), signs, strict=True):
            if sign is None:
                await self._end(name, value)

    async def _end(self, name: str, entry: bytes) -> None:
        try:
            await self._client.admin.command("killSessions", [decode(entry)["lsid"]])
        except PyMongoError as error:
            # MongoDB ends it by itself after a minute; next time again, in case it was only away.
            log.warning("orphan_not_ended", error=type(error).__name__)
            return
        await self._redis.hdel(_SESSIONS, name)  # type: ignore[misc]
        log.info("orphan_ended")
