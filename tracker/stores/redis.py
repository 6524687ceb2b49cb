"""Redis: the truth about an event until MongoDB has it; also caches and rate limits."""

from __future__ import annotations

import re
from typing import Any

import redis as redis_sync
import redis.asyncio as redis_async
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tracker.settings import Settings

AsyncRedis = redis_async.Redis
SyncRedis = redis_sync.Redis

# Answers of a server that is there but cannot take writes now: loading its dataset, out of memory, disk full, replica.
# As they come from a command, from a pipeline (behind the command, in quotes) and from a script on Redis 6.
_AWAY_REPLY = re.compile(
    r"(?:\A|.* of pipeline caused error: \(['\"](?:.*@user_script: \d+: -)?|.*@user_script: \d+: -)"
    r"(?:LOADING|OOM|MISCONF|READONLY|MASTERDOWN|NOREPLICAS|BUSY|TRYAGAIN)\b",
    re.DOTALL,
)
_AWAY_ERRORS = (
    RedisConnectionError,
    RedisTimeoutError,
    ReadOnlyError,
    OutOfMemoryError,
    ConnectionError,
    TimeoutError,
)


def connect(settings: Settings, url: str | None = None) -> AsyncRedis:
    """An asyncio client whose every call ends within ``redis_timeout_seconds``.

    No retries inside: an enqueue that timed out may have happened, and the browser's own retry is de-duplicated,
    while a hidden second write would only delay the 503.
    """
    client: AsyncRedis = redis_async.Redis.from_url(
        url or settings.redis_url,
        socket_timeout=settings.redis_timeout_seconds,
        socket_connect_timeout=settings.redis_timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0,
        client_name="trackerctl",
    )
    return client


def connect_sync(settings: Settings) -> SyncRedis:
    """A blocking client for the command line."""
    client: SyncRedis = redis_sync.Redis.from_url(
        settings.redis_url,
        socket_timeout=settings.redis_timeout_seconds,
        socket_connect_timeout=settings.redis_timeout_seconds,
    )
    return client


def is_outage(error: BaseException) -> bool:
    """Whether the same call can succeed later: no connection, no answer, or a server that takes no writes now."""
    if isinstance(error, _AWAY_ERRORS):
        return True
    return isinstance(error, ResponseError) and _AWAY_REPLY.match(str(error)) is not None


def queue_urls(settings: Settings) -> list[str]:
    """The Redis URL of each queue shard, by shard number."""
    urls = [url.strip() for url in settings.queue_shard_urls.split(",") if url.strip()]
    if not urls:
        return [settings.redis_url] * settings.queue_shards
    return [urls[shard % len(urls)] for shard in range(settings.queue_shards)]


async def close(client: Any) -> None:
    """Close a client and its pool."""
    await client.aclose(close_connection_pool=True)


__all__ = ["AsyncRedis", "RedisError", "SyncRedis", "close", "connect", "connect_sync", "is_outage", "queue_urls"]
