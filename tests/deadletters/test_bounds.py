"""Dead letters stay within their limits, and say so before anything is lost."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
import structlog
from redis.asyncio import Redis

from tests.deadletters.letters import DAY, NOW, a_letter, bury, keep_job, outcomes
from tests.fixtures.instances import PrivateRedis
from tests.fixtures.world import make_settings
from tracker.crons import CRONS
from tracker.deadletters import bounds
from tracker.deadletters.bounds import dead_letter_state, enforce_bounds
from tracker.deadletters.places import Place
from tracker.deadletters.select import Filter, newest_entries
from tracker.settings import Settings


def limited(redis_url: str, **limits: float) -> Settings:
    return make_settings(redis_url=redis_url, **{f"dead_letter_{name}": value for name, value in limits.items()})


async def ids(places: list[Place]) -> list[str]:
    return [entry.id for entry in await newest_entries(places, Filter(), 10_000)]


@pytest.mark.parametrize("page", [3, 200])
async def test_the_oldest_of_too_many_are_discarded_and_counted(
    places: list[Place], redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(bounds, "PAGE", page)
    letters = await bury(redis, *(a_letter(at=NOW + number) for number in range(12)))
    job = await keep_job(redis, data=b"\xc1", timed=False)
    await redis.zadd("tracker:dlq:unreadable:times", {job: NOW + 4.5})
    assert await enforce_bounds(redis, limited(redis_url, max_entries=7), NOW + 20) == 6
    assert await ids(places) == [letter.id for letter in reversed(letters[5:])]
    assert await outcomes(redis) == {"dead_letter": 7, "dropped_dead_letter": 5}
    assert await enforce_bounds(redis, limited(redis_url, max_entries=7), NOW + 20) == 0


@pytest.mark.parametrize("page", [2, 200])
async def test_what_failed_last_too_long_ago_is_discarded(
    places: list[Place], redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(bounds, "PAGE", page)
    old = [a_letter(at=NOW - 31 * DAY - number) for number in range(5)]
    [_, fresh] = await bury(redis, a_letter(at=NOW - 31 * DAY), a_letter(at=NOW - 29 * DAY, first_at=NOW - 90 * DAY))
    await bury(redis, *old)
    assert await enforce_bounds(redis, limited(redis_url, max_age_days=0), NOW) == 0
    with structlog.testing.capture_logs() as logs:
        assert await enforce_bounds(redis, limited(redis_url, max_age_days=30), NOW) == 6
    assert await ids(places) == [fresh.id]
    assert logs == [{"event": "dead_letters_discarded", "log_level": "warning", "number": 6, "reason": "age"}]


async def test_a_job_without_time_is_as_old_as_its_first_sight(redis: Redis, redis_url: str) -> None:
    job = await keep_job(redis, data=b"\xc1", timed=False)
    settings = limited(redis_url, max_age_days=30)
    assert await enforce_bounds(redis, settings, NOW) == 0
    assert await enforce_bounds(redis, settings, NOW + 29 * DAY) == 0
    assert await redis.zscore("tracker:dlq:unreadable:times", job) == NOW
    assert await enforce_bounds(redis, settings, NOW + 31 * DAY) == 1
    assert await redis.hlen("tracker:dlq:unreadable") == 0


@pytest.mark.parametrize("limit", [{"max_entries": 1}, {"max_age_days": 1}])
async def test_times_without_an_entry_end_too(redis: Redis, redis_url: str, limit: dict[str, float]) -> None:
    await redis.zadd("tracker:dlq:times", {f"gone-{number}": NOW - 9 * DAY for number in range(3)})
    await bury(redis, a_letter(at=NOW - 8 * DAY), a_letter(at=NOW))
    assert await enforce_bounds(redis, limited(redis_url, **limit), NOW) == 1
    assert await redis.hlen("tracker:dlq:entries") == 1


@pytest.mark.parametrize(
    ("limits", "number", "age_days", "warning"),
    [
        ({"max_entries": 10}, 7, 0, ""),
        ({"max_entries": 10}, 8, 0, "8 of at most 10 dead letters"),
        ({"max_entries": 10, "warn_ratio": 0.5}, 5, 0, "5 of at most 10 dead letters"),
        ({"max_age_days": 30}, 1, 23.9, ""),
        ({"max_age_days": 30}, 1, 24.1, "in 5.9 days, 30 after it failed"),
        ({"max_age_days": 30}, 1, 31, "in 0.0 days"),
        ({"max_age_days": 0}, 1, 10_000, ""),
        ({}, 0, 0, ""),
    ],
)
async def test_a_warning_comes_before_anything_is_discarded(
    places: list[Place],
    redis: Redis,
    redis_url: str,
    limits: dict[str, float],
    number: int,
    age_days: float,
    warning: str,
) -> None:
    await bury(redis, *(a_letter(at=NOW - age_days * DAY) for _ in range(number)))
    settings = limited(redis_url, **limits)
    state = await dead_letter_state(places, settings, NOW)
    assert (state.count, state.limit) == (number, settings.dead_letter_max_entries)
    assert state.oldest_at == (NOW - age_days * DAY if number else None)
    assert warning in state.warning
    assert bool(state.warning) == bool(warning)
    assert ("trackerctl dlq" in state.warning) == bool(warning)


async def test_a_periodic_job_keeps_every_server_within_its_limits(redis: Redis, private_redis: PrivateRedis) -> None:
    other = Redis.from_url(private_redis.url)
    for server in (redis, other):
        await bury(server, a_letter(at=time.time()), a_letter(at=time.time()), a_letter(at=time.time()))
    [cron] = [cron for cron in CRONS if cron.name == "bound_dead_letters"]
    settings = limited("", max_entries=2)
    await cron.run(SimpleNamespace(settings=settings, queues=(redis, other, redis)))  # type: ignore[arg-type]
    assert await redis.hlen("tracker:dlq:entries") == await other.hlen("tracker:dlq:entries") == 2
    await other.aclose()
