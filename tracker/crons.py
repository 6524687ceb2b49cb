"""Periodic jobs: one table, run by the workers, once per due time however many workers there are.

They have a queue of their own on the first shard's Redis. In the events' queue a backlog would keep them waiting, and
they would be counted as events that wait.

What holds for each of them:

* arq gives the job of a due time one id, so that all workers enqueue the same one. What arq does not cover is refused
  by :data:`_START`: a worker that announces a time late, when another one has done it already.
* A run covers every time that is due when it starts; times that passed while nobody could work are not made up for.
* It is not tried again: one that fails or is cut off is logged, by the error's class only, and runs at its next time.
  An outage of MongoDB closes the worker's gate as it does for events, and behind a closed gate nothing is due.
* It is ended at its time limit, which by default is when it is due again. Two runs can meet all the same (a longer
  limit, a worker that hangs, the command line), so each job must stand being run beside itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.cron import cron as arq_cron

from tracker.analytics.service import refresh_analytics
from tracker.config.cache import ConfigCache
from tracker.deadletters.bounds import enforce_bounds
from tracker.leads.abandoned import close_abandoned
from tracker.leases import LeasedWorker
from tracker.outage import OutageGate
from tracker.privacy.erase.figures import write_figures
from tracker.privacy.erase.runner import resume_erasures
from tracker.privacy.retention_service import keep_retention
from tracker.settings import Settings
from tracker.stores import documents as document_store
from tracker.stores.documents import Documents
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

CRON_QUEUE = "tracker:queue:crons"
_LAST_START = "tracker:cron:"
_POLL_SECONDS = 1.0
_MAX_RUNNING = 8
_LATE_SECONDS = 30
_HOUR = 60

# Takes a due time unless a run has started since. KEYS: the job's last start. ARGV: the due time and now, in ms.
_START = """
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
if last >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], math.max(tonumber(ARGV[1]), tonumber(ARGV[2])), 'PX', 86400000)
return 1
"""


@dataclass(frozen=True, slots=True)
class CronContext:
    """What a periodic job may use: the worker's own connections, not to be closed.

    :ivar redis: the Redis of ``redis_url``: dead letters, caches.
    :ivar queues: the Redis of each queue shard, by its number.
    """

    settings: Settings
    documents: Documents
    redis: AsyncRedis
    queues: tuple[AsyncRedis, ...]
    cache: ConfigCache
    outage: OutageGate


@dataclass(frozen=True, slots=True)
class Cron:
    """A line of the table.

    :ivar name: as logs show it.
    :ivar every_minutes: a divisor of 60; runs when the minute of the hour is divided by it.
    :ivar run: does the work; any error ends only this run.
    :ivar second: of the minute, so that not all run at once.
    :ivar limit_minutes: how long it may run; until it is due again where that is not said.
    """

    name: str
    every_minutes: int
    run: Callable[[CronContext], Awaitable[object]]
    second: int = 0
    limit_minutes: int | None = None

    @property
    def limit_seconds(self) -> int:
        """The time limit."""
        return 60 * (self.limit_minutes or self.every_minutes)


async def _refresh_analytics(context: CronContext) -> None:
    await refresh_analytics(context.settings)


async def _close_abandoned(context: CronContext) -> None:
    pause = timedelta(minutes=context.settings.abandoned_after_minutes)
    await close_abandoned(context.documents.database, datetime.now(UTC), pause, context.cache.client)


async def _resume_erasures(context: CronContext) -> None:
    try:
        await resume_erasures(context.documents.database, context.settings)
    finally:
        await write_figures(context.redis, context.documents.database)


async def _keep_retention(context: CronContext) -> None:
    await keep_retention(context.documents.database, context.settings)


async def _bound_dead_letters(context: CronContext) -> None:
    for redis in context.queues:
        await enforce_bounds(redis, context.settings)


CRONS: tuple[Cron, ...] = (
    # name, minutes between two runs, what runs
    Cron("close_abandoned", 1, _close_abandoned),
    Cron("resume_erasures", 1, _resume_erasures, second=10, limit_minutes=60),
    Cron("refresh_analytics", 5, _refresh_analytics, second=20, limit_minutes=60),
    Cron("bound_dead_letters", 10, _bound_dead_letters, second=40),
    Cron("keep_retention", 5, _keep_retention, second=50, limit_minutes=60),
)


async def last_starts(redis: AsyncRedis) -> dict[str, datetime | None]:
    """When each periodic job was last begun, by its name; ``None``: not within a day.

    :param redis: of the first queue shard.
    :raises redis.exceptions.RedisError: when it is away.
    """
    found = await redis.mget([_LAST_START + cron.name for cron in CRONS])
    times = [None if value is None else datetime.fromtimestamp(int(float(value)) / 1000, UTC) for value in found]
    return dict(zip((cron.name for cron in CRONS), times, strict=True))


class CronWorker(LeasedWorker):
    """Announces and runs the periodic jobs; every worker process has one."""

    def __init__(
        self, redis: ArqRedis, settings: Settings, context: CronContext, crons: Sequence[Cron] = CRONS
    ) -> None:
        super().__init__(
            redis,
            settings,
            [],
            {"cron": context},
            queue=CRON_QUEUE,
            cron_jobs=[_cron_job(cron) for cron in crons],
            max_jobs=_MAX_RUNNING,
            poll_seconds=_POLL_SECONDS,
        )

    async def run_cron(self, n: datetime, delay: float, num_windows: int = 2) -> None:
        """Enqueue what falls due, as arq does; but nothing for times that have passed, or while nothing is picked."""
        for job in self.cron_jobs:
            if job.next_run is None:
                continue
            late = (n - job.next_run).total_seconds()
            if late > _LATE_SECONDS or (late > 0 and not self.allow_pick_jobs):
                job.calculate_next(n)
        if self.allow_pick_jobs:
            await super().run_cron(n, delay, num_windows)


def _cron_job(cron: Cron) -> CronJob:
    if _HOUR % cron.every_minutes:
        raise ValueError(f"{cron.name}: {cron.every_minutes} minutes do not divide an hour")

    async def run(ctx: dict[str, Any]) -> None:
        # arq's id of a periodic job is its name and the due time in milliseconds.
        await run_due(cron, ctx["cron"], ctx["redis"], int(ctx["job_id"].rpartition(":")[2]))

    return arq_cron(
        run,
        name=f"cron:{cron.name}",
        minute=set(range(0, _HOUR, cron.every_minutes)),
        second=cron.second,
        timeout=cron.limit_seconds + _LATE_SECONDS,
        max_tries=1,
    )


async def run_due(cron: Cron, context: CronContext, redis: AsyncRedis, due_ms: int) -> bool:
    """Run a periodic job for a due time; tells whether it ran, well or badly.

    :param redis: where the job's last start is kept, for all workers the same.
    :param due_ms: epoch milliseconds. Nothing happens when a run has started since.
    """
    times = (str(due_ms), str(int(time.time() * 1000)))
    started = time.monotonic()
    try:
        if not await redis.eval(_START, 1, _LAST_START + cron.name, *times):  # type: ignore[misc]
            return False
        async with asyncio.timeout(cron.limit_seconds):
            await cron.run(context)
    except Exception as error:
        log.error("cron_failed", cron=cron.name, error=type(error).__name__)
        if document_store.is_outage(error) and not document_store.is_conflict(error):
            context.outage.began(error)
    else:
        log.debug("cron_done", cron=cron.name, seconds=round(time.monotonic() - started, 3))
    return True
