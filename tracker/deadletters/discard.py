"""Deletes dead letters, and enters that in the books: each in one atomic step, only as it was read."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1

from tracker.deadletters.entries import UNREADABLE_MANIFESTS
from tracker.deadletters.places import run_all
from tracker.deadletters.replay import OUTCOMES
from tracker.deadletters.select import Entry
from tracker.stores.redis import AsyncRedis

# A job that could not be read has its outcome since it was put away; an event's outcome changes.
# KEYS: entries, times, whose events a job's are, outcomes. ARGV: id, SHA-1 of the entry, client or nothing.
_DISCARD = """
local there = redis.call('HGET', KEYS[1], ARGV[1])
if not there then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
if redis.sha1hex(there) ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if ARGV[3] ~= '' then
  redis.call('HINCRBY', KEYS[4], 'dead_letter', -1)
  redis.call('HINCRBY', KEYS[4], 'dropped_dead_letter', 1)
else
  redis.call('HDEL', KEYS[3], ARGV[1])
end
return 1
"""


async def discard(redis: AsyncRedis, entries: Sequence[Entry]) -> int:
    """Delete entries for good, in one round trip; their events end as ``dropped_dead_letter``.

    :returns: how many were deleted; the others are gone, or have changed since they were read.
    """
    script = redis.register_script(_DISCARD)
    async with redis.pipeline(transaction=False) as pipe:
        for entry in entries:
            client = entry.client_id or ""
            await script(
                keys=[entry.shelf.entries, entry.shelf.times, UNREADABLE_MANIFESTS, f"{OUTCOMES}{client}"],
                args=[entry.id, sha1(entry.data, usedforsecurity=False).hexdigest(), client],
                client=pipe,
            )
        return await run_all(pipe)
