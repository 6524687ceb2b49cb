"""Finds the event that kills workers (decisions §8: it must end in the dead letters as well).

A job that was running when its worker died is suspect. Suspects run one at a time and apart from all others, so that
the next death has one author; a fat job is then split into its events, and the one that goes on killing is buried
after ``event_max_kills`` deaths. Only a run alone counts against an event: whoever merely waited, or shared a process
with the guilty one, is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
import structlog

from tracker.pipeline.batch import Failure, Prepared, Settler
from tracker.queue import QueuedBatch, QueuedEvent, QueueProducer
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

Single = tuple[QueuedBatch, QueuedEvent]


class Suspects:
    """Handles jobs of one queue that may have killed a worker.

    :param turn: shared by all queues of a process: one suspect at a time in it.
    :param process: processes and settles batches, sharing no transaction.
    """

    def __init__(
        self,
        redis: AsyncRedis,
        producer: QueueProducer,
        settler: Settler,
        settings: Settings,
        *,
        turn: asyncio.Lock,
        process: Callable[[list[QueuedBatch]], Awaitable[None]],
    ) -> None:
        self._redis = redis
        self._producer = producer
        self._settler = settler
        self._max_kills = settings.event_max_kills
        self._max_tries = settings.event_max_tries
        self._turn = turn
        self._process = process

    async def handle(self, job_id: str, batches: list[QueuedBatch]) -> None:
        """Run the job alone, split it, or bury its only event."""
        singles = [(batch, event) for batch in batches for event in batch.events]
        marker = f"tracker:suspect:{job_id}"
        # The death that made it suspect, or those it brought along from the job it was split from.
        before = max((event.kills for _, event in singles), default=0) or 1
        kills = before + int(await self._redis.get(marker) or 0)
        if len(singles) == 1 and kills >= self._max_kills:
            await self._bury(*singles[0], kills)
        elif len(singles) > 1 and kills >= self._max_kills - 1:
            await self._split(singles, kills)
        else:
            await self._run_alone(marker, batches)
        await self._redis.delete(marker)

    async def _run_alone(self, marker: str, batches: list[QueuedBatch]) -> None:
        async with self._turn:
            await self._redis.incr(marker)
            try:
                await self._process(batches)
            except BaseException:
                # An outage or an orderly stop: it lived, so it did not kill.
                with suppress(Exception):
                    await asyncio.shield(self._redis.decr(marker))
                raise

    async def _split(self, singles: list[Single], kills: int) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            for batch, event in singles:
                marked = msgspec.structs.replace(event, kills=kills)
                self._producer.add_to(pipe, [msgspec.structs.replace(batch, events=[marked])])
            await pipe.execute()
        log.warning("job_split", events=len(singles), kills=kills)

    async def _bury(self, batch: QueuedBatch, event: QueuedEvent, kills: int) -> None:
        spent = msgspec.structs.replace(event, attempt=max(event.attempt, self._max_tries))
        failure = Failure(batch, spent, f"killed its worker {kills} times")
        await self._settler.settle(Prepared(failures=[failure]))
