"""Where dead letters are: each Redis server of the queue shards keeps those of its own shards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from redis.exceptions import OutOfMemoryError

from tracker.errors import TrackerError, UnavailableError
from tracker.queue import shard_of
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis, RedisError


@dataclass(frozen=True, slots=True)
class Place:
    """One Redis server, the queue shards on it, and how many shards there are in all."""

    redis: AsyncRedis
    shards: tuple[int, ...]
    total: int

    def shard_for(self, client_id: str | None) -> int:
        """The shard on this server to whose queue a client's events go back.

        After the shards were laid out anew a client may belong to another server. Its events are stored all the same
        through any queue of this one, and only within one server a move is atomic.
        """
        own = shard_of(client_id, self.total) if client_id else self.shards[0]
        return own if own in self.shards else self.shards[0]


@asynccontextmanager
async def open_places(settings: Settings) -> AsyncIterator[list[Place]]:
    """Connect to all of them. Two URLs may name the same server: it is one place.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    urls = redis_store.queue_urls(settings)
    shards: dict[str, list[int]] = {}
    for shard, url in enumerate(urls):
        shards.setdefault(url, []).append(shard)
    found: dict[tuple[str, int], tuple[AsyncRedis, list[int]]] = {}
    async with AsyncExitStack() as stack:
        for url, own in shards.items():
            redis = redis_store.connect(settings, url)
            stack.push_async_callback(redis_store.close, redis)
            run_id = (await redis.info("server"))["run_id"]
            database = int(redis.connection_pool.connection_kwargs.get("db") or 0)
            found.setdefault((run_id, database), (redis, []))[1].extend(own)
        yield [Place(redis, tuple(sorted(own)), len(urls)) for redis, own in found.values()]


async def run_all(pipe: Any) -> int:
    """Run a pipeline of scripts that each answer 1 when they did something and 0 when not; returns how many did.

    :raises UnavailableError: when Redis takes no writes; each script did all it had to do or nothing.
    """
    done = 0
    # redis-py's own error of a pipeline holds the command and with it an event.
    for answer in await pipe.execute(raise_on_error=False):
        if isinstance(answer, RedisError):
            if redis_store.is_outage(answer) or isinstance(answer, OutOfMemoryError):
                raise UnavailableError("Redis takes no writes now; what was not done yet is as it was")
            raise TrackerError(f"Redis refused ({type(answer).__name__}); what was not done yet is as it was")
        done += int(answer)
    return done
