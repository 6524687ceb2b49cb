"""What became of attempts, counted in Redis for the metrics of all processes."""

from __future__ import annotations

from contextlib import suppress

from redis.asyncio.client import Pipeline

from tracker.stores.redis import AsyncRedis, RedisError

OUTCOMES = ("delivered", "retried", "failed")
REASONS = ("gone", "failing")

_KEY = "tracker:webhooks:figures"


class Figures:
    """Counts for one worker; a Redis that is away costs a count and nothing else."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._redis = redis

    async def count(self, name: str) -> None:
        """One more: an outcome, or ``disabled_`` and a reason."""
        with suppress(RedisError, OSError):
            pipe: Pipeline = self._redis.pipeline(transaction=False)
            pipe.hincrby(_KEY, name, 1)
            await pipe.execute()


async def read_figures(redis: AsyncRedis) -> dict[str, int]:
    """All of them by name, 0 where nothing was counted yet.

    :raises redis.exceptions.RedisError: when it is away.
    """
    names = [*OUTCOMES, *(f"disabled_{reason}" for reason in REASONS)]
    pipe: Pipeline = redis.pipeline(transaction=False)
    pipe.hmget(_KEY, names)
    (found,) = await pipe.execute()
    return {name: int(value or 0) for name, value in zip(names, found, strict=True)}
