"""Looks through every key of a Redis server, and deletes what holds an address.

Jobs and dead letters were looked through before (`queues`), each with its books; here go the samples of refused events
and whatever else somebody may have put there. A job that no queue names is a leftover of a restart, and goes as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from arq.constants import job_key_prefix

from tracker.deadletters.entries import ENTRIES, UNREADABLE
from tracker.deadletters.replay import OUTCOMES
from tracker.privacy.erase.work import Work
from tracker.queue import ACCEPTED, WAITING, queue_name
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis

_PREFIXES = (b"tracker:", b"arq:")
_SAMPLES = b"tracker:rejected:"
# Their members are ids and numbers, or have been looked through.
_KEPT = tuple(
    name.encode() for name in (ENTRIES, UNREADABLE, ACCEPTED, WAITING, OUTCOMES, "tracker:manifest:", "tracker:queue:")
)


async def sweep_keys(work: Work, redis: AsyncRedis) -> None:
    """Delete it.

    :raises redis.exceptions.RedisError: when the server is away.
    """
    shards = range(len(redis_store.queue_urls(work.tools.settings)))
    client = work.notes.subject.client_id
    async for key in redis.scan_iter(count=1_000):
        # Others may use the same server; what is of one client has its id in the name.
        if not key.startswith(_PREFIXES) or key.startswith(_KEPT) or (client and client.encode() not in key):
            continue
        if key.startswith(job_key_prefix.encode()):
            await _leftover(work, redis, key, shards)
            continue
        store = "samples" if key.startswith(_SAMPLES) else "redis"
        if work.needles.maybe_in(key):
            await work.count(store, int(await redis.delete(key)))
        else:
            await work.count(store, await _members(work, redis, key))


async def _leftover(work: Work, redis: AsyncRedis, key: bytes, shards: range) -> None:
    data = await redis.get(key)
    if data is None or not work.needles.maybe_in(data):
        return
    job_id = key.removeprefix(job_key_prefix.encode())
    for shard in shards:
        if await redis.zscore(queue_name(shard), job_id) is not None:
            return
    await work.count("redis", int(await redis.delete(key)))


async def _members(work: Work, redis: AsyncRedis, key: bytes) -> int:
    """Delete what holds an address in one key, of whatever type; returns how many members went."""
    kind = (await redis.type(key)).decode()
    if kind == "string":
        return int(await redis.delete(key)) if _held(work, await redis.get(key)) else 0
    gone = 0
    # Members first: what is read while it changes would be read twice or not at all.
    for member in [name async for name, *values in _parts(redis, key, kind) if _any_held(work, name, *values)]:
        gone += await _take_out(redis, key, kind, member)
    return gone


async def _parts(redis: AsyncRedis, key: bytes, kind: str) -> AsyncIterator[tuple[bytes, ...]]:
    """Each member's name, and its values besides."""
    server: Any = redis
    if kind == "list":
        for value in set(await server.lrange(key, 0, -1)):
            yield (value,)
    elif kind == "stream":
        for entry, fields in await redis.xrange(key):
            yield entry, *(part for pair in fields.items() for part in pair)
    elif kind in ("hash", "zset", "set"):
        pages = {"hash": server.hscan_iter, "zset": server.zscan_iter, "set": server.sscan_iter}[kind]
        async for found in pages(key, count=500):
            # A hash gives names and values, a sorted set members and numbers.
            yield tuple(part for part in found if isinstance(part, bytes)) if isinstance(found, tuple) else (found,)


async def _take_out(redis: AsyncRedis, key: bytes, kind: str, member: bytes) -> int:
    server: Any = redis
    if kind == "list":
        return int(await server.lrem(key, 0, member))
    remove = {"hash": server.hdel, "zset": server.zrem, "set": server.srem, "stream": server.xdel}[kind]
    return int(await remove(key, member))


def _any_held(work: Work, *parts: bytes) -> bool:
    return any(_held(work, part) for part in parts)


def _held(work: Work, data: bytes | None) -> bool:
    return data is not None and work.needles.in_value(data)
