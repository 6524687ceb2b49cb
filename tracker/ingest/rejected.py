"""A bounded sample of refused events per client, so that an operator sees what a site does wrong.

Counts are exact. Of the events only some are looked at: whoever sends bad events by the thousand must not make the
edge work for each.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from tracker.ingest.outline import masked, outline
from tracker.ingest.wire import Refusal, RefusalReason
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis

PER_REQUEST = 5
PER_SECOND = 10
"""Samples that one process takes of a client."""

_LIFE_SECONDS = 30 * 86_400
_MAX_KEYS = 20
_NAME_CHARS = 40
_ID_CHARS = 64


def _names(client_id: str) -> tuple[str, str]:
    return f"tracker:rejected:{client_id}:samples", f"tracker:rejected:{client_id}:counts"


class RefusalSampler:
    """Counts what was refused and keeps samples of it.

    :param limit: samples kept per client; 0 = none, the counts go on.
    """

    def __init__(self, redis: AsyncRedis, limit: int) -> None:
        self._redis = redis
        self._limit = limit
        self._second = 0
        self._taken: Counter[str] = Counter()

    async def keep(self, client_id: str, refusals: Sequence[Refusal], raws: Sequence[msgspec.Raw]) -> None:
        """Count a request's refusals and sample some of them, in one round trip.

        :param raws: all events of the request, by the refusals' ``index``.
        :raises redis.exceptions.RedisError: when Redis is away.
        """
        samples, counts = _names(client_id)
        rows = [_sample(refusal, bytes(raws[refusal.index])) for refusal in self._choose(client_id, refusals)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for reason, number in Counter(refusal.reason for refusal in refusals).items():
                pipe.hincrby(counts, reason.value, number)
            pipe.expire(counts, _LIFE_SECONDS)
            if rows:
                pipe.lpush(samples, *rows)
                pipe.ltrim(samples, 0, self._limit - 1)
                pipe.expire(samples, _LIFE_SECONDS)
            await pipe.execute()

    def _choose(self, client_id: str, refusals: Sequence[Refusal]) -> list[Refusal]:
        """One of each reason first, as long as the client has samples left in this second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second = second
            self._taken.clear()
        left = min(PER_REQUEST, self._limit, PER_SECOND - self._taken[client_id])
        if left <= 0:
            return []
        firsts: dict[RefusalReason, Refusal] = {}
        others = [refusal for refusal in refusals if firsts.setdefault(refusal.reason, refusal) is not refusal]
        chosen = [*firsts.values(), *others][:left]
        self._taken[client_id] += len(chosen)
        return sorted(chosen, key=lambda refusal: refusal.index)


def _sample(refusal: Refusal, data: bytes) -> bytes:
    sample = {
        "at": time.time(),
        "reason": refusal.reason,
        "id": None if refusal.id is None else masked(refusal.id, "id")[:_ID_CHARS],
        "bytes": len(data),
        "keys": _keys(data),
        "event": outline(data),
    }
    return msgspec.json.encode(sample)


def _keys(data: bytes) -> list[str]:
    """Names of the top-level keys, also of an event that is too large for an outline."""
    try:
        event = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return []
    return sorted(masked(key)[:_NAME_CHARS] for key in event)[:_MAX_KEYS]


async def list_rejected(settings: Settings, client_id: str, limit: int = 50) -> dict[str, Any]:
    """``{"counts": {reason: n}, "samples": [{at, reason, id, bytes, keys, event}]}``, newest first.

    ``event`` is an outline (`tracker.ingest.outline`), or ``None``.
    """
    redis = redis_store.connect(settings)
    try:
        samples, counts = _names(client_id)
        rows = await redis.lrange(samples, 0, limit - 1)  # type: ignore[misc]
        totals = await redis.hgetall(counts)  # type: ignore[misc]
    finally:
        await redis_store.close(redis)
    return {
        "counts": {reason.decode(): int(count) for reason, count in sorted(totals.items())},
        "samples": [msgspec.json.decode(row) for row in rows],
    }
