"""Dead letters as the worker leaves them, and what a server holds after something was done to them."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch, page_view
from tracker.deadletters import BY_TIME, ENTRIES, DeadLetter, letter_for
from tracker.queue import ACCEPTED, QueuedBatch, manifest_of

NOW = 1_800_000_000.0
DAY = 86_400.0


def a_letter(
    client: str = "client", event: dict[str, Any] | None = None, *, error: str = "store: WriteError 121", **more: Any
) -> DeadLetter:
    """A letter that failed for the last time at ``at``, after ``attempts`` tries."""
    batch = a_batch(client, event or page_view(), **more.pop("batch", {}))
    batch.events[0].attempt = more.pop("attempts", 3)
    batch.events[0].first_error_at = more.pop("first_at", NOW - 30)
    return letter_for(batch, error, batch.events[0].attempt, more.pop("at", NOW))


async def bury(redis: Redis, *letters: DeadLetter) -> list[DeadLetter]:
    """Keep letters, with the books as the worker's settlement leaves them."""
    async with redis.pipeline() as pipe:
        for letter in letters:
            pipe.hset(ENTRIES, letter.id, msgspec.msgpack.encode(letter))
            pipe.zadd(BY_TIME, {letter.id: letter.last_at})
        for client, number in Counter(letter.client_id for letter in letters).items():
            pipe.hincrby(ACCEPTED, client, number)
            pipe.hincrby(f"tracker:outcomes:{client}", "dead_letter", number)
        await pipe.execute()
    return list(letters)


async def newest(redis: Redis) -> list[DeadLetter]:
    """All letters of a server, the latest first."""
    ids = await redis.zrevrange(BY_TIME, 0, -1)
    rows = await redis.hmget(ENTRIES, ids) if ids else []  # type: ignore[misc]
    return [msgspec.msgpack.decode(row, type=DeadLetter) for row in rows]


async def keep_job(redis: Redis, *batches: QueuedBatch, data: bytes, timed: bool = True) -> str:
    """Keep a job that could not be read, with the books as the worker's settlement leaves them."""
    job_id = uuid4().hex
    async with redis.pipeline() as pipe:
        pipe.hset("tracker:dlq:unreadable", job_id, data)
        if timed:
            pipe.zadd("tracker:dlq:unreadable:times", {job_id: time.time()})
            pipe.hset("tracker:dlq:unreadable:manifests", job_id, manifest_of(batches))
        for batch in batches:
            pipe.hincrby(ACCEPTED, batch.client_id, len(batch.events))
            pipe.hincrby(f"tracker:outcomes:{batch.client_id}", "dropped_unreadable", len(batch.events))
        await pipe.execute()
    return job_id


async def dump(redis: Redis) -> dict[bytes, Any]:
    """Everything that a server holds."""
    return {key: await redis.dump(key) async for key in redis.scan_iter(count=1000)}


async def outcomes(redis: Redis, client: str = "client") -> dict[str, int]:
    """The outcomes of a client that are not 0."""
    found = await redis.hgetall(f"tracker:outcomes:{client}")
    return {name.decode(): int(number) for name, number in found.items() if int(number)}


def packed(letter: DeadLetter) -> bytes:
    return msgspec.msgpack.encode(letter)
