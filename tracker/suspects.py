"""Finds the event that kills workers (decisions §8: it must end in the dead letters as well), and the one that takes
too long.

A job that was running when its worker died is suspect. Suspects run one at a time and apart from all others, so that
the next death has one author; a fat job is then split into its events, and the one that goes on killing is buried
after ``event_max_kills`` deaths. Only a run alone counts against an event: whoever merely waited, or shared a process
with the guilty one, is stored.

A job that runs into its time limit while the stores answer is suspect as well: it is split into smaller jobs, which run
alone, until the slow event stands alone. Each time that it then takes too long by itself costs it a try.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter

import msgspec
import structlog

from tracker.pipeline.batch import Failure, Prepared, time_limit
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import SUSPECT, Settler
from tracker.queue import QueuedBatch, QueuedEvent
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

Single = tuple[QueuedBatch, QueuedEvent]
# Three rounds of the time limit find the slow one among 500, and few of its neighbours wait for their turn meanwhile.
_PARTS = 8


class Suspects:
    """Handles jobs of one queue that may have killed a worker, or that take too long.

    :param turn: shared by all queues of a process: one suspect at a time in it.
    :param process: processes and settles a job, sharing no transaction.
    """

    def __init__(
        self,
        redis: AsyncRedis,
        settler: Settler,
        settings: Settings,
        *,
        turn: asyncio.Lock,
        process: Callable[[str, list[QueuedBatch]], Awaitable[None]],
    ) -> None:
        self._redis = redis
        self._settler = settler
        self._max_kills = settings.event_max_kills
        self._max_tries = settings.event_max_tries
        self._seconds = settings.job_timeout_seconds
        self._turn = turn
        self._process = process

    async def handle(self, job_id: str, batches: list[QueuedBatch]) -> None:
        """After a worker's death: run the job alone, split it, or bury its only event.

        :raises TimeLimitError: see :meth:`over_time`.
        """
        singles = _singles(batches)
        marker = SUSPECT + job_id
        # The death that made it suspect, or those it brought along from the job it was split from.
        before = max((event.kills for _, event in singles), default=0) or 1
        kills = before + int(await self._redis.get(marker) or 0)
        if len(singles) == 1 and kills >= self._max_kills:
            await self._bury(job_id, *singles[0], kills)
        elif len(singles) > 1 and kills >= self._max_kills - 1:
            await self._split(job_id, singles, kills)
        else:
            await self._run_marked(marker, job_id, batches)
        await self._redis.delete(marker)

    async def run_alone(self, job_id: str, batches: list[QueuedBatch]) -> None:
        """Run a job while no other suspect runs; its time begins when its turn comes.

        :raises TimeLimitError: when it takes too long.
        """
        async with self._turn, time_limit(self._seconds):
            await self._process(job_id, batches)

    async def over_time(self, job_id: str, batches: list[QueuedBatch]) -> None:
        """Split a job that took too long though the stores answer, or spend a try of its only event."""
        slow = [
            (batch, msgspec.structs.replace(event, timeouts=event.timeouts + 1)) for batch, event in _singles(batches)
        ]
        log.warning("job_over_time", job=job_id, events=len(slow))
        if len(slow) == 1 and slow[0][1].timeouts > 1:
            await self._settler.settle(job_id, Prepared(failures=[Failure(*slow[0], "timeout")]))
            return
        prepared = Prepared()
        kept = _first_copies(slow, prepared)
        size = -(-len(kept) // _PARTS)
        parts = [kept[start : start + size] for start in range(0, len(kept), size)]
        await self._settler.settle(job_id, prepared, instead=[_batches(part) for part in parts])

    async def _run_marked(self, marker: str, job_id: str, batches: list[QueuedBatch]) -> None:
        async with self._turn:
            await self._redis.incr(marker)
            try:
                async with time_limit(self._seconds):
                    await self._process(job_id, batches)
            except BaseException:
                # An outage or an orderly stop: it lived, so it did not kill.
                with suppress(Exception):
                    await asyncio.shield(self._redis.decr(marker))
                raise

    async def _split(self, job_id: str, singles: Sequence[Single], kills: int) -> None:
        prepared = Prepared()
        marked = [(batch, msgspec.structs.replace(event, kills=kills)) for batch, event in singles]
        apart = [_batches([single]) for single in _first_copies(marked, prepared)]
        if await self._settler.settle(job_id, prepared, instead=apart):
            log.warning("job_split", events=len(singles), kills=kills)

    async def _bury(self, job_id: str, batch: QueuedBatch, event: QueuedEvent, kills: int) -> None:
        spent = msgspec.structs.replace(event, attempt=max(event.attempt, self._max_tries))
        failure = Failure(batch, spent, f"killed its worker {kills} times")
        await self._settler.settle(job_id, Prepared(failures=[failure]))


def _singles(batches: Sequence[QueuedBatch]) -> list[Single]:
    return [(batch, event) for batch in batches for event in batch.events]


def _first_copies(singles: Sequence[Single], prepared: Prepared) -> list[Single]:
    """One of each event. In jobs apart, copies from one request could not be told apart any more."""
    kept: dict[tuple[str, str], Single] = {}
    for batch, event in singles:
        key = (batch.client_id, event.event_id)
        if key in kept:
            prepared.outcomes[batch.client_id, Outcome.DUPLICATE] += 1
        else:
            kept[key] = (batch, event)
    return list(kept.values())


def _batches(singles: Sequence[Single]) -> list[QueuedBatch]:
    """The batches again, each with those of its events that are among these."""
    groups = groupby(singles, key=lambda single: id(single[0]))
    found = [list(group) for _, group in groups]
    return [msgspec.structs.replace(group[0][0], events=list(map(itemgetter(1), group))) for group in found]
