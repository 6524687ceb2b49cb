"""Settles a job exactly once: its outcomes, retries and dead letters, and its end, in one atomic step (decisions §9).

A job may be delivered to several workers, one after the other or at the same time, and each of them processes it. The
first that settles it removes the job and enters what became of each event; all others find the job gone and change
nothing. So every accepted copy of an event gets one outcome, whichever workers die and whichever leases are lost.

The books balance by construction and are checked by comparison: ``tracker:waiting`` goes down by what the job's entry
in the manifest says, which was written when the job was; ``tracker:outcomes:<client>`` goes up by what the pipeline
says. An event that the pipeline forgot is the difference, for ever (`tracker.accounts`).

A dead letter is a waiting room: the outcome ``dead_letter`` is taken back when the letter is replayed or deleted.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import structlog
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from redis.commands.core import AsyncScript

from tracker.deadletters import (
    BY_TIME,
    ENTRIES,
    UNREADABLE,
    UNREADABLE_BY_TIME,
    UNREADABLE_MANIFESTS,
    DeadLetter,
    letter_for,
)
from tracker.pipeline.batch import Failure, Prepared
from tracker.pipeline.outcome import Outcome
from tracker.privacy.stripped import note_stripped
from tracker.queue import ACCEPTED, WAITING, NewJob, QueuedBatch, QueuedEvent, QueueProducer, new_job
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

_encoder = msgspec.msgpack.Encoder()

OUTCOMES = "tracker:outcomes:"
SUSPECT = "tracker:suspect:"

# All is unpacked before the first write: an error later would leave half of it. The first write is a DEL, which a full
# Redis takes, and with it the rest of the script; settling is what makes room.
# KEYS: job, count of starts, hold, suspect's marker, queue, manifest, accepted, waiting, letters, letters by time,
# unreadable jobs, by time, their entries in the manifest. ARGV: job's id, prefix of the outcomes, outcomes (msgpack),
# number of new jobs, number of letters, the four parts of each job, the six of each letter, and bytes to keep with the
# time if there are any. (This msgpack knows no binary.)
_SETTLE = """
local held = redis.call('HGET', KEYS[6], ARGV[1])
local events, outcomes = held and cmsgpack.unpack(held) or {}, cmsgpack.unpack(ARGV[3])
local letters = 6 + 4 * ARGV[4]
local kept = letters + 6 * ARGV[5]
local inside = {}
for i = 6, letters - 1, 4 do inside[i] = cmsgpack.unpack(ARGV[i + 3]) end

if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
for i = 1, #events, 2 do redis.call('HINCRBY', KEYS[8], events[i], -events[i + 1]) end

local function ends(client, outcome, number)
  redis.call('HINCRBY', ARGV[2] .. client, outcome, number)
  -- A job of a version that kept no books enters them when it leaves.
  if not held then redis.call('HINCRBY', KEYS[7], client, number) end
end
for i = 1, #outcomes, 3 do ends(outcomes[i], outcomes[i + 1], outcomes[i + 2]) end
for i = 6, letters - 1, 4 do
  local id, due, job, manifest = unpack(ARGV, i, i + 3)
  redis.call('SET', 'arq:job:' .. id, job)
  redis.call('ZADD', KEYS[5], due, id)
  redis.call('HSET', KEYS[6], id, manifest)
  for n = 1, #inside[i], 2 do
    redis.call('HINCRBY', KEYS[8], inside[i][n], inside[i][n + 1])
    if not held then redis.call('HINCRBY', KEYS[7], inside[i][n], inside[i][n + 1]) end
  end
end
for i = letters, kept - 1, 6 do
  local id, client, last_at, fresh, known, merged = unpack(ARGV, i, i + 5)
  local there = redis.call('HGET', KEYS[9], id)
  if not there then
    redis.call('HSET', KEYS[9], id, fresh)
  elseif there == known then
    redis.call('HSET', KEYS[9], id, merged)
  end
  redis.call('ZADD', KEYS[10], last_at, id)
  ends(client, there and 'duplicate' or 'dead_letter', 1)
end
if ARGV[kept] then
  redis.call('HSET', KEYS[11], ARGV[1], ARGV[kept])
  redis.call('ZADD', KEYS[12], ARGV[kept + 1], ARGV[1])
  if held then redis.call('HSET', KEYS[13], ARGV[1], held) end
  for i = 1, #events, 2 do ends(events[i], 'dropped_unreadable', events[i + 1]) end
end
return 1
"""


# Ends a job whose bytes are gone from Redis: an eviction, a deleted key. No outcome is known, so none is entered.
# KEYS: job, count of starts, hold, suspect's marker, queue, manifest, waiting. ARGV: job's id.
_WRITE_OFF = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local held = redis.call('HGET', KEYS[6], ARGV[1])
local events = held and cmsgpack.unpack(held) or {}
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
local lost = 0
for i = 1, #events, 2 do
  redis.call('HINCRBY', KEYS[7], events[i], -events[i + 1])
  lost = lost + events[i + 1]
end
return lost
"""


class _Letter(NamedTuple):
    """A dead letter on its way into Redis; ``merged`` replaces the entry that the event has already, ``known``."""

    id: str
    client_id: str
    last_at: float
    fresh: bytes
    known: bytes
    merged: bytes


