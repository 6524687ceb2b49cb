"""Dead letters: events that could not be stored, kept in Redis with the reason (decisions §9).

In Redis, because they must survive an outage of MongoDB. An entry's id follows from its event, so that an event that
dies twice is one entry. Errors are named by class and step: a message could hold what a visitor typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from tracker.queue import QueuedBatch
from tracker.stores.redis import AsyncRedis

_ENTRIES = "tracker:dlq:entries"
_BY_TIME = "tracker:dlq:times"
_UNREADABLE = "tracker:dlq:unreadable"


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
        pipe.hset(_ENTRIES, letter.id, msgspec.msgpack.encode(letter))
        pipe.zadd(_BY_TIME, {letter.id: letter.last_at})


async def keep_unreadable(redis: AsyncRedis, job_id: str, data: bytes) -> None:
    """Keep the bytes of a job that this program cannot read: a newer one may have written it."""
    await redis.hset(_UNREADABLE, mapping={job_id: data})  # type: ignore[misc]


async def count(redis: AsyncRedis) -> int:
    """How many there are."""
    return int(await redis.zcard(_BY_TIME))


async def newest(redis: AsyncRedis, limit: int = 100) -> list[DeadLetter]:
    """The latest ones first."""
    ids = await redis.zrevrange(_BY_TIME, 0, limit - 1)
    if not ids:
        return []
    rows = await redis.hmget(_ENTRIES, ids)  # type: ignore[misc]
    return [msgspec.msgpack.decode(row, type=DeadLetter) for row in rows if row]
