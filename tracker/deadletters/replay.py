"""Puts dead letters back into their queue: each in one atomic step, so that a replay is idempotent (decisions §9).

Either the entry is there, as it was read: then it goes, its event waits again under a new life of tries, and the
outcome ``dead_letter`` is taken back. Or it is not: then nothing happens. Of two replays at the same time one finds it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha1
from typing import Any

import msgspec
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import serialize_job
from redis.commands.core import AsyncScript

from tracker.deadletters.entries import UNREADABLE_MANIFESTS
from tracker.deadletters.places import Place, run_all
from tracker.deadletters.select import JOBS, Entry
from tracker.queue import PROCESS_EVENTS, WAITING, manifest_name, new_job, queue_name, serialize

OUTCOMES = "tracker:outcomes:"

# The first write of each is a SET: a full Redis refuses it, and then nothing was written.
# KEYS: entries, times, job, queue, manifest, waiting, the client's outcomes.
# ARGV: entry's id, SHA-1 of the entry, job's id, job, due in ms, its entry in the manifest, client.
_REPLAY_EVENT = """
local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there or redis.sha1hex(there) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[3])
redis.call('HSET', KEYS[5], ARGV[3], ARGV[6])
redis.call('HINCRBY', KEYS[6], ARGV[7], 1)
redis.call('HINCRBY', KEYS[7], 'dead_letter', -1)
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
"""
# KEYS: entries, times, whose events they are, job, queue, manifest, waiting, count of starts, hold.
# ARGV: job's id, SHA-1 of the entry, job, due in ms, prefix of the outcomes.
_REPLAY_JOB = """
local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there or redis.sha1hex(there) ~= ARGV[2] then return 0 end
local held = redis.call('HGET', KEYS[3], ARGV[1])
local events = held and cmsgpack.unpack(held) or {}
redis.call('SET', KEYS[4], ARGV[3])
redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
redis.call('DEL', KEYS[8], KEYS[9])
if held then redis.call('HSET', KEYS[6], ARGV[1], held) end
for i = 1, #events, 2 do
  redis.call('HINCRBY', KEYS[7], events[i], events[i + 1])
  redis.call('HINCRBY', ARGV[5] .. events[i], 'dropped_unreadable', -events[i + 1])
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
"""


async def replay(place: Place, entries: Sequence[Entry]) -> int:
    """Put entries of one server back into its queues, in one round trip.

    :returns: how many were; the others have been replayed, dropped or changed by someone else since they were read, or
        are of a later version and cannot be read by this one.
    :raises UnavailableError: when Redis takes no writes; what was put back before is, all else is as it was.
    """
    event, job = place.redis.register_script(_REPLAY_EVENT), place.redis.register_script(_REPLAY_JOB)
    async with place.redis.pipeline(transaction=False) as pipe:
        for entry in entries:
            if entry.shelf is JOBS:
                await _add_job(job, pipe, place, entry)
            elif entry.letter is not None:
                await _add_event(event, pipe, place, entry)
        return await run_all(pipe)


async def _add_event(script: AsyncScript, pipe: Any, place: Place, entry: Entry) -> None:
    assert entry.letter is not None
    batch, shard = entry.letter.batch, place.shard_for(entry.client_id)
    # Tries, deaths and time-outs are of one life; when it failed first, and how often it came back, is not forgotten.
    spent = batch.events[0]
    event = msgspec.structs.replace(
        spent, attempt=0, kills=0, timeouts=0, replays=spent.replays + 1, first_error_at=entry.first_at
    )
    job = new_job([msgspec.structs.replace(batch, events=[event])])
    outcomes = f"{OUTCOMES}{batch.client_id}"
    await script(
        keys=[
            *(entry.shelf.entries, entry.shelf.times, job_key_prefix + job.job_id),
            *(queue_name(shard), manifest_name(shard), WAITING, outcomes),
        ],
        args=[entry.id, _digest(entry), job.job_id, job.data, job.due, job.manifest, batch.client_id],
        client=pipe,
    )


async def _add_job(script: AsyncScript, pipe: Any, place: Place, entry: Entry) -> None:
    shard, now = place.shard_for(None), int(time.time() * 1000)
    await script(
        keys=[
            *(entry.shelf.entries, entry.shelf.times, UNREADABLE_MANIFESTS, job_key_prefix + entry.id),
            *(queue_name(shard), manifest_name(shard), WAITING),
            *(retry_key_prefix + entry.id, in_progress_key_prefix + entry.id),
        ],
        args=[entry.id, _digest(entry), job_bytes(entry.data, now), now, OUTCOMES],
        client=pipe,
    )


def job_bytes(kept: bytes, now_ms: int) -> bytes:
    """A job of the bytes that were kept: they are a whole job when not even that could be read, else its argument."""
    try:
        whole = msgspec.msgpack.decode(kept)
    except msgspec.DecodeError:
        whole = None
    if isinstance(whole, dict) and {"f", "a"} <= whole.keys():
        return kept
    return serialize_job(PROCESS_EVENTS, (kept,), {}, None, now_ms, serializer=serialize) or b""


def _digest(entry: Entry) -> str:
    # Redis scripts know no other digest; nobody gains by making two entries with the same one.
    return sha1(entry.data, usedforsecurity=False).hexdigest()
