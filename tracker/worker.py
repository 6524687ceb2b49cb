"""The only consumer of arq jobs (decisions §8).

What arq does by default and must not do here is changed in :class:`LeasedWorker`: a killed worker's jobs are taken
over after seconds, an outage of Redis does not end the process, and claiming is one round trip for many jobs.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
import uvloop
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, retry_key_prefix
from arq.worker import Retry, Worker, func
from pymongo.errors import PyMongoError

from tracker.config.cache import ConfigCache
from tracker.documents import open_documents
from tracker.errors import UnavailableError
from tracker.pipeline.batch import BatchProcessor, Failure, Prepared, Settler
from tracker.pipeline.store import Store
from tracker.queue import (
    PROCESS_EVENTS,
    Payload,
    QueuedBatch,
    QueueProducer,
    decode_batches,
    deserialize,
    forget_start,
    queue_name,
    renew_leases,
    serialize,
)
from tracker.settings import Settings
from tracker.stores import documents as document_store
from tracker.stores import redis as redis_store
from tracker.stores.documents import Documents
from tracker.stores.redis import AsyncRedis
from tracker.stores.relational import create_engine
from tracker.telemetry.logs import configure

log = structlog.get_logger(__name__)

_UNLIMITED_TRIES = 2**31  # arq drops a job beyond its tries; here the count only tells how often a worker died
_ARQ_PATIENCE_SECONDS = 30.0  # beyond our own time limit: arq gives up jobs that it times out itself
_PAUSE_SECONDS = (0.25, 5.0)  # least and most between two looks whether a store is back

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


class LeasedWorker(Worker):
    """An arq worker that holds jobs by short leases which it renews while they run."""

    def __init__(self, redis: ArqRedis, settings: Settings, context: dict[str, Any], *, name: str) -> None:
        super().__init__(
            functions=[func(process_events, name=PROCESS_EVENTS)],  # type: ignore[arg-type]
            redis_pool=redis,
            queue_name=name,
            handle_signals=False,
            max_jobs=settings.worker_max_jobs,
            job_timeout=settings.job_timeout_seconds + _ARQ_PATIENCE_SECONDS,
            keep_result=0,
            poll_delay=settings.worker_poll_seconds,
            max_tries=_UNLIMITED_TRIES,
            ctx=context,
            job_serializer=serialize,
            job_deserializer=deserialize,
            log_results=False,
        )
        self._lease = settings.job_lease_seconds
        self._renewed_at = 0.0
        self._claim = redis.register_script(_CLAIM)
        self._away_pause = 0.0

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
            self._away_pause = 0.0
        except Exception as error:
            if not redis_store.is_outage(error):
                raise
            # Finished work whose job could not be taken off the queue is done again and changes nothing.
            if not self._away_pause:
                log.warning("queue_away", queue=self.queue_name, error=type(error).__name__)
            self._away_pause = min(max(2 * self._away_pause, _PAUSE_SECONDS[0]), _PAUSE_SECONDS[1])
            await asyncio.sleep(self._away_pause)

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
        for job_id, score in zip(claimed[::2], claimed[1::2], strict=True):
            await self.sem.acquire()
            self.job_counter += 1
            task = self.loop.create_task(self.run_job(job_id.decode(), int(float(score))))
            task.add_done_callback(lambda _: self._release_sem_dec_counter_on_complete())
            self.tasks[job_id.decode()] = task

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
        if self.main_task:
            self.main_task.cancel()


@dataclass(slots=True)
class Shift:
    """What the jobs of one queue share; in arq's context under ``shift``."""

    settings: Settings
    redis: AsyncRedis
    producer: QueueProducer
    processor: BatchProcessor
    settler: Settler
    outage: OutageGate
    suspects: asyncio.Lock


async def process_events(ctx: dict[str, Any], payload: Payload) -> None:
    """The job: process, settle; hand back in an outage."""
    shift: Shift = ctx["shift"]
    job_id: str = ctx["job_id"]
    try:
        async with asyncio.timeout(shift.settings.job_timeout_seconds):
            await _process(shift, job_id, ctx["job_try"] - 1, decode_batches(payload.data))
    except asyncio.CancelledError:
        await asyncio.shield(_hand_back(shift, job_id))
        raise
    except Exception as error:
        if not _is_outage(error):
            log.error("job_failed", job=job_id, error=type(error).__name__)
        await _hand_back(shift, job_id)
        raise Retry(defer=shift.outage.began(error)) from None


async def _process(shift: Shift, job_id: str, kills: int, batches: list[QueuedBatch]) -> None:
    events = [(batch, event) for batch in batches for event in batch.events]
    kills += max((event.kills for _, event in events), default=0)
    if kills == 0:
        again = any(event.attempt for _, event in events)
        await shift.settler.settle(await shift.processor.process(batches, delivered_before=again))
    elif len(events) == 1 and kills >= shift.settings.event_max_kills:
        await _bury(shift, *events[0], kills)
    elif len(events) > 1 and kills >= shift.settings.event_max_kills - 1:
        await _split(shift, events, kills)
    else:
        await _process_suspect(shift, job_id, batches)


async def _process_suspect(shift: Shift, job_id: str, batches: list[QueuedBatch]) -> None:
    """Process a job that was running when a worker died, one such at a time and apart from all others.

    While it waits its start does not count: if another suspect kills this process now, it is not to blame.
    """
    await forget_start(shift.redis, job_id)
    async with shift.suspects:
        await shift.redis.incr(retry_key_prefix + job_id)
        prepared = await shift.processor.process(batches, delivered_before=True, alone=True)
    await shift.settler.settle(prepared)


