"""Age of the queue, the books, workers and periodic jobs, read from a real Redis."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fixtures.world import make_settings
from tracker import __version__
from tracker.crons import CRONS, last_starts
from tracker.doctor.queue import check_queue, check_workers
from tracker.doctor.report import Finding
from tracker.heartbeat import WORKERS, WorkerBeat, read_workers
from tracker.queue import ACCEPTED, queue_name
from tracker.settings import Settings


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return make_settings(redis_url=redis_url)


def worse(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.title) for one in findings if one.severity != "ok"]


async def beat(redis: Redis, worker_id: str = "w1", **values: object) -> None:
    """As `tracker.heartbeat` writes it."""
    sign = WorkerBeat(worker_id, "host", 1, __version__, time.time() - 3600, 0, 0, True)
    for name, value in values.items():
        setattr(sign, name, value)
    await redis.set(f"tracker:worker:beat:{worker_id}", msgspec.json.encode(sign))
    await redis.zadd(WORKERS, {worker_id: time.time()})


async def crons_begun(redis: Redis, ago: timedelta) -> None:
    for cron in CRONS:
        await redis.set(f"tracker:cron:{cron.name}", str((datetime.now(UTC) - ago).timestamp() * 1000))


@pytest.mark.parametrize(("age", "found"), [(0, []), (60, ["warning"]), (900, ["error"])])
async def test_a_job_that_waits_for_long_is_told(
    redis: Redis, settings: Settings, age: float, found: list[str]
) -> None:
    await redis.zadd(queue_name(0), {"job": (time.time() - age) * 1000})
    assert [one.severity for one in await check_queue(settings) if one.title.endswith("is late")] == found


async def test_a_future_retry_is_not_late(redis: Redis, settings: Settings) -> None:
    await redis.zadd(queue_name(0), {"job": (time.time() + 3600) * 1000})
    assert worse(await check_queue(settings)) == []


async def test_an_event_without_an_outcome_is_an_error(redis: Redis, settings: Settings) -> None:
    await redis.hset(ACCEPTED, "client", 3)
    assert ("error", "3 acknowledged events have no outcome, or two") in worse(await check_queue(settings))


async def test_no_worker_is_an_error(redis: Redis, settings: Settings) -> None:
    assert worse(await check_workers(settings)) == [("error", "no worker runs")]


async def test_a_worker_whose_jobs_begin_in_time_is_fine(redis: Redis, settings: Settings) -> None:
    await beat(redis)
    await crons_begun(redis, timedelta(seconds=5))
    assert worse(await check_workers(settings)) == []
    assert all((await last_starts(redis)).values())


async def test_periodic_jobs_that_nobody_begins_are_an_error(redis: Redis, settings: Settings) -> None:
    await beat(redis)
    await crons_begun(redis, timedelta(hours=2))
    [(severity, title)] = worse(await check_workers(settings))
    assert severity == "error"
    assert all(cron.name in title for cron in CRONS)


async def test_a_fresh_worker_has_time_for_its_first_periodic_job(redis: Redis, settings: Settings) -> None:
    await beat(redis, started_at=time.time() - 10)
    assert worse(await check_workers(settings)) == []


async def test_a_worker_that_vanished_and_one_of_another_version_are_told(redis: Redis, settings: Settings) -> None:
    await beat(redis, version="0.0.1", picking=False)
    await redis.zadd(WORKERS, {"gone": time.time() - 60})
    await crons_begun(redis, timedelta(seconds=5))
    assert worse(await check_workers(settings)) == [
        ("warning", "workers of another version run"),
        ("error", "workers that pick no events: 1 of 1"),
        ("warning", "1 workers went without a word within the last hour"),
    ]
    assert (await read_workers(redis)).vanished == 1
