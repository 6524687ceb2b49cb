"""Keeps the last part of Redis' memory for the workers.

A Redis that is full to the brim refuses writes, also those by which a worker claims a job: nothing would ever be
drained again. So senders are refused a little earlier.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from tracker.stores.redis import AsyncRedis, RedisError
from tracker.tasks import end

log = structlog.get_logger(__name__)

# In a tenth of a second even the fastest senders fill no tenth of a server that deserves the name.
_LOOK_SECONDS = 0.1


class Headroom:
    """Watches one Redis server.

    :param ratio: the part of ``maxmemory`` that senders must leave.
    :ivar used_up: senders are to be refused now; false for a server without ``maxmemory``, or as long as it is unknown.
    """

    def __init__(self, redis: AsyncRedis, ratio: float) -> None:
        self._redis = redis
        self._ratio = ratio
        self._task: asyncio.Task[None] | None = None
        self.used_up = False

    async def start(self) -> None:
        """Look now, and again ten times a second until :meth:`close`."""
        await self.look()
        self._task = asyncio.create_task(self._watch())

    async def look(self) -> None:
        """Ask how much is used; without an answer what was known stays."""
        with suppress(RedisError, OSError):
            memory = await self._redis.info("memory")
            most = int(memory.get("maxmemory", 0))
            used_up = most > 0 and int(memory["used_memory"]) > most * (1 - self._ratio)
            if used_up and not self.used_up:
                log.warning("queue_full", used=memory["used_memory"], maxmemory=most)
            self.used_up = used_up

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            await end(self._task)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()
