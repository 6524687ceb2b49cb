"""Keeps dead letters within their number and age, and says so long before anything is lost."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import structlog

from tracker.deadletters.discard import discard
from tracker.deadletters.entries import UNREADABLE_BY_TIME
from tracker.deadletters.places import Place
from tracker.deadletters.select import PAGE, SHELVES, Entry, read, without_time
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

_DAY_SECONDS = 86_400.0


class DeadLetterState(msgspec.Struct, rename="camel"):
    """How full the dead letters are.

    :ivar limit: how many may be kept, on all servers together.
    :ivar oldest_at: when the one that failed longest ago did (epoch seconds).
    :ivar max_age_days: 0 = they are kept for ever.
    :ivar warning: why and when some will be discarded; empty while there is room.
    """

    count: int
    limit: int
    oldest_at: float | None
    max_age_days: float
    warning: str


async def dead_letter_state(places: Sequence[Place], settings: Settings, now: float | None = None) -> DeadLetterState:
    """Count, limits and a warning from ``dead_letter_warn_ratio`` of either limit on; one round trip a server.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    seen = [await _look(place.redis) for place in places]
    oldest = min((at for _, at in seen if at is not None), default=None)
    fullest = max((number for number, _ in seen), default=0)
    return DeadLetterState(
        count=sum(number for number, _ in seen),
        limit=settings.dead_letter_max_entries * len(places),
        oldest_at=oldest,
        max_age_days=settings.dead_letter_max_age_days,
        warning=_warning(fullest, oldest, settings, time.time() if now is None else now),
    )


async def enforce_bounds(redis: AsyncRedis, settings: Settings, now: float | None = None) -> int:
    """Discard what is beyond the limits of number and age on one server, the oldest first; a cron calls this.

    :returns: how many were discarded.
    """
    for job_id in await without_time(redis):
        await redis.zadd(UNREADABLE_BY_TIME, {job_id: time.time() if now is None else now}, nx=True)
    old = await _discard_old(redis, settings, time.time() if now is None else now)
    over = await _discard_surplus(redis, settings.dead_letter_max_entries)
    for number, reason in ((old, "age"), (over, "number")):
        if number:
            log.warning("dead_letters_discarded", number=number, reason=reason)
    return old + over


async def bound_dead_letters(places: Sequence[Place], settings: Settings) -> int:
    """:func:`enforce_bounds` on every server."""
    return sum([await enforce_bounds(place.redis, settings) for place in places])


async def _discard_old(redis: AsyncRedis, settings: Settings, now: float) -> int:
    if not settings.dead_letter_max_age_days:
        return 0
    limit = now - settings.dead_letter_max_age_days * _DAY_SECONDS
    done = 0
    for shelf in SHELVES:
        while ids := await redis.zrangebyscore(shelf.times, "-inf", f"({limit}", 0, PAGE, withscores=True):
            entries = await read(redis, shelf, [(name.decode(), at) for name, at in ids])
            await _forget(redis, shelf.times, ids, entries)
            done += await discard(redis, entries)
    return done


async def _discard_surplus(redis: AsyncRedis, limit: int) -> int:
    done = 0
    while (surplus := min(PAGE, (await _look(redis))[0] - limit)) > 0:
        entries: list[Entry] = []
        looked_at = 0
        for shelf in SHELVES:
            ids = await redis.zrange(shelf.times, 0, surplus - 1, withscores=True)
            there = await read(redis, shelf, [(name.decode(), at) for name, at in ids])
            await _forget(redis, shelf.times, ids, there)
            looked_at += len(ids)
            entries += there
        if not looked_at:
            break
        done += await discard(redis, sorted(entries, key=lambda entry: entry.last_at or 0.0)[:surplus])
    return done


async def _forget(redis: AsyncRedis, times: str, ids: Sequence[tuple[bytes, float]], entries: Sequence[Entry]) -> None:
    """Times without an entry, which no version writes but an operator's hand may leave; they would never end."""
    there = {entry.id for entry in entries}
    if gone := [name for name, _ in ids if name.decode() not in there]:
        await redis.zrem(times, *gone)


async def _look(redis: AsyncRedis) -> tuple[int, float | None]:
    """How many there are, and the time of the oldest."""
    async with redis.pipeline(transaction=False) as pipe:
        for shelf in SHELVES:
            pipe.hlen(shelf.entries)
            pipe.zrange(shelf.times, 0, 0, withscores=True)
        events, oldest_event, jobs, oldest_job = await pipe.execute()
    return events + jobs, min((at for _, at in (*oldest_event, *oldest_job)), default=None)


def _warning(number: int, oldest: float | None, settings: Settings, now: float) -> str:
    what_to_do = "replay or drop them (`trackerctl dlq`)"
    limit, ratio = settings.dead_letter_max_entries, settings.dead_letter_warn_ratio
    if number >= limit * ratio:
        return f"{number:,} of at most {limit:,} dead letters: beyond that the oldest are discarded; {what_to_do}"
    days = settings.dead_letter_max_age_days
    if days and oldest is not None and now - oldest >= days * _DAY_SECONDS * ratio:
        left = max(0.0, days - (now - oldest) / _DAY_SECONDS)
        return f"the oldest dead letter is discarded in {left:.1f} days, {days:g} after it failed; {what_to_do}"
    return ""