async def _split(shift: Shift, events: list[tuple[QueuedBatch, Any]], kills: int) -> None:
    """Replace a job that killed workers by one job for each of its events, so that only the guilty one is buried."""
    async with shift.redis.pipeline(transaction=True) as pipe:
        for batch, event in events:
            alone = msgspec.structs.replace(batch, events=[msgspec.structs.replace(event, kills=kills)])
            shift.producer.add_to(pipe, [alone])
        await pipe.execute()
    log.warning("job_split", events=len(events), kills=kills)


async def _bury(shift: Shift, batch: QueuedBatch, event: Any, kills: int) -> None:
    spent = msgspec.structs.replace(event, attempt=max(event.attempt, shift.settings.event_max_tries))
    failure = Failure(batch, spent, f"killed its worker {kills} times")
    await shift.settler.settle(Prepared(failures=[failure]))


async def _hand_back(shift: Shift, job_id: str) -> None:
    with contextlib.suppress(Exception):
        await forget_start(shift.redis, job_id)


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, UnavailableError) or document_store.is_outage(error) or redis_store.is_outage(error)


class OutageGate:
    """While a store is away no job is picked, so that a long outage costs neither tries nor work.

    :param probe: raises while the store is away.
    """

    def __init__(self, probe: Callable[[], Any]) -> None:
        self._probe = probe
        self._waiting: asyncio.Task[None] | None = None
        self.workers: list[LeasedWorker] = []

    def began(self, error: BaseException) -> float:
        """Note an outage; returns for how many seconds the job shall be put off."""
        if self._waiting is None:
            log.warning("store_away", error=type(error).__name__)
            for worker in self.workers:
                worker.allow_pick_jobs = False
            self._waiting = asyncio.create_task(self._wait())
        return 1.0

    async def _wait(self) -> None:
        started, pause = time.monotonic(), _PAUSE_SECONDS[0]
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
                break
            except Exception as error:
                if not _is_outage(error):
                    log.error("probe_failed", error=type(error).__name__)
                pause = min(2 * pause, _PAUSE_SECONDS[1])
        log.info("store_back", away_seconds=round(time.monotonic() - started, 1))
        self._waiting = None
        for worker in self.workers:
            worker.allow_pick_jobs = True

    async def close(self) -> None:
        """Stop waiting."""
        if self._waiting:
            self._waiting.cancel()


@asynccontextmanager
async def open_workers(settings: Settings) -> AsyncIterator[list[LeasedWorker]]:
    """Connect and build a worker for each queue shard.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    async with AsyncExitStack() as stack:
        documents = await stack.enter_async_context(open_documents(settings, indexes=True))
        engine = create_engine(settings)
        stack.callback(engine.dispose)
        shared = redis_store.connect(settings)
        stack.push_async_callback(redis_store.close, shared)
        cache = ConfigCache(shared, engine, settings)
        await cache.start()
        stack.push_async_callback(cache.close)
        processor = BatchProcessor(cache, Store(documents, settings), settings)
        outage = OutageGate(lambda: _probe(documents))
        stack.push_async_callback(outage.close)
        suspects = asyncio.Lock()
        for shard, url in enumerate(redis_store.queue_urls(settings)):
            redis = _arq_redis(settings, url)
            stack.push_async_callback(redis_store.close, redis)
            producer = QueueProducer(redis, shard)
            settler = Settler(redis, producer, settings)
            shift = Shift(settings, redis, producer, processor, settler, outage, suspects)
            outage.workers.append(LeasedWorker(redis, settings, {"shift": shift}, name=queue_name(shard)))
        yield outage.workers


async def _probe(documents: Documents) -> None:
    await documents.client.admin.command("ping")
    # A ping answers on a secondary too; what is needed is a primary.
    await documents.database["trackerctl_meta"].update_one({"_id": "probe"}, {"$set": {"at": time.time()}}, upsert=True)


def _arq_redis(settings: Settings, url: str) -> ArqRedis:
    client = redis_store.connect(settings, url)
    return ArqRedis(pool_or_conn=client.connection_pool, job_serializer=serialize, job_deserializer=deserialize)


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set; a MongoDB that is away at the start is waited for."""
    while not stop.is_set():
        try:
            async with open_workers(settings) as workers:
                await _run(workers, settings, stop)
        except (PyMongoError, UnavailableError) as error:
            if not _is_outage(error):
                raise
            log.warning("store_away", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _PAUSE_SECONDS[1] / 2)


async def _run(workers: list[LeasedWorker], settings: Settings, stop: asyncio.Event) -> None:
    running = [asyncio.create_task(worker.async_run()) for worker in workers]
    stopped = asyncio.create_task(stop.wait())
    log.info("worker_started", queues=[worker.queue_name for worker in workers])
    done, _ = await asyncio.wait([*running, stopped], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.drain(settings.shutdown_grace_seconds) for worker in workers))
    await asyncio.gather(*running, return_exceptions=True)
    stopped.cancel()
    log.info("worker_stopped", jobs=sum(worker.jobs_complete for worker in workers))
    for task in done:
        if task is not stopped and not task.cancelled() and (error := task.exception()):
            raise error


def run_worker(settings: Settings) -> int:
    """Run one worker process until SIGTERM or SIGINT; returns the exit code.

    :raises SettingsError: when settings are missing.
    """
    settings.require("config_db_url", "mongodb_url", "redis_url")
    configure(settings)

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(settings, stop)

    uvloop.run(main())
    return 0
