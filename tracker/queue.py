"""The only producer of arq jobs: what is in them, how they are written, which queue they go to (decisions §8).

arq's own ``enqueue_job`` pickles, lets payloads expire after a day and takes three round trips. Here a job is written
in its key layout by one atomic call, without any expiry: an acknowledged event may wait for as long as an outage lasts.

The same call enters its events into the books (decisions §9; `tracker.accounts` reads them):

====================== ===============================================================================================
``tracker:accepted``   hash, client → events that were acknowledged
``tracker:waiting``    hash, client → events in jobs that nobody has settled
``tracker:manifest:N`` hash of queue N, job → whose events are in it and how many; it comes and goes with the job
====================== ===============================================================================================
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4
from zlib import crc32

import msgspec
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import serialize_job
from redis.commands.core import AsyncScript
from redis.exceptions import NoScriptError

from tracker.stores.redis import AsyncRedis

PROCESS_EVENTS = "process_events"
ACCEPTED = "tracker:accepted"
WAITING = "tracker:waiting"
# Through a script a large job costs Redis three times as much as by a plain SET: measured, 530 µs and 200 µs for 98 KB.
# A small one costs the API a third less by one command than by a MULTI.
_MAX_SCRIPT_BYTES = 16 * 1024
# A result key is never written (keep_result=0), and cron jobs are the only ones that arq enqueues by itself.
CRON_EXPIRY_MS = 3_600_000
MAX_USER_AGENT_CHARS = 512


class QueuedEvent(msgspec.Struct, array_like=True):
    """One accepted event: its id (the browser's, or one given at the edge) and its JSON as it came.

    ``attempt`` counts the failed tries before this one, ``kills`` the workers that died over it, ``timeouts`` the jobs
    with it that ran into their time limit, ``replays`` how often it came back from the dead letters.
    """

    event_id: str
    data: bytes
    attempt: int = 0
    kills: int = 0
    first_error_at: float | None = None
    timeouts: int = 0
    replays: int = 0


class QueuedBatch(msgspec.Struct, array_like=True):
    """The accepted events of one request with what only the edge knows.

    Times are epoch seconds. ``ip_address`` is anonymised before it gets here, so that no store ever holds a whole one;
    ``country`` (ISO 3166-1, two letters), ``region`` (ISO 3166-2 without the country) and ``city`` were looked up
    before that. ``server``: sent with a secret key, so that address and user agent are a server's and not a visitor's.
    ``no_token``: the client prefers site tokens, and the request had no valid one.

    Written as an array: fields are only ever added at the end, with defaults, so that jobs of before can be read.
    """

    client_id: str
    test: bool
    received_at: float
    sent_at: float | None
    ip_address: str | None
    user_agent: str | None
    country: str | None
    events: list[QueuedEvent]
    server: bool = False
    region: str | None = None
    city: str | None = None
    no_token: bool = False

    @property
    def geo(self) -> dict[str, str] | None:
        """``geo`` as it is stored (technical design §2.4): what is known of country, region and city, if anything."""
        if self.country is None and self.city is None and self.region is None:
            return None
        known = (("country", self.country), ("region", self.region), ("city", self.city))
        return {name: value for name, value in known if value}


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


def manifest_name(shard: int) -> str:
    """Name of the hash that says of each job of a shard's queue whose events are in it."""
    return f"tracker:manifest:{shard}"


def manifest_of(batches: Iterable[QueuedBatch]) -> bytes:
    """A job's entry in the manifest: msgpack of ``[client, events, client, events, …]``."""
    numbers: dict[str, int] = {}
    for batch in batches:
        numbers[batch.client_id] = numbers.get(batch.client_id, 0) + len(batch.events)
    return _manifest_encoder.encode([part for pair in numbers.items() for part in pair])


_manifest_encoder = msgspec.msgpack.Encoder()

# The first command may be refused by a full Redis, and then nothing was written.
# KEYS: job, queue, manifest, accepted, waiting. ARGV: job's id, due in ms, its entry in the manifest, and the job where
# it is not stored beside the script.
_ENQUEUE = """
local events = cmsgpack.unpack(ARGV[3])
if ARGV[4] then redis.call('SET', KEYS[1], ARGV[4]) end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
for i = 1, #events, 2 do
  redis.call('HINCRBY', KEYS[4], events[i], events[i + 1])
  redis.call('HINCRBY', KEYS[5], events[i], events[i + 1])
end
"""
# KEYS: count of starts.
_FORGET_START = "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DECR', KEYS[1]) end"


class NewJob(NamedTuple):
    """A job as it will stand in Redis; ``due`` in epoch milliseconds."""

    job_id: str
    due: int
    data: bytes
    manifest: bytes


def new_job(batches: Sequence[QueuedBatch], delay: float = 0.0) -> NewJob:
    """A job of these batches, due in ``delay`` seconds."""
    now_ms = int(time.time() * 1000)
    data = serialize_job(PROCESS_EVENTS, (encode_batches(batches),), {}, None, now_ms, serializer=serialize)
    return NewJob(uuid4().hex, now_ms + int(delay * 1000), data, manifest_of(batches))


class QueueProducer:
    """Writes jobs to one shard."""

    def __init__(self, redis: AsyncRedis, shard: int) -> None:
        self.name = queue_name(shard)
        self.manifest = manifest_name(shard)
        self._redis = redis
        self._enqueue: AsyncScript = redis.register_script(_ENQUEUE)

    async def enqueue(self, batches: Sequence[QueuedBatch]) -> None:
        """Store newly accepted batches as one job; when this returns the events are in Redis and in the books.

        :raises redis.exceptions.RedisError: when they may not be.
        """
        job = new_job(batches)
        keys = [job_key_prefix + job.job_id, self.name, self.manifest, ACCEPTED, WAITING]
        args: list[Any] = [job.job_id, job.due, job.manifest]
        if len(job.data) <= _MAX_SCRIPT_BYTES:
            await self._enqueue(keys=keys, args=[*args, job.data])
            return
        try:
            await self._enqueue_beside(job, keys, args)
        except NoScriptError:
            # A restarted Redis. The MULTI has stored the job where no queue names it, and stores it there again.
            await self._redis.script_load(_ENQUEUE)
            await self._enqueue_beside(job, keys, args)

    async def _enqueue_beside(self, job: NewJob, keys: list[str], args: list[Any]) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(keys[0], job.data)
            pipe.evalsha(self._enqueue.sha, len(keys), *keys, *args)
            await pipe.execute()

    def add_to(self, pipe: Any, batches: Sequence[QueuedBatch], *, delay: float = 0.0) -> str:
        """Add the commands that store events once more, due in ``delay`` seconds, to a MULTI; returns the job's id.

        For events that were accepted before and have left the queue since, as a dead letter that is replayed: they wait
        again. Whoever adds them takes the outcome back that they had, in the same MULTI.
        """
        job = new_job(batches, delay)
        pipe.set(job_key_prefix + job.job_id, job.data)
        pipe.zadd(self.name, {job.job_id: job.due})
        pipe.hset(self.manifest, job.job_id, job.manifest)
        for batch in batches:
            pipe.hincrby(WAITING, batch.client_id, len(batch.events))
        return job.job_id


async def forget_start(redis: AsyncRedis, job_id: str) -> None:
    """Take back arq's count of one start, so that what remains counts the starts that ended with a dead worker.

    An outage or an orderly stop is not the job's fault (decisions §9: outages spend no tries). A job that is settled
    has no count any more, and gets none.
    """
    await redis.eval(_FORGET_START, 1, retry_key_prefix + job_id)  # type: ignore[misc]


async def renew_leases(redis: AsyncRedis, job_ids: Iterable[str], lease_seconds: float) -> None:
    """Prolong a worker's hold on its jobs."""
    async with redis.pipeline(transaction=False) as pipe:
        for job_id in job_ids:
            pipe.pexpire(in_progress_key_prefix + job_id, int(lease_seconds * 1000))
        await pipe.execute()
