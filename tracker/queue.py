"""The only producer of arq jobs: what is in them, how they are written, which queue they go to (decisions §8).

arq's own ``enqueue_job`` pickles, lets payloads expire after a day and takes three round trips. Here a job is written
in its key layout by one MULTI, without any expiry: an acknowledged event may wait for as long as an outage lasts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4
from zlib import crc32

import msgspec
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import serialize_job

from tracker.stores.redis import AsyncRedis

PROCESS_EVENTS = "process_events"
# A result key is never written (keep_result=0), and cron jobs are the only ones that arq enqueues by itself.
CRON_EXPIRY_MS = 3_600_000


class QueuedEvent(msgspec.Struct, array_like=True):
    """One accepted event: its id (the browser's, or one given at the edge) and its JSON as it came.

    ``attempt`` counts the failed tries before this one, ``kills`` the workers that died over it.
    """

    event_id: str
    data: bytes
    attempt: int = 0
    kills: int = 0
    first_error_at: float | None = None


class QueuedBatch(msgspec.Struct, array_like=True):
    """The accepted events of one request with what only the edge knows.

    Times are epoch seconds. ``ip_address`` is anonymised before it gets here, so that no store ever holds a whole one.
    """

    client_id: str
    test: bool
    received_at: float
    sent_at: float | None
    ip_address: str | None
    user_agent: str | None
    country: str | None
    events: list[QueuedEvent]


class Payload:
    """A job's argument on its way out of Redis: bytes that no log line can show.

    arq logs ``repr()`` of every argument, and arguments are personal data.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __repr__(self) -> str:
        return f"<{len(self.data)} bytes>"


_batches_encoder = msgspec.msgpack.Encoder()
_batches_decoder = msgspec.msgpack.Decoder(list[QueuedBatch])


def encode_batches(batches: Sequence[QueuedBatch]) -> bytes:
    """The argument of a ``process_events`` job."""
    return _batches_encoder.encode(batches)


def decode_batches(data: bytes) -> list[QueuedBatch]:
    """The inverse of :func:`encode_batches`.

    :raises msgspec.DecodeError: when the bytes are of another program.
    """
    return _batches_decoder.decode(data)


def serialize(job: dict[str, Any]) -> bytes:
    """arq's job serializer: msgpack instead of pickle."""
    args = tuple(arg.data if isinstance(arg, Payload) else arg for arg in job.get("a", ()))
    return msgspec.msgpack.encode({**job, "a": args})


def deserialize(data: bytes) -> dict[str, Any]:
    """arq's job deserializer; byte arguments come out as :class:`Payload`."""
    try:
        job: dict[str, Any] = msgspec.msgpack.decode(data)
        job["a"] = tuple(Payload(arg) if isinstance(arg, bytes) else arg for arg in job["a"])
    except (msgspec.DecodeError, LookupError, TypeError):
        # arq deletes what it cannot read. As a job of ours it ends in the dead letters instead.
        return {"t": None, "f": PROCESS_EVENTS, "a": (Payload(data),), "k": {}, "et": 0}
    return job


def queue_name(shard: int) -> str:
    """Name of a shard's queue (a sorted set of job ids by the time they are due)."""
    return f"tracker:queue:{shard}"


def shard_of(client_id: str, shards: int) -> int:
    """The shard that a client's events go to: stable, so that a client's leads meet in few transactions."""
    return crc32(client_id.encode()) % shards if shards > 1 else 0


class QueueProducer:
    """Writes jobs to one shard."""

    def __init__(self, redis: AsyncRedis, shard: int) -> None:
        self._redis = redis
        self.name = queue_name(shard)

    async def enqueue(self, batches: Sequence[QueuedBatch]) -> None:
        """Store one job; when this returns the events are in Redis.

        :raises redis.exceptions.RedisError: when they may not be.
        """
        async with self._redis.pipeline(transaction=True) as pipe:
            self.add_to(pipe, batches)
            await pipe.execute()

    def add_to(self, pipe: Any, batches: Sequence[QueuedBatch], *, delay: float = 0.0) -> str:
        """Add the commands that store one job, due in ``delay`` seconds, to a pipeline; returns the job's id."""
        now_ms = int(time.time() * 1000)
        job_id = uuid4().hex
        job = serialize_job(PROCESS_EVENTS, (encode_batches(batches),), {}, None, now_ms, serializer=serialize)
        pipe.set(job_key_prefix + job_id, job)
        pipe.zadd(self.name, {job_id: now_ms + int(delay * 1000)})
        return job_id


async def forget_start(redis: AsyncRedis, job_id: str) -> None:
    """Take back arq's count of one start, so that what remains counts the starts that ended with a dead worker.

    An outage or an orderly stop is not the job's fault (decisions §9: outages spend no tries).
    """
    await redis.decr(retry_key_prefix + job_id)


async def renew_leases(redis: AsyncRedis, job_ids: Iterable[str], lease_seconds: float) -> None:
    """Prolong a worker's hold on its jobs."""
    async with redis.pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.pexpire(in_progress_key_prefix + job_id, int(lease_seconds * 1000))
        await pipe.execute()
