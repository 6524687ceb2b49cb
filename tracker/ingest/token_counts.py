"""Counts what site tokens turned out to be, for the metrics of all processes, without a write per request."""

from __future__ import annotations

from collections import Counter

from tracker.ingest.site_token import TokenState
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.tasks import Flusher

COUNTED = tuple(state for state in TokenState if state is not TokenState.VALID)

_KEY = "tracker:site_tokens"


class TokenCounts(Flusher):
    """Gathers in memory, writes once a second and at the end: a flood of bad tokens costs Redis nothing. What a crash
    loses is a second of the figures."""

    flush_seconds = 1.0

    def __init__(self, redis: AsyncRedis) -> None:
        super().__init__()
        self._redis = redis
        self._found: Counter[TokenState] = Counter()

    def note(self, state: TokenState, events: int) -> None:
        """So many events came with such a token."""
        self._found[state] += events

    async def flush(self) -> None:
        """Write now; with Redis away it is put off."""
        if not self._found:
            return
        found, self._found = self._found, Counter()
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for state, number in found.items():
                    pipe.hincrby(_KEY, state.value, number)
                await pipe.execute()
        except (RedisError, OSError):
            self._found.update(found)


async def read_token_counts(redis: AsyncRedis) -> dict[str, int]:
    """Events by the state of their token, without the valid ones; 0 where none was seen yet.

    :raises redis.exceptions.RedisError: when it is away.
    """
    names = [state.value for state in COUNTED]
    found = await redis.hmget(_KEY, names)  # type: ignore[misc]
    return {name: int(value or 0) for name, value in zip(names, found, strict=True)}
