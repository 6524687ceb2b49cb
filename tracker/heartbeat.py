"""Signs of life of workers, for people who want to know how many run.

Each worker process leaves a description of itself in Redis that expires unless it is renewed, and its id in a set, so
that one that ended without saying so (killed, out of memory, a machine that went down) can be told from one that was
stopped. Nothing of the pipeline depends on it: a Redis that is away costs a beat and nothing else.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import msgspec

from tracker import __version__
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.tasks import end

BEAT_SECONDS = 3.0
"""Between two signs; three are missed before a worker counts as gone."""

WORKERS = "tracker:workers"
_BEAT = "tracker:worker:beat:"
_REMEMBERED_SECONDS = 3600.0


class WorkerBeat(msgspec.Struct, rename="camel"):
    """What a worker says of itself.

    :ivar started_at: epoch seconds, by the worker's own clock.
    :ivar running: jobs of events in its hands now.
    :ivar done: jobs of events that it has finished.
    :ivar picking: false while a store is away, or while it stops.
    """

    worker_id: str
    host: str
    pid: int
    version: str
    started_at: float
    running: int
    done: int
    picking: bool


class Workers(msgspec.Struct, rename="camel"):
    """The workers that give signs of life, and how many went without a word within the last hour."""

    alive: list[WorkerBeat]
    vanished: int


class Pulse:
    """One worker's signs of life.

    :param look: tells jobs running, jobs done and whether the worker picks jobs.
    """

    def __init__(self, redis: AsyncRedis, look: Callable[[], tuple[int, int, bool]]) -> None:
        self._redis = redis
        self._look = look
        self._id = uuid4().hex
        self._started_at = time.time()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Give the first sign, and go on."""
        await self._beat()
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Leave in order."""
        await end(self._task)
        with suppress(RedisError, OSError):
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.zrem(WORKERS, self._id)
                pipe.delete(_BEAT + self._id)
                await pipe.execute()

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        running, done, picking = self._look()
        beat = WorkerBeat(
            self._id, socket.gethostname(), os.getpid(), __version__, self._started_at, running, done, picking
        )
        now = time.time()
        with suppress(RedisError, OSError):
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.set(_BEAT + self._id, msgspec.json.encode(beat), px=int(3 * BEAT_SECONDS * 1000))
                pipe.zadd(WORKERS, {self._id: now})
                pipe.zremrangebyscore(WORKERS, "-inf", now - _REMEMBERED_SECONDS)
                await pipe.execute()


async def read_workers(redis: AsyncRedis) -> Workers:
    """The workers of an installation, the one that runs the longest first.

    :param redis: of ``redis_url``.
    :raises redis.exceptions.RedisError: when it is away.
    """
    ids = [name.decode() for name in await redis.zrange(WORKERS, 0, -1)]
    if not ids:
        return Workers([], 0)
    signs = await redis.mget([_BEAT + name for name in ids])
    alive = [msgspec.json.decode(sign, type=WorkerBeat) for sign in signs if sign is not None]
    return Workers(sorted(alive, key=lambda beat: beat.started_at), sum(sign is None for sign in signs))
