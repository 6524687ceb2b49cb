"""From a job's batches to stored events: runs the steps, stores in groups, and keeps a bad event from its neighbours.

Two kinds of failure (decisions §9): an outage is raised to the caller, who hands the job back; a data error concerns
one event, which alone is tried again and in the end goes to the dead letters.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import structlog
from pymongo.errors import PyMongoError

from tracker.config.cache import ConfigCache
from tracker.deadletters import DeadLetter, add_to, letter_for
from tracker.gather import Gatherer
from tracker.pipeline.draft import Draft
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.steps import begin, run_steps
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch, QueuedEvent, QueueProducer
from tracker.settings import Settings
from tracker.stores.documents import is_outage
from tracker.stores.redis import AsyncRedis

log = structlog.get_logger(__name__)

_LAST_WRITE_SECONDS = 5.0


@dataclass(slots=True)
class Failure:
    """An event that could not be processed, and by which step or class of error."""

    batch: QueuedBatch
    event: QueuedEvent
    error: str


@dataclass(slots=True)
class Prepared:
    """A job's events after the steps."""

    drafts: list[Draft] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    outcomes: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    maybe_known: bool = False


class BatchProcessor:
    """Processes jobs of one process; concurrent ones share transactions."""

    def __init__(self, cache: ConfigCache, store: Store, settings: Settings) -> None:
        self._cache = cache
        self._store = store
        self._settings = settings
        self._writer: Gatherer[Prepared, None] = Gatherer(
            self._write_together, max_weight=settings.worker_batch_events, max_waiting=2**31
        )

    async def process(self, batches: Sequence[QueuedBatch], *, delivered_before: bool, alone: bool = False) -> Prepared:
        """Take a job's batches through the pipeline.

        :param delivered_before: an earlier delivery may have stored some of it.
        :param alone: share no transaction with other jobs, because this one may have killed a worker.
        :returns: outcomes and the events that failed, which the caller retries or buries.
        :raises Exception: an outage, of MongoDB or of the configuration database.
        """
        prepared = await self._prepare(batches)
        prepared.maybe_known = delivered_before
        if prepared.drafts:
            if alone:
                await self._write(prepared)
            else:
                await self._writer.submit(prepared, len(prepared.drafts))
        return prepared

    async def close(self) -> None:
        """Let the transaction that is under way end; what its jobs were handed back for, they find done."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._writer.close(), _LAST_WRITE_SECONDS)

    async def _prepare(self, batches: Sequence[QueuedBatch]) -> Prepared:
        prepared = Prepared()
        for batch in batches:
            client = await self._cache.client(batch.client_id)
            for event in batch.events:
                try:
                    if client is None:
                        raise Drop(Outcome.DROPPED_CLIENT_GONE)
                    prepared.drafts.append(run_steps(begin(client, batch, event)))
                except Drop as drop:
                    prepared.outcomes[batch.client_id, drop.outcome] += 1
                except Exception as error:
                    prepared.failures.append(Failure(batch, event, f"steps: {type(error).__name__}"))
        return prepared

    async def _write_together(self, group: Sequence[Prepared]) -> list[None]:
        if len(group) == 1:
            await self._write(group[0])
            return [None]
        drafts = [draft for prepared in group for draft in prepared.drafts]
        maybe_known = any(prepared.maybe_known for prepared in group)
        try:
            known = await self._store.store(drafts, maybe_known=maybe_known)
        except Exception as error:
            if is_outage(error):
                raise
            # Someone's data is refused: each job for itself now, so that the search stays among its own events.
            for prepared in group:
                await self._write(prepared)
            return [None] * len(group)
        for prepared in group:
            _count(prepared, known)
        return [None] * len(group)

    async def _write(self, prepared: Prepared) -> None:
        known: set[tuple[str, str]] = set()
        failed = await self._store_or_split(prepared.drafts, prepared.maybe_known, known)
        prepared.failures += failed
        lost = {(failure.batch.client_id, failure.event.event_id) for failure in failed}
        prepared.drafts = [draft for draft in prepared.drafts if draft.key not in lost]
        _count(prepared, known)

    async def _store_or_split(
        self, drafts: Sequence[Draft], maybe_known: bool, known: set[tuple[str, str]]
    ) -> list[Failure]:
        """Store a batch; where its data is refused, halve it until the refused events stand alone."""
        if not drafts:
            return []
        try:
            known |= await self._store.store(drafts, maybe_known=maybe_known)
            return []
        except Exception as error:
            if is_outage(error):
                raise
            if len(drafts) == 1:
                code = getattr(error, "code", None) if isinstance(error, PyMongoError) else None
                name = f"store: {type(error).__name__}" + (f" {code}" if code else "")
                return [Failure(drafts[0].batch, drafts[0].queued, name)]
        half = len(drafts) // 2
        return [
            *await self._store_or_split(drafts[:half], maybe_known, known),
            *await self._store_or_split(drafts[half:], maybe_known, known),
        ]


def _count(prepared: Prepared, known: set[tuple[str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for draft in prepared.drafts:
        again = draft.key in known or draft.key in seen
        seen.add(draft.key)
        prepared.outcomes[draft.client.client_id, Outcome.DUPLICATE if again else Outcome.STORED] += 1


class Settler:
    """Settles in Redis what a processed job leaves: retries, dead letters, outcome counts."""

    def __init__(self, redis: AsyncRedis, producer: QueueProducer, settings: Settings) -> None:
        self._redis = redis
        self._producer = producer
        self._settings = settings

    async def settle(self, prepared: Prepared) -> None:
        """Write it all at once, before the job leaves the queue: an event is in one place at least at any time."""
        if not (prepared.failures or prepared.outcomes):
            return
        letters: list[DeadLetter] = []
        async with self._redis.pipeline(transaction=True) as pipe:
            for failure in prepared.failures:
                if letter := self._retry(pipe, failure):
                    letters.append(letter)
                    prepared.outcomes[failure.batch.client_id, Outcome.DEAD_LETTER] += 1
            add_to(pipe, letters)
            for (client_id, outcome), number in prepared.outcomes.items():
                pipe.hincrby(f"tracker:outcomes:{client_id}", outcome.value, number)
            await pipe.execute()
        for letter in letters:
            log.warning("event_dead_lettered", client=letter.client_id, error=letter.error, letter=letter.id)

    def _retry(self, pipe: object, failure: Failure) -> DeadLetter | None:
        now = time.time()
        event = msgspec.structs.replace(
            failure.event,
            attempt=failure.event.attempt + 1,
            first_error_at=failure.event.first_error_at or now,
        )
        batch = msgspec.structs.replace(failure.batch, events=[event])
        if event.attempt >= self._settings.event_max_tries:
            return letter_for(batch, failure.error, event.attempt, now)
        pause = self._settings.event_retry_seconds * 2 ** (event.attempt - 1)
        self._producer.add_to(pipe, [batch], delay=pause * random.uniform(0.75, 1.25))  # noqa: S311
        return None
