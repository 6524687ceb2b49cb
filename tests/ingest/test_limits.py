"""Rate limits: what a window takes, what a refusal costs, what happens at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tracker.ingest import limits
from tracker.ingest.limits import WINDOW_SECONDS, Limiter, Refused, Spend


class Clock:
    """Time at the beginning of a window, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_772_452_800.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    yield clock


@pytest.fixture
def limiter(redis: Redis) -> Limiter:
    return Limiter(redis)


async def test_refuses_what_is_above_the_limit_with_its_figures(limiter: Limiter, clock: Clock) -> None:
    assert await limiter.spend(Spend(7, ("key", 10))) is None
    clock.now += 15
    assert await limiter.spend(Spend(4, ("key", 10))) == Refused(limit=10, remaining=3, retry_after=45)


async def test_a_refused_request_spends_nothing(limiter: Limiter, clock: Clock) -> None:
    assert await limiter.spend(Spend(8, ("key", 10))) is None
    for _ in range(20):
        assert await limiter.spend(Spend(3, ("key", 10)))
    assert await limiter.spend(Spend(2, ("key", 10))) is None


async def test_refused_by_its_address_a_request_does_not_spend_its_keys_limit(limiter: Limiter, clock: Clock) -> None:
    assert await limiter.spend(Spend(2, ("key", 10), ("address", 2))) is None
    refused = await limiter.spend(Spend(5, ("key", 10), ("address", 2)))
    assert refused is not None
    assert (refused.limit, refused.remaining) == (2, 0)
    assert await limiter.spend(Spend(8, ("key", 10))) is None
    assert await limiter.spend(Spend(1, ("key", 10)))


async def test_keys_do_not_spend_each_others_limit(limiter: Limiter, clock: Clock) -> None:
    assert await limiter.spend(Spend(10, ("one", 10))) is None
    assert await limiter.spend(Spend(10, ("two", 10))) is None


async def test_no_limit_asks_nobody(limiter: Limiter, redis: Redis) -> None:
    assert await limiter.spend(Spend(1_000_000, ("key", 0), ("address", 0))) is None
    assert await redis.dbsize() == 0


async def test_the_window_slides(limiter: Limiter, clock: Clock) -> None:
    assert await limiter.spend(Spend(100, ("key", 100))) is None
    clock.now += WINDOW_SECONDS
    # All of the last minute is still in sight, then half of it, then nothing.
    assert await limiter.spend(Spend(1, ("key", 100)))
    clock.now += WINDOW_SECONDS / 2
    assert await limiter.spend(Spend(51, ("key", 100)))
    assert await limiter.spend(Spend(50, ("key", 100))) is None
    clock.now += 2 * WINDOW_SECONDS
    assert await limiter.spend(Spend(100, ("key", 100))) is None


async def test_counters_go_away_by_themselves(limiter: Limiter, redis: Redis) -> None:
    await limiter.spend(Spend(1, ("key", 10), ("address", 10)))
    await limiter.spend(Spend(1, ("key", 10), ("address", 10)))
    ttls = [await redis.ttl(key) async for key in redis.scan_iter()]
    assert len(ttls) == 2
    assert all(0 < ttl <= 2 * WINDOW_SECONDS for ttl in ttls)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    costs=st.lists(st.integers(1, 50), min_size=1, max_size=60), limit=st.integers(1, 300), processes=st.integers(1, 3)
)
async def test_requests_at_the_same_time_never_spend_more_than_the_limit(
    redis: Redis, costs: list[int], limit: int, processes: int
) -> None:
    limiters = [Limiter(redis) for _ in range(processes)]
    key, address = uuid4().hex, uuid4().hex
    answers = await asyncio.gather(
        *(
            limiters[n % processes].spend(Spend(cost, (key, limit), (address, limit + 20)))
            for n, cost in enumerate(costs)
        )
    )
    spent = sum(cost for cost, refused in zip(costs, answers, strict=True) if refused is None)
    assert spent <= limit
    # Nobody was refused who would have fitted.
    for cost, refused in zip(costs, answers, strict=True):
        if refused is not None:
            assert spent + cost > limit
