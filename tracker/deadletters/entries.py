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

from hashlib import sha256

import msgspec

from tracker.queue import QueuedBatch

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