class Settler:
    """Settles the jobs of one queue."""

    def __init__(self, redis: AsyncRedis, producer: QueueProducer, settings: Settings) -> None:
        self._redis = redis
        self.queue, self.manifest = producer.name, producer.manifest
        self._settings = settings
        self._settle: AsyncScript = redis.register_script(_SETTLE)
        self._write_off: AsyncScript = redis.register_script(_WRITE_OFF)

    async def settle(
        self,
        job_id: str,
        prepared: Prepared,
        *,
        instead: Sequence[Sequence[QueuedBatch]] = (),
        unreadable: bytes | None = None,
    ) -> bool:
        """End a job, and enter what became of its events.

        Failures are tried again, each alone and later and later, until their tries are spent; then they are buried.

        :param instead: jobs to put in its place, with events that are to be tried again now.
        :param unreadable: the bytes of a job that this program cannot read, to keep.
        :returns: whether this call settled it; if not, someone else had, and nothing was changed.
        :raises redis.exceptions.RedisError: when it may not have happened; the job then comes again.
        """
        outcomes = Counter(prepared.outcomes)
        jobs = [new_job(batches) for batches in instead]
        buried: list[DeadLetter] = []
        for failure in _once(prepared.failures, outcomes):
            now = time.time()
            tried = _tried(failure, now)
            batch = msgspec.structs.replace(failure.batch, events=[tried])
            if tried.attempt >= self._settings.event_max_tries:
                buried.append(letter_for(batch, failure.error, tried.attempt, now))
            else:
                jobs.append(new_job([batch], self._pause(tried.attempt)))
        letters = await self._merged(buried) if buried else []
        done = bool(await self._run(job_id, outcomes, jobs, letters, unreadable))
        if done:
            if prepared.stripped:
                await note_stripped(self._redis, prepared.stripped)
            for letter in buried:
                log.warning("event_dead_lettered", client=letter.client_id, error=letter.error, letter=letter.id)
        return done

    async def keep_unreadable(self, job_id: str, data: bytes) -> bool:
        """End a job whose bytes this program cannot read, and keep them: a newer one may have written it.

        Its entry in the manifest tells whose events they are and how many: ``dropped_unreadable``.
        """
        return await self.settle(job_id, Prepared(), unreadable=data)

    async def write_off(self, job_id: str) -> int:
        """End a job that has vanished from Redis; returns how many events that were acknowledged are lost with it.

        They stay in the books as unaccounted for.
        """
        lost: int = await self._write_off(keys=[*_keys_of(job_id), self.queue, self.manifest, WAITING], args=[job_id])
        if lost:
            log.error("job_vanished", job=job_id, events=lost)
        return lost

    async def _run(
        self,
        job_id: str,
        outcomes: Counter[tuple[str, Outcome]],
        jobs: list[NewJob],
        letters: list[_Letter],
        unreadable: bytes | None,
    ) -> int:
        numbers = [part for (client, outcome), n in outcomes.items() for part in (client, outcome.value, n)]
        parts: list[Any] = [part for item in (*jobs, *letters) for part in item]
        books = [self.queue, self.manifest, ACCEPTED, WAITING]
        kept = () if unreadable is None else (unreadable, time.time())
        number: int = await self._settle(
            keys=[
                *(*_keys_of(job_id), *books, ENTRIES, BY_TIME),
                *(UNREADABLE, UNREADABLE_BY_TIME, UNREADABLE_MANIFESTS),
            ],
            args=[job_id, OUTCOMES, _encoder.encode(numbers), len(jobs), len(letters), *parts, *kept],
        )
        return number

    async def _merged(self, letters: Sequence[DeadLetter]) -> list[_Letter]:
        """Look whether the events are dead letters already: such a one keeps its first time and adds up its tries.

        An operator may edit or replay one between this look and the settlement; then that stands.
        """
        there = await self._redis.hmget(ENTRIES, [letter.id for letter in letters])  # type: ignore[misc]
        found = []
        for letter, known in zip(letters, there, strict=True):
            fresh = merged = msgspec.msgpack.encode(letter)
            if known:
                before = msgspec.msgpack.decode(known, type=DeadLetter)
                tries = before.attempts + letter.attempts
                again = msgspec.structs.replace(before, attempts=tries, last_at=letter.last_at, error=letter.error)
                merged = msgspec.msgpack.encode(again)
            found.append(_Letter(letter.id, letter.client_id, letter.last_at, fresh, known or b"", merged))
        return found

    def _pause(self, attempt: int) -> float:
        return self._settings.event_retry_seconds * 2.0 ** (attempt - 1) * random.uniform(0.75, 1.25)  # noqa: S311


def _keys_of(job_id: str) -> list[str]:
    prefixes = (job_key_prefix, retry_key_prefix, in_progress_key_prefix, SUSPECT)
    return [prefix + job_id for prefix in prefixes]


def _tried(failure: Failure, now: float) -> QueuedEvent:
    event = failure.event
    return msgspec.structs.replace(event, attempt=event.attempt + 1, first_error_at=event.first_error_at or now)


def _once(failures: Iterable[Failure], outcomes: Counter[tuple[str, Outcome]]) -> list[Failure]:
    """The failures without copies of the same event: tried as two jobs, one copy would be stored for both."""
    kept: dict[tuple[str, str], Failure] = {}
    for failure in failures:
        key = (failure.batch.client_id, failure.event.event_id)
        if key in kept:
            outcomes[key[0], Outcome.DUPLICATE] += 1
        kept.setdefault(key, failure)
    return list(kept.values())
