"""What is kept of an event that could not be stored, and where: Redis keys, the stored shape, writing (decisions §9).

====================================  ==================================================================================
``tracker:dlq:entries``               hash: id → MessagePack of a :class:`DeadLetter`
``tracker:dlq:times``                 sorted set: id by the time it failed last
``tracker:dlq:unreadable``            hash: job id → the bytes of a job that the program could not read
``tracker:dlq:unreadable:times``      sorted set: job id by the time that was found out
``tracker:dlq:unreadable:manifests``  hash: job id → whose events are in it, as the queue's manifest said
====================================  ==================================================================================

In Redis, because they must survive an outage of MongoDB: of each queue shard on the shard's own server, so that an
event moves between its queue and the dead letters in one atomic step. An entry's id follows from its event, so that an
event that dies twice is one entry. Errors are named by class and step: a message could hold what a visitor typed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from tracker.queue import QueuedBatch
from tracker.stores.redis import AsyncRedis

ENTRIES = "tracker:dlq:entries"
BY_TIME = "tracker:dlq:times"
UNREADABLE = "tracker:dlq:unreadable"
UNREADABLE_BY_TIME = "tracker:dlq:unreadable:times"
UNREADABLE_MANIFESTS = "tracker:dlq:unreadable:manifests"


class DeadLetter(msgspec.Struct, array_like=True):
    """One event with what was tried. Times are epoch seconds; ``batch`` holds just this event."""

    id: str
    kind: str
    client_id: str
    error: str
    attempts: int
    first_at: float
    last_at: float
    batch: QueuedBatch


def letter_for(batch: QueuedBatch, error: str, attempts: int, now: float) -> DeadLetter:
    """The dead letter of a batch with a single event."""
    event = batch.events[0]
    digest = sha256(f"{batch.client_id}\0{event.event_id}".encode()).hexdigest()[:24]
    return DeadLetter(digest, "event", batch.client_id, error, attempts, event.first_error_at or now, now, batch)


def add_to(pipe: Any, letters: Sequence[DeadLetter]) -> None:
    """Add the commands that keep these letters to a pipeline."""
    for letter in letters:
        pipe.hset(ENTRIES, letter.id, msgspec.msgpack.encode(letter))
        pipe.zadd(BY_TIME, {letter.id: letter.last_at})


async def keep_unreadable(redis: AsyncRedis, job_id: str, data: bytes, manifest: bytes | None = None) -> None:
    """Keep the bytes of a job that this program cannot read: a newer one may have written it.

    :param manifest: its entry in the queue's manifest, by which a replay can take its outcomes back.
    """
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hset(UNREADABLE, mapping={job_id: data})
        pipe.zadd(UNREADABLE_BY_TIME, {job_id: time.time()})
        if manifest is not None:
            pipe.hset(UNREADABLE_MANIFESTS, mapping={job_id: manifest})
        await pipe.execute()


async def count(redis: AsyncRedis) -> int:
    """How many events there are; jobs that could not be read are not among them."""
    return int(await redis.zcard(BY_TIME))


async def newest(redis: AsyncRedis, limit: int = 100) -> list[DeadLetter]:
    """The latest ones first."""
    ids = await redis.zrevrange(BY_TIME, 0, limit - 1)
    if not ids:
        return []
    rows = await redis.hmget(ENTRIES, ids)  # type: ignore[misc]
    return [msgspec.msgpack.decode(row, type=DeadLetter) for row in rows if row]
