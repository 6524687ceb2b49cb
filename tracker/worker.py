"""The worker process: builds the consumers of all queue shards and runs them until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog
import uvloop
from arq.connections import ArqRedis
from arq.worker import func
from pymongo.errors import PyMongoError

from tracker.config.cache import ConfigCache
from tracker.config.service import ConfigService
from tracker.crm.sync.open import opener
from tracker.crm.sync.runner import CrmRunner
from tracker.crons import CronContext, CronWorker
from tracker.documents import open_documents
from tracker.errors import UnavailableError
from tracker.heartbeat import Pulse
from tracker.jobs import ARQ_TIMEOUT_SECONDS, Shift, process_events
from tracker.leases import LeasedWorker
from tracker.orphans import SessionRegistry
from tracker.outage import PAUSE_SECONDS, OutageGate, is_outage
from tracker.pipeline.batch import BatchProcessor
from tracker.pipeline.settle import Settler
from tracker.pipeline.store import Store
from tracker.queue import CRON_EXPIRY_MS, PROCESS_EVENTS, QueuedBatch, QueueProducer, deserialize, queue_name, serialize
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.documents import Documents
from tracker.stores.relational import create_engine
from tracker.suspects import Suspects
from tracker.telemetry.logs import configure
from tracker.webhooks.open import open_runner

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_workers(settings: Settings) -> AsyncIterator[list[LeasedWorker]]:
    """Connect and build a worker for each queue shard, and one for the periodic jobs.

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
        webhooks = open_runner(documents.database, engine, shared, settings)
        store = Store(documents, settings, webhooks.wake)
        if store.session_id is not None:
            registry = SessionRegistry(shared, documents.client, settings.job_lease_seconds)
            await registry.start(store.session_id)
            stack.push_async_callback(registry.close)
        processor = BatchProcessor(cache, store, settings)
        # The other way round at the end: what is being written, then the session, then its entry.
        stack.push_async_callback(store.close)
        stack.push_async_callback(processor.close)
        outage = OutageGate(lambda: _probe(documents))
        stack.push_async_callback(outage.close)
        turn = asyncio.Lock()
        workers: list[LeasedWorker] = []
        queues: list[ArqRedis] = []
        for shard, url in enumerate(redis_store.queue_urls(settings)):
            redis = _arq_redis(settings, url)
            stack.push_async_callback(redis_store.close, redis)
            queues.append(redis)
            shift = _shift(settings, redis, shard, processor, outage, turn)
            functions = [func(process_events, name=PROCESS_EVENTS, timeout=ARQ_TIMEOUT_SECONDS)]
            queue, held = queue_name(shard), {"shift": shift}
            workers.append(LeasedWorker(redis, settings, functions, held, queue=queue, settler=shift.settler))
        context = CronContext(settings, documents, shared, tuple(queues), cache, outage)
        workers.append(CronWorker(queues[0], settings, context))
        outage.workers.extend(workers)
        service = ConfigService(engine, settings, actor="worker", notify=_nobody)
        runner = CrmRunner(
            documents.database,
            opener(cache, service, settings.crm_timeout_seconds),
            gather=timedelta(seconds=settings.crm_gather_seconds),
            at_once=settings.crm_max_accounts,
        )
        await runner.start()
        stack.push_async_callback(runner.close)
        await webhooks.start()
        stack.push_async_callback(webhooks.close)
        pulse = Pulse(shared, lambda: _pulse_of(workers))
        await pulse.start()
        stack.push_async_callback(pulse.close)
        yield workers


def _nobody() -> None:
    """Workers change no configuration that others would have to hear of."""


def _pulse_of(workers: list[LeasedWorker]) -> tuple[int, int, bool]:
    of_events = [worker for worker in workers if not isinstance(worker, CronWorker)]
    running = sum(not task.done() for worker in of_events for task in worker.tasks.values())
    done = sum(worker.jobs_complete for worker in of_events)
    return running, done, all(worker.allow_pick_jobs for worker in of_events)


def _shift(
    settings: Settings,
    redis: ArqRedis,
    shard: int,
    processor: BatchProcessor,
    outage: OutageGate,
    turn: asyncio.Lock,
) -> Shift:
    producer = QueueProducer(redis, shard)
    settler = Settler(redis, producer, settings)

    async def process_alone(job_id: str, batches: list[QueuedBatch]) -> None:
        await settler.settle(job_id, await processor.process(batches, delivered_before=True, alone=True))

    suspects = Suspects(redis, settler, settings, turn=turn, process=process_alone)
    return Shift(settings, redis, processor, settler, suspects, outage)


async def _probe(documents: Documents) -> None:
    await documents.client.admin.command("ping")
    # A ping answers on a secondary too; what is needed is a primary.
    await documents.database["trackerctl_meta"].update_one({"_id": "probe"}, {"$set": {"at": time.time()}}, upsert=True)


def _arq_redis(settings: Settings, url: str) -> ArqRedis:
    client = redis_store.connect(settings, url)
    return ArqRedis(
        pool_or_conn=client.connection_pool,
        job_serializer=serialize,
        job_deserializer=deserialize,
        expires_extra_ms=CRON_EXPIRY_MS,
    )


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Work until ``stop`` is set; a MongoDB that is away at the start is waited for."""
    while not stop.is_set():
        try:
            async with open_workers(settings) as workers:
                await _run(workers, settings, stop)
        except (PyMongoError, UnavailableError) as error:
            if not is_outage(error):
                raise
            log.warning("store_away", error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_SECONDS[1] / 2)


async def _run(workers: list[LeasedWorker], settings: Settings, stop: asyncio.Event) -> None:
    running = [asyncio.create_task(worker.async_run()) for worker in workers]
    stopped = asyncio.create_task(stop.wait())
    log.info("worker_started", queues=[worker.queue_name for worker in workers])
    done, _ = await asyncio.wait([*running, stopped], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.drain(settings.shutdown_grace_seconds) for worker in workers))
    await asyncio.gather(*running, return_exceptions=True)
    stopped.cancel()
    of_events = [worker for worker in workers if not isinstance(worker, CronWorker)]
    log.info("worker_stopped", jobs=sum(worker.jobs_complete for worker in of_events))
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

    # A batch is thousands of short-lived dictionaries that reference counting frees; looking for cycles among them
    # every 700 allocations costs a tenth of the worker's CPU and finds nothing.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    uvloop.run(main())
    return 0
