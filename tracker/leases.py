"""An arq worker that holds jobs by short leases (decisions §8).

Changed from arq: a killed worker's jobs are taken over after seconds instead of the job time-out, an outage of Redis
does not end the process, claiming is one round trip for many jobs, and no job of events is ever removed by arq: only
its settlement does that (`tracker.pipeline.settle`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from arq.cron import CronJob
from arq.worker import Function, Worker

from tracker.outage import PAUSE_SECONDS
from tracker.pipeline.settle import Settler
from tracker.queue import deserialize, renew_leases, serialize
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.tasks import end

log = structlog.get_logger(__name__)

_UNLIMITED_TRIES = 2**31  # arq drops a job beyond its tries; here the count only tells how often a worker died
_ARQ_PATIENCE_SECONDS = 30.0  # beyond our own time limit: arq gives up jobs that it times out itself

# Claims due jobs that nobody holds. KEYS: queue. ARGV: prefix of the holds, lease in ms, now in ms, most, job ids.
_CLAIM = """
local claimed = {}
for i = 5, #ARGV do
  if #claimed >= 2 * tonumber(ARGV[4]) then break end
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) <= tonumber(ARGV[3])
     and redis.call('SET', ARGV[1] .. ARGV[i], '1', 'NX', 'PX', ARGV[2]) then
    claimed[#claimed + 1] = ARGV[i]
    claimed[#claimed + 1] = score
  end
end
return claimed
"""
# Hands a job of events back, due later by so much; one that was settled meanwhile must not come into the queue again.
# KEYS: job, hold, queue, manifest. ARGV: job's id, ms. Returns whether arq has nothing to do any more.
_HAND_BACK = """
local there = redis.call('EXISTS', KEYS[1]) == 1
local of_events = redis.call('HEXISTS', KEYS[4], ARGV[1]) == 1
if there and not of_events then return 0 end
redis.call('DEL', KEYS[2])
if there then
  redis.call('ZINCRBY', KEYS[3], ARGV[2], ARGV[1])
elseif not of_events then
  redis.call('ZREM', KEYS[3], ARGV[1])
end
return 1
"""


class LeasedWorker(Worker):
    """Consumes one queue.

    :param settler: of the queue, where it holds jobs of events.
    :ivar settled: ids of jobs that were settled and are to be finished; ``ctx["settled"]`` of every job.
    """

    def __init__(
        self,
        redis: ArqRedis,
        settings: Settings,
        functions: list[Function],
        context: dict[str, Any],
        *,
        queue: str,
        cron_jobs: Sequence[CronJob] = (),
        max_jobs: int | None = None,
        poll_seconds: float | None = None,
        settler: Settler | None = None,
    ) -> None:
        self.settled: set[str] = set()
        super().__init__(
            functions=functions,
            cron_jobs=cron_jobs,
            timezone=UTC,
            redis_pool=redis,
            queue_name=queue,
            handle_signals=False,
            max_jobs=max_jobs or settings.worker_max_jobs,
            job_timeout=settings.job_timeout_seconds + _ARQ_PATIENCE_SECONDS,
            keep_result=0,
            poll_delay=poll_seconds or settings.worker_poll_seconds,
            max_tries=_UNLIMITED_TRIES,
            ctx={**context, "settled": self.settled},
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        self._lease = settings.job_lease_seconds
        self._renewed_at = 0.0
        self._claim: Callable[..., Coroutine[Any, Any, list[bytes]]] = redis.register_script(_CLAIM)
        self._away_pause = 0.0
        self._settler = settler
        self._hand_back: Callable[..., Coroutine[Any, Any, int]] = redis.register_script(_HAND_BACK)

    async def _poll_iteration(self) -> None:
        self._forget_cut_off()
        try:
            await super()._poll_iteration()
            self._away_pause = 0.0
        except Exception as error:
            if not redis_store.is_outage(error):
                raise
            # Finished work whose job could not be taken off the queue is done again and changes nothing.
            if not self._away_pause:
                log.warning("queue_away", queue=self.queue_name, error=type(error).__name__)
            self._away_pause = min(max(2 * self._away_pause, PAUSE_SECONDS[0]), PAUSE_SECONDS[1])
            await asyncio.sleep(self._away_pause)

    def _forget_cut_off(self) -> None:
        """Take all jobs whose end Redis did not hear of off the list at once, so that they can be claimed again.

        arq raises the error of one of them at each poll, and after each the poll pauses: with forty jobs on the list
        the queue would stand still for minutes after Redis is back.
        """
        for job_id, task in list(self.tasks.items()):
            if task.done() and not task.cancelled() and (error := task.exception()) and redis_store.is_outage(error):
                del self.tasks[job_id]

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Claim as many of the due jobs as there is room for, in one round trip."""
        room = self.max_jobs - self.job_counter
        wanted = [job_id for job_id in job_ids if job_id.decode() not in self.tasks]
        if room <= 0 or not wanted:
            return
        now = int(time.time() * 1000)
        claimed = await self._claim(
            keys=[self.queue_name], args=[in_progress_key_prefix, int(self._lease * 1000), now, room, *wanted]
        )
        for raw_id, score in zip(claimed[::2], claimed[1::2], strict=True):
            job_id = raw_id.decode()
            await self.sem.acquire()
            self.job_counter += 1
            task = self.loop.create_task(self.run_job(job_id, int(float(score))))
            task.add_done_callback(lambda _: self._release_sem_dec_counter_on_complete())
            self.tasks[job_id] = task

    async def finish_job(self, job_id: str, finish: bool, result_data: bytes | None, *rest: Any) -> None:
        """Leave alone what was settled; hand back a job of events that was not, whatever arq made of its end."""
        if job_id in self.settled:
            self.settled.discard(job_id)
            return
        if self._settler is not None:
            *_, later, _ = rest
            manifest = self._settler.manifest
            keys = [job_key_prefix + job_id, in_progress_key_prefix + job_id, self.queue_name, manifest]
            if await self._hand_back(keys=keys, args=[job_id, later or 0]):
                return
        await super().finish_job(job_id, finish, result_data, *rest)

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:
        """arq cannot run the job: its bytes are gone, or it names a function of another version. It loses no event
        of the books."""
        of_events, data = False, None
        if self._settler is not None:
            async with self.pool.pipeline(transaction=True) as pipe:
                pipe.hexists(self._settler.manifest, job_id)
                pipe.get(job_key_prefix + job_id)
                of_events, data = await pipe.execute()
        if self._settler is None or not of_events:
            await super().finish_failed_job(job_id, result_data)
        elif data is None:
            await self._settler.write_off(job_id)
        else:
            log.error("job_unreadable", job=job_id)
            await self._settler.keep_unreadable(job_id, data)

    async def heart_beat(self) -> None:
        """Renew the leases of running jobs, then what arq does."""
        now = time.monotonic()
        if self.tasks and now - self._renewed_at > self._lease / 3:
            self._renewed_at = now
            await renew_leases(self.pool, self.tasks, self._lease)
        await super().heart_beat()

    async def drain(self, grace: float) -> None:
        """Stop picking, finish what can be finished within ``grace`` seconds, hand back the rest."""
        self.allow_pick_jobs = False
        running = [task for task in self.tasks.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await end(self.main_task)
