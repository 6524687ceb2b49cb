"""A bounded sample of refused events per client, so that an operator sees what a site does wrong.

Only the shape is kept (reason, type, size, names of the top-level keys), no value: what was refused went through no
redaction.
"""

from __future__ import annotations

import time
from typing import Any

import msgspec

from tracker.ingest.wire import Refusal
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis

_LIFE_SECONDS = 30 * 86_400
_MAX_KEYS = 20


def _names(client_id: str) -> tuple[str, str]:
    return f"tracker:rejected:{client_id}:samples", f"tracker:rejected:{client_id}:counts"


async def keep_samples(
    redis: AsyncRedis, client_id: str, refusals: list[Refusal], raws: list[msgspec.Raw], limit: int
) -> None:
    """Count the refusals and keep a sample of at most ``limit`` per client."""
    samples, counts = _names(client_id)
    async with redis.pipeline(transaction=False) as pipe:
        for refusal in refusals:
            pipe.hincrby(counts, refusal.reason.value, 1)
        if limit:
            pipe.lpush(samples, *[_sample(refusal, bytes(raws[refusal.index])) for refusal in refusals])
            pipe.ltrim(samples, 0, limit - 1)
        pipe.expire(samples, _LIFE_SECONDS)
        pipe.expire(counts, _LIFE_SECONDS)
        await pipe.execute()


def _sample(refusal: Refusal, data: bytes) -> bytes:
    try:
        event: Any = msgspec.json.decode(data)
    except msgspec.DecodeError:
        event = None
    keys = sorted(str(key)[:40] for key in event)[:_MAX_KEYS] if isinstance(event, dict) else []
    return msgspec.json.encode(
        {"at": time.time(), "reason": refusal.reason, "id": refusal.id, "bytes": len(data), "keys": keys}
    )


async def list_rejected(settings: Settings, client_id: str, limit: int = 50) -> dict[str, Any]:
    """``{"counts": {reason: n}, "samples": [{at, reason, id, bytes, keys}]}``, newest first."""
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
