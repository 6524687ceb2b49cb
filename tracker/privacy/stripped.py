"""How many events were stored without what says who somebody is, by reason: a figure for the metrics.

Counted when a job is settled, after its end: what a crash in between loses is one job's share of a figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import get_args

from tracker.deadletters.places import open_places
from tracker.privacy.strip import Reason
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis, RedisError

REASONS: tuple[str, ...] = get_args(Reason)
_KEY = "tracker:stripped"


async def note_stripped(redis: AsyncRedis, counts: Mapping[str, int]) -> None:
    """So many more events were stripped for these reasons; a Redis that is away loses them."""
    with suppress(RedisError, OSError):
        for reason, number in counts.items():
            await redis.hincrby(_KEY, reason, number)  # type: ignore[misc]


async def read_stripped(settings: Settings) -> dict[str, int]:
    """By reason, over all queue servers.

    :raises redis.exceptions.RedisError: when one is away.
    """
    total: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
    async with open_places(settings) as places:
        for place in places:
            found = await place.redis.hmget(_KEY, list(REASONS))  # type: ignore[misc]
            total.update({reason: int(number or 0) for reason, number in zip(REASONS, found, strict=True)})
    return dict(total)
