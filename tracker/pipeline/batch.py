"""From a job's batches to stored events: runs the steps, stores in groups, and keeps a bad event from its neighbours.

Two kinds of failure (decisions §9): an outage is raised to the caller, who hands the job back; a data error concerns
one event, which alone is tried again and in the end goes to the dead letters.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from pymongo.errors import PyMongoError

from tracker.config.cache import ConfigCache
from tracker.gather import Gatherer
from tracker.leads.disposable import spam_rules
from tracker.pipeline.copies import is_copy
from tracker.pipeline.draft import Draft
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.steps import begin, run_steps
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch, QueuedEvent
from tracker.settings import Settings
from tracker.stores.documents import is_outage

_LAST_WRITE_SECONDS = 5.0


@dataclass(slots=True)
class Failure:
    """An event that could not be processed, and by which step or class of error."""

    batch: QueuedBatch
    event: QueuedEvent
    error: str


@dataclass(slots=True)
class Prepared:
    """A job's events after the steps. ``stripped``: stored ones by why all that is personal was taken out."""

    drafts: list[Draft] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    outcomes: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    stripped: Counter[str] = field(default_factory=Counter)
    maybe_known: bool = False


class TimeLimitError(Exception):
    """Processing took longer than ``job_timeout_seconds``, and was ended."""


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """End what is inside after so long.

    :raises TimeLimitError: then. A ``TimeoutError`` of a store comes out as it is.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise TimeLimitError from None
        raise


class BatchProcessor:
    """Processes jobs of one process; concurrent ones share transactions."""

    def __init__(self, cache: ConfigCache, store: Store, settings: Settings) -> None:
        self._cache = cache
        self._store = store
        self._settings = settings
        self._rules = spam_rules(settings)
        self._writer: Gatherer[Prepared, None] = Gatherer(
            self._write_together, max_weight=settings.worker_batch_events, max_waiting=2**31
        )

    async def process(self, batches: Sequence[QueuedBatch], *, delivered_before: bool, alone: bool = False) -> Prepared:
        """Take a job's batches through the pipeline.

        :param delivered_before: an earlier delivery may have stored some of it.
        :param alone: share no transaction with other jobs, because this one may have killed a worker.
        :returns: outcomes and the events that failed, which the caller retries or buries.
        :raises TimeLimitError: when the transaction that it shared took too long.
        :raises Exception: an outage, of MongoDB or of the configuration database.
        """
        prepared = await self._prepare(batches)
        prepared.maybe_known = delivered_before
        if prepared.drafts:
            if alone:
                await self._write(prepared)
            else:
                await self._writer.submit(prepared, len(prepared.drafts))
            _spare_copies(prepared)
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
                    draft = begin(client, batch, event, region=self._settings.default_region, rules=self._rules)
                    prepared.drafts.append(run_steps(draft))
                except Drop as drop:
                    prepared.outcomes[batch.client_id, drop.outcome] += 1
                except Exception as error:
                    prepared.failures.append(Failure(batch, event, f"steps: {type(error).__name__}"))
        prepared.drafts, erased = await self._store.suppressor.apply(prepared.drafts)
        for draft in erased:
            prepared.outcomes[draft.client.client_id, Outcome.DROPPED_ERASED] += 1
        return prepared

    async def _write_together(self, group: Sequence[Prepared]) -> list[None]:
        """One transaction for all. It ends in time even when every job in it has given up waiting: the next group
        waits behind it."""
        async with time_limit(self._settings.job_timeout_seconds):
            await self._write_group(group)
        return [None] * len(group)

    async def _write_group(self, group: Sequence[Prepared]) -> None:
        if len(group) == 1:
            await self._write(group[0])
            return
        drafts = [draft for prepared in group for draft in prepared.drafts]
        maybe_known = any(prepared.maybe_known for prepared in group)
        try:
            await self._store.store(drafts, maybe_known=maybe_known)
        except Exception as error:
            if is_outage(error):
                raise
            # Someone's data is refused: each job for itself now, so that the search stays among its own events.
            for prepared in group:
                await self._write(prepared)
            return
        seen: set[tuple[str, str]] = set()
        for prepared in group:
            _count(prepared, seen)

    async def _write(self, prepared: Prepared) -> None:
        failed = await self._store_or_split(prepared.drafts, prepared.maybe_known)
        prepared.failures += failed
        lost = {id(failure.event) for failure in failed}
        prepared.drafts = [draft for draft in prepared.drafts if id(draft.queued) not in lost]
        _count(prepared, set())

    async def _store_or_split(self, drafts: Sequence[Draft], maybe_known: bool) -> list[Failure]:
        """Store a batch; where its data is refused, halve it until the refused events stand alone."""
        if not drafts:
            return []
        try:
            await self._store.store(drafts, maybe_known=maybe_known)
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
            *await self._store_or_split(drafts[:half], maybe_known),
            *await self._store_or_split(drafts[half:], maybe_known),
        ]


def _spare_copies(prepared: Prepared) -> None:
    """A copy that failed of an event that is stored is a duplicate: it would be found so when it is tried again."""
    stored = {draft.key for draft in prepared.drafts}
    failures, prepared.failures = prepared.failures, []
    for failure in failures:
        if (failure.batch.client_id, failure.event.event_id) in stored:
            prepared.outcomes[failure.batch.client_id, Outcome.DUPLICATE] += 1
        else:
            prepared.failures.append(failure)


def _count(prepared: Prepared, seen: set[tuple[str, str]]) -> None:
    """Enter outcomes: of all copies of an event one is ``stored``, the one whose document it is.

    That holds for a document of an earlier delivery too, whose worker died before it could enter anything.

    :param seen: keys that were counted as stored in the same transaction; goes on here.
    """
    for draft in prepared.drafts:
        if draft.erased:
            prepared.outcomes[draft.client.client_id, Outcome.DROPPED_ERASED] += 1
            continue
        another = draft.stored_id is not None and not is_copy(draft.stored_id, draft.batch.received_at)
        if another or draft.key in seen:
            outcome = Outcome.DUPLICATE
        else:
            outcome = Outcome.STORED
            seen.add(draft.key)
            if draft.stripped:
                prepared.stripped[draft.stripped] += 1
        prepared.outcomes[draft.client.client_id, outcome] += 1
