"""Reading the books: what became of every acknowledged event, and what of none is known (decisions §9).

Each Redis server of the queue keeps books of its own. Four numbers are written independently, each in the same atomic
step as what it counts:

* ``accepted``: with the job, when the events are acknowledged;
* ``waiting``: up with each job, down at its end by what the job's entry in the manifest says;
* an outcome: at the job's end, by what the pipeline says; ``dead_letter`` also down, at a replay or a deletion;
* the manifest: one entry for each job that is there.

So ``accepted`` less all outcomes less ``waiting`` is 0, at any moment and not only at rest. Two things make it differ,
and both stay visible until somebody looks into them: a pipeline that settles a job with fewer or more outcomes than the
job had events, and a job that has vanished from Redis without being settled (an eviction, a deleted key). The second is
looked for at every reading: an entry in the manifest without its job, or with a job that no queue names, is not waiting
any more. Reading costs a call for each server and one for each 200 jobs that wait; it blocks Redis for about a
millisecond at a time (measured, 5 µs a job; of each queue no more than 100,000 jobs are looked at).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from arq.constants import job_key_prefix

from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import OUTCOMES
from tracker.queue import ACCEPTED, WAITING, manifest_name, queue_name
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis

_JOBS_IN_A_LOOK = 200
_MOST_JOBS = 100_000

# KEYS: accepted, waiting. ARGV: prefix of the outcomes, and the one client that matters, if only one does.
# Returns client, accepted, waiting, outcomes for each.
_SNAPSHOT = """
local accepted, waiting, found, order = {}, {}, {}, {}
local function read(key, into)
  if ARGV[2] then
    into[ARGV[2]] = redis.call('HGET', key, ARGV[2])
  else
    local all = redis.call('HGETALL', key)
    for i = 1, #all, 2 do into[all[i]] = all[i + 1] end
  end
  for client in pairs(into) do
    if not found[client] then found[client] = true; order[#order + 1] = client end
  end
end
read(KEYS[1], accepted)
read(KEYS[2], waiting)
local books = {}
for _, client in ipairs(order) do
  local outcomes = redis.call('HGETALL', ARGV[1] .. client)
  books[#books + 1] = {client, accepted[client] or '0', waiting[client] or '0', outcomes}
end
return books
"""
# KEYS: manifest, queue. ARGV: cursor, how many, prefix of jobs. Returns the next cursor and the entries of jobs that
# are not there.
_VANISHED = """
local page, vanished = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]), {}
for i = 1, #page[2], 2 do
  local id = page[2][i]
  if redis.call('EXISTS', ARGV[3] .. id) == 0 or not redis.call('ZSCORE', KEYS[2], id) then
    vanished[#vanished + 1] = page[2][i + 1]
  end
end
return {page[1], vanished}
"""


class ClientBooks(msgspec.Struct, rename="camel"):
    """What became of a client's acknowledged events.

    :ivar outcomes: all of `tracker.pipeline.outcome.Outcome`, also those that no event had.
    :ivar waiting: events in jobs that are there.
    :ivar unaccounted: acknowledged, not waiting, and without an outcome; negative when an event got two. Not 0: a bug,
        or a loss in Redis.
    """

    client_id: str
    accepted: int
    outcomes: dict[str, int]
    waiting: int
    unaccounted: int


class Totals(msgspec.Struct, rename="camel"):
    """The books of all clients together; ``unaccounted`` adds up the sizes of their differences, of either sign."""

    accepted: int
    outcomes: dict[str, int]
    waiting: int
    unaccounted: int


class QueueState(msgspec.Struct, rename="camel"):
    """Jobs that wait or run, and for how long the one that is due the longest has been due."""

    jobs: int
    oldest_seconds: float


async def read_books(settings: Settings, client_id: str | None = None) -> list[ClientBooks]:
    """The books of every client that ever sent an event, or of one, summed over all servers; most events first.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    sums: dict[str, tuple[int, int, dict[str, int]]] = {}
    async with _servers(settings) as servers:
        for redis, shards in servers:
            for client, accepted, waiting, outcomes in await _snapshot(redis, client_id):
                before = sums.get(client, (0, 0, {}))
                merged = {name: before[2].get(name, 0) + n for name, n in outcomes.items()} | {
                    name: n for name, n in before[2].items() if name not in outcomes
                }
                sums[client] = before[0] + accepted, before[1] + waiting, merged
            for shard in shards:
                for client, lost in (await _vanished(redis, shard)).items():
                    if client in sums:
                        accepted, waiting, outcomes = sums[client]
                        sums[client] = accepted, waiting - lost, outcomes
    books = [_balanced(client, *numbers) for client, numbers in sums.items()]
    return sorted(books, key=lambda book: (-book.accepted, book.client_id))


def total(books: Iterable[ClientBooks]) -> Totals:
    """All clients together."""
    result = Totals(0, {outcome.value: 0 for outcome in Outcome}, 0, 0)
    for book in books:
        result.accepted += book.accepted
        result.waiting += book.waiting
        result.unaccounted += abs(book.unaccounted)
        for name, number in book.outcomes.items():
            result.outcomes[name] = result.outcomes.get(name, 0) + number
    return result


async def queue_states(settings: Settings) -> dict[str, QueueState]:
    """The state of each queue, by its name.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    states: dict[str, QueueState] = {}
    async with _servers(settings) as servers:
        for redis, shards in servers:
            for shard in shards:
                name = queue_name(shard)
                async with redis.pipeline(transaction=True) as pipe:
                    pipe.zcard(name)
                    pipe.zrange(name, 0, 0, withscores=True)
                    jobs, oldest = await pipe.execute()
                due = oldest[0][1] / 1000 if oldest else float("inf")
                states[name] = QueueState(int(jobs), round(max(0.0, time.time() - due), 1))
    return dict(sorted(states.items()))


@asynccontextmanager
async def _servers(settings: Settings) -> AsyncIterator[list[tuple[AsyncRedis, list[int]]]]:
    """A connection to each Redis server and database, with the shards on it. Two URLs can name the same one."""
    shards: dict[str, list[int]] = {}
    for shard, url in enumerate(redis_store.queue_urls(settings)):
        shards.setdefault(url, []).append(shard)
    found: dict[tuple[str, int], tuple[AsyncRedis, list[int]]] = {}
    async with AsyncExitStack() as stack:
        for url, own in shards.items():
            redis = redis_store.connect(settings, url)
            stack.push_async_callback(redis_store.close, redis)
            run_id = (await redis.info("server"))["run_id"]
            database = int(redis.connection_pool.connection_kwargs.get("db") or 0)
            found.setdefault((run_id, database), (redis, []))[1].extend(own)
        yield list(found.values())


async def _snapshot(redis: AsyncRedis, client_id: str | None) -> list[tuple[str, int, int, dict[str, int]]]:
    one = () if client_id is None else (client_id,)
    rows = await redis.eval(_SNAPSHOT, 2, ACCEPTED, WAITING, OUTCOMES, *one)  # type: ignore[misc]
    return [(client.decode(), int(accepted), int(waiting), _numbers(flat)) for client, accepted, waiting, flat in rows]


def _numbers(flat: Sequence[bytes]) -> dict[str, int]:
    return {name.decode(): int(number) for name, number in zip(flat[::2], flat[1::2], strict=True)}


async def _vanished(redis: AsyncRedis, shard: int) -> dict[str, int]:
    """By client, how many events are in jobs that the manifest names and that are not there."""
    lost: dict[str, int] = {}
    cursor = "0"
    for _ in range(_MOST_JOBS // _JOBS_IN_A_LOOK):
        found = await redis.eval(  # type: ignore[misc]
            _VANISHED, 2, manifest_name(shard), queue_name(shard), cursor, str(_JOBS_IN_A_LOOK), job_key_prefix
        )
        cursor, entries = found[0].decode(), found[1]
        for entry in entries:
            parts: list[str | int] = msgspec.msgpack.decode(entry)
            for client, number in zip(parts[::2], parts[1::2], strict=True):
                lost[str(client)] = lost.get(str(client), 0) + int(number)
        if cursor == "0":
            break
    return lost


def _balanced(client_id: str, accepted: int, waiting: int, outcomes: dict[str, int]) -> ClientBooks:
    every = {outcome.value: 0 for outcome in Outcome} | outcomes
    return ClientBooks(client_id, accepted, every, waiting, accepted - sum(every.values()) - waiting)
