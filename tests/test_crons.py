"""Periodic jobs: once per due time over all workers, never again for the same, and no harm by one that fails."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.fixtures.world import make_settings
from tracker.crons import CRON_QUEUE, CRONS, Cron, CronContext, CronWorker, run_due
from tracker.outage import OutageGate
from tracker.queue import CRON_EXPIRY_MS, deserialize, serialize
from tracker.settings import Settings
from tracker.stores.documents import Documents
from tracker.worker import _arq_redis, open_workers

MINUTE_MS = 60_000


async def _never() -> None:
    raise ServerSelectionTimeoutError("away")


def context(redis: Redis) -> CronContext:
    """Enough for jobs that use no store."""
    absent: Any = SimpleNamespace()
    return CronContext(make_settings(), absent, redis, (redis,), absent, OutageGate(_never))


def noting(name: str = "note", error: Exception | None = None) -> tuple[Cron, list[str]]:
    ran: list[str] = []

    async def run(_: CronContext) -> None:
        ran.append(name)
        if error:
            raise error

    return Cron(name, 1, run), ran


class Quiet(CronWorker):
    """Announces what a test says and not what happens to fall due meanwhile."""

    async def heart_beat(self) -> None:
        pass


def worker(redis_url: str, redis: Redis, *crons: Cron) -> CronWorker:
    settings = make_settings(redis_url=redis_url)
    made = Quiet(_arq_redis(settings, redis_url), settings, context(redis), crons)
    made.burst = True
    return made


async def announce(each: CronWorker, now: datetime) -> None:
    """Let a worker announce what is due after ``now``."""
    await each.run_cron(now, 0.5)
    due = each.cron_jobs[0].next_run
    assert due is not None
    await each.run_cron(due - timedelta(seconds=0.4), 0.5)


def just_now() -> datetime:
    """Such a time that the next full minute has just passed."""
    return datetime.now(UTC) - timedelta(seconds=61)


async def close(*workers: CronWorker) -> None:
    for each in workers:
        await each.pool.aclose(close_connection_pool=True)


async def test_several_workers_run_a_due_time_once(redis_url: str, redis: Redis) -> None:
    cron, ran = noting()
    workers = [worker(redis_url, redis, cron) for _ in range(3)]
    now = just_now()
    for each in workers:
        await announce(each, now)
    [(job_id, due)] = await redis.zrange(CRON_QUEUE, 0, -1, withscores=True)
    assert job_id.startswith(b"cron:note:") and due <= time.time() * 1000
    assert 0 < await redis.pttl(job_key_prefix + job_id.decode()) <= CRON_EXPIRY_MS
    await asyncio.gather(*(each.async_run() for each in workers))
    # One that was asleep announces the same time when it is done, and nobody holds it any more.
    late = worker(redis_url, redis, cron)
    await announce(late, now)
    await redis.delete(in_progress_key_prefix + job_id.decode())
    await late.async_run()
    assert ran == ["note"]
    assert await redis.zcard(CRON_QUEUE) == 0
    await close(*workers, late)


async def test_of_many_starts_at_once_one_counts_and_it_covers_all_that_was_due(redis: Redis) -> None:
    cron, ran = noting()
    now = int(time.time() * 1000)
    dues = [now - n * MINUTE_MS for n in range(5)] * 2
    started = await asyncio.gather(*(run_due(cron, context(redis), redis, due) for due in dues))
    # Each but the first is older than the start of the first.
    assert (sum(started), ran) == (1, ["note"])
    assert await run_due(cron, context(redis), redis, now + MINUTE_MS)
    other, others = noting("other")
    assert await run_due(other, context(redis), redis, now)
    assert others == ["other"]


async def test_one_that_fails_is_logged_by_class_and_runs_at_its_next_time_only(redis_url: str, redis: Redis) -> None:
    cron, ran = noting(error=ValueError("ann@shop.example"))
    failing = worker(redis_url, redis, cron)
    await announce(failing, just_now())
    with capture_logs() as logs:
        await failing.async_run()
    assert [entry for entry in logs if entry["event"] == "cron_failed"] == [
        {"event": "cron_failed", "cron": "note", "error": "ValueError", "log_level": "error"}
    ]
    assert "ann@" not in str(logs)
    assert (ran, await redis.zcard(CRON_QUEUE)) == (["note"], 0)
    assert await run_due(cron, context(redis), redis, int(time.time() * 1000) + MINUTE_MS)
    await close(failing)


async def test_one_that_is_cut_off_is_not_run_again_for_the_same_time(redis_url: str, redis: Redis) -> None:
    starts: list[int] = []
    begun = asyncio.Event()

    async def run(_: CronContext) -> None:
        starts.append(1)
        begun.set()
        await asyncio.Event().wait()

    cron = Cron("endless", 1, run)
    first, second = (worker(redis_url, redis, cron) for _ in range(2))
    await announce(first, just_now())
    working = asyncio.create_task(first.async_run())
    await begun.wait()
    await first.drain(0.0)
    await asyncio.gather(working, return_exceptions=True)
    [job_id] = await redis.zrange(CRON_QUEUE, 0, -1)
    await redis.delete(in_progress_key_prefix + job_id.decode())
    await second.async_run()
    assert (starts, await redis.zcard(CRON_QUEUE)) == ([1], 0)
    await close(first, second)


async def test_an_outage_closes_the_gate_and_nothing_is_due_behind_it(redis_url: str, redis: Redis) -> None:
    cron, ran = noting(error=ServerSelectionTimeoutError("away"))
    held = context(redis)
    working = worker(redis_url, redis, cron)
    held.outage.workers.append(working)
    now = just_now()
    await working.run_cron(now, 0.5)
    assert await run_due(cron, held, redis, int(time.time() * 1000))
    assert not working.allow_pick_jobs
    for _ in range(3):
        await announce(working, now)
        now += timedelta(minutes=1)
    assert await redis.zcard(CRON_QUEUE) == 0
    job = working.cron_jobs[0]
    await working.run_cron(now + timedelta(minutes=1), 0.5)
    assert job.next_run is not None and job.next_run > now + timedelta(minutes=1)
    assert ran == ["note"]
    await held.outage.close()
    await close(working)


async def test_a_transaction_that_lost_against_another_is_no_outage(redis: Redis) -> None:
    cron, _ = noting(error=OperationFailure("conflict", code=112))
    held = context(redis)
    picking = SimpleNamespace(allow_pick_jobs=True)
    held.outage.workers.append(picking)
    assert await run_due(cron, held, redis, int(time.time() * 1000))
    assert picking.allow_pick_jobs


async def test_times_that_passed_while_nobody_could_work_are_not_made_up_for(redis_url: str, redis: Redis) -> None:
    cron, _ = noting()
    asleep = worker(redis_url, redis, cron)
    now = datetime.now(UTC)
    await asleep.run_cron(now - timedelta(hours=3), 0.5)
    for _ in range(200):
        await asleep.run_cron(now, 0.5)
    # At most the next one, when it happens to be due within the second.
    assert await redis.zcard(CRON_QUEUE) <= 1
    await close(asleep)


def test_the_table_is_one_that_arq_can_run() -> None:
    assert len({cron.name for cron in CRONS}) == len(CRONS)
    assert all(60 % cron.every_minutes == 0 and 0 <= cron.second < 60 for cron in CRONS)
    bad = Cron("odd", 7, CRONS[0].run)
    with pytest.raises(ValueError, match="7 minutes do not divide"):
        CronWorker(ArqRedis(), make_settings(), SimpleNamespace(), [bad])  # type: ignore[arg-type]


def test_a_periodic_job_survives_the_way_through_redis() -> None:
    job: dict[str, Any] = {"t": None, "f": "cron:note", "a": (), "k": {}, "et": 7}
    assert deserialize(serialize(job)) == job


@pytest.mark.parametrize("name", [cron.name for cron in CRONS])
async def test_every_job_of_the_table_runs_on_real_stores(
    world_settings: Settings, document_settings: Settings, documents: Documents, name: str
) -> None:
    stores = {"mongodb_url": document_settings.mongodb_url, "mongodb_database": document_settings.mongodb_database}
    settings = world_settings.model_copy(update=stores)
    async with open_workers(settings) as workers:
        crons = next(each for each in workers if isinstance(each, CronWorker))
        due = f"cron:{name}:{int(time.time() * 1000)}"
        await crons.pool.enqueue_job(f"cron:{name}", _job_id=due, _queue_name=CRON_QUEUE)
        crons.burst = True
        with capture_logs() as logs:
            await crons.async_run()
        assert await crons.pool.exists(f"tracker:cron:{name}")
        assert crons.jobs_failed == 0
    assert [entry for entry in logs if entry["event"] == "cron_failed"] == []
