"""From a job's batches to stored events: one bad event alone, an outage as a whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect

from tests.fixtures.builders import NOON, a_batch, a_client, page_view, submission
from tracker.config.cache import ConfigCache
from tracker.config.records import ClientRecord
from tracker.errors import UnavailableError
from tracker.pipeline.batch import BatchProcessor, Prepared, TimeLimitError
from tracker.pipeline.draft import Draft
from tracker.pipeline.event_document import event_document
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch
from tracker.settings import Settings
from tracker.stores.documents import Documents


class Clients:
    """Stands for the configuration cache."""

    def __init__(self, *clients: ClientRecord) -> None:
        self.known = {client.client_id: client for client in clients}
        self.away = False

    async def client(self, client_id: str) -> ClientRecord | None:
        if self.away:
            raise UnavailableError("the configuration database does not answer")
        return self.known.get(client_id)


class Picky(Store):
    """A store that refuses some events, as MongoDB refuses a document, or that is away."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        super().__init__(documents, settings)
        self.refused: set[str] = set()
        self.slow: set[str] = set()
        self.away = False
        self.sizes: list[int] = []

    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        self.sizes.append(len(drafts))
        if self.away:
            raise AutoReconnect("gone")
        if any(draft.queued.event_id in self.refused for draft in drafts):
            raise ValueError("visitor typed secret words")
        if any(draft.queued.event_id in self.slow for draft in drafts):
            await asyncio.Event().wait()
        return await super().store(drafts, maybe_known=maybe_known)


@pytest.fixture
def client() -> ClientRecord:
    return a_client()


@pytest.fixture
def clients(client: ClientRecord) -> Clients:
    return Clients(client)


@pytest.fixture
def store(documents: Documents, document_settings: Settings) -> Picky:
    return Picky(documents, document_settings)


@pytest.fixture
def processor(clients: Clients, store: Picky, document_settings: Settings) -> BatchProcessor:
    return BatchProcessor(cast(ConfigCache, clients), store, document_settings)


async def processed(
    processor: BatchProcessor, jobs: list[list[QueuedBatch]], *, told: bool, together: bool
) -> list[Prepared]:
    if together:
        return await asyncio.gather(*(processor.process(job, delivered_before=told) for job in jobs))
    return [await processor.process(job, delivered_before=told) for job in jobs]


async def stored_ids(documents: Documents, client: ClientRecord) -> set[str]:
    return {row["eventId"] async for row in documents.database["events"].find({"clientId": client.client_id})}


async def test_every_event_ends_with_an_outcome(
    processor: BatchProcessor, client: ClientRecord, documents: Documents
) -> None:
    view = page_view()
    batch = a_batch(client, view, view, submission())
    unreadable = a_batch(client, page_view())
    unreadable.events[0].data = b'{"type": "custom", "n": 1e999}'
    gone = a_batch("nobody", page_view(), page_view())
    prepared = await processor.process([batch, unreadable, gone], delivered_before=False)
    assert dict(prepared.outcomes) == {
        (client.client_id, Outcome.STORED): 2,
        (client.client_id, Outcome.DUPLICATE): 1,
        (client.client_id, Outcome.DROPPED_UNREADABLE): 1,
        ("nobody", Outcome.DROPPED_CLIENT_GONE): 2,
    }
    assert prepared.failures == []
    assert len(await stored_ids(documents, client)) == 2
    sent_again = a_batch(client, view, received_at=NOON + timedelta(seconds=2))
    again = await processor.process([sent_again], delivered_before=False)
    assert dict(again.outcomes) == {(client.client_id, Outcome.DUPLICATE): 1}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("told", [True, False])
async def test_a_delivery_after_a_crash_counts_as_stored_what_the_one_before_it_stored(
    processor: BatchProcessor, client: ClientRecord, together: bool, told: bool
) -> None:
    """Of all copies of an event exactly one is stored, whichever deliveries could not enter their outcome."""
    view, other = page_view(), page_view()
    copies = [[a_batch(client, view, view, other, received_at=NOON + timedelta(seconds=n))] for n in range(3)]
    [first, *_] = await processed(processor, copies[:1], told=False, together=False)
    assert first.outcomes == {(client.client_id, Outcome.STORED): 2, (client.client_id, Outcome.DUPLICATE): 1}
    for order in (copies, copies[::-1]):
        found = await processed(processor, order, told=told, together=together)
        by_copy = {id(copy): each.outcomes for copy, each in zip(order, found, strict=True)}
        assert by_copy[id(copies[0])] == first.outcomes
        assert all(by_copy[id(copy)] == {(client.client_id, Outcome.DUPLICATE): 3} for copy in copies[1:])


async def test_of_copies_in_one_transaction_one_is_stored(processor: BatchProcessor, client: ClientRecord) -> None:
    view = page_view()
    jobs = [[a_batch(client, view, received_at=NOON + timedelta(seconds=n))] for n in range(8)]
    found = await processed(processor, jobs, told=False, together=True)
    assert sum((each.outcomes for each in found), Counter()) == {
        (client.client_id, Outcome.STORED): 1,
        (client.client_id, Outcome.DUPLICATE): 7,
    }


async def test_copies_that_a_split_tears_apart_count_once(
    processor: BatchProcessor, store: Picky, client: ClientRecord
) -> None:
    view, bad = page_view(), page_view()
    store.refused = {bad["id"]}
    prepared = await processor.process([a_batch(client, view, bad, page_view(), view)], delivered_before=False)
    assert prepared.outcomes == {(client.client_id, Outcome.STORED): 2, (client.client_id, Outcome.DUPLICATE): 1}
    assert len(prepared.failures) == 1


async def test_a_transaction_that_takes_too_long_is_ended_and_the_next_one_goes_on(
    clients: Clients, store: Picky, client: ClientRecord, document_settings: Settings
) -> None:
    quick = document_settings.model_copy(update={"job_timeout_seconds": 0.2})
    processor = BatchProcessor(cast(ConfigCache, clients), store, quick)
    store.slow = {"slow"}
    with pytest.raises(TimeLimitError):
        await processor.process([a_batch(client, page_view(id="slow"))], delivered_before=False)
    store.slow = set()
    prepared = await processor.process([a_batch(client, page_view())], delivered_before=False)
    assert prepared.outcomes == {(client.client_id, Outcome.STORED): 1}


async def test_jobs_at_the_same_time_share_transactions(
    processor: BatchProcessor, store: Picky, client: ClientRecord, documents: Documents
) -> None:
    jobs = [[a_batch(client, page_view(), page_view())] for _ in range(20)]
    results = await asyncio.gather(*(processor.process(job, delivered_before=False) for job in jobs))
    assert len(store.sizes) < 20
    assert sum(store.sizes) == len(await stored_ids(documents, client)) == 40
    assert [each.outcomes[client.client_id, Outcome.STORED] for each in results] == [2] * 20


@pytest.mark.parametrize("alone", [False, True])
async def test_a_refused_event_fails_alone_and_its_neighbours_are_stored(
    processor: BatchProcessor, store: Picky, client: ClientRecord, documents: Documents, alone: bool
) -> None:
    jobs = [[a_batch(client, *(page_view() for _ in range(7)))] for _ in range(3)]
    bad = {jobs[1][0].events[2].event_id, jobs[1][0].events[6].event_id}
    store.refused = bad
    results = await asyncio.gather(*(processor.process(job, delivered_before=False, alone=alone) for job in jobs))
    assert [[failure.event.event_id for failure in each.failures] for each in results] == [
        [],
        [jobs[1][0].events[2].event_id, jobs[1][0].events[6].event_id],
        [],
    ]
    assert [each.outcomes[client.client_id, Outcome.STORED] for each in results] == [7, 5, 7]
    assert await stored_ids(documents, client) == {event.event_id for job in jobs for event in job[0].events} - bad
    assert {failure.error for failure in results[1].failures} == {"store: ValueError"}


async def test_a_document_that_mongodb_refuses_fails_alone(
    processor: BatchProcessor, client: ClientRecord, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(client, *(page_view() for _ in range(4)))

    def huge(draft: Draft, settings: Settings) -> dict[str, Any]:
        extra = {"huge": "x" * 17 * 1024 * 1024} if draft.queued.event_id == batch.events[1].event_id else {}
        return event_document(draft, settings) | extra

    monkeypatch.setattr("tracker.pipeline.store.event_document", huge)
    prepared = await processor.process([batch], delivered_before=False)
    [failure] = prepared.failures
    assert failure.event is batch.events[1]
    assert failure.error.startswith("store: ")
    assert prepared.outcomes[client.client_id, Outcome.STORED] == 3
    assert len(await stored_ids(documents, client)) == 3


async def test_a_step_that_fails_takes_only_its_event(
    processor: BatchProcessor, client: ClientRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_batch(client, page_view(), page_view(id="bad"))

    def run_steps(draft: Draft) -> Draft:
        if draft.queued.event_id == "bad":
            raise KeyError("what the visitor typed")
        return real(draft)

    from tracker.pipeline import batch as module

    real = module.run_steps
    monkeypatch.setattr(module, "run_steps", run_steps)
    prepared = await processor.process([batch], delivered_before=False)
    assert [(failure.event.event_id, failure.error) for failure in prepared.failures] == [("bad", "steps: KeyError")]
    assert prepared.outcomes[client.client_id, Outcome.STORED] == 1


async def test_an_outage_of_mongodb_is_raised_and_nothing_fails(
    processor: BatchProcessor, store: Picky, client: ClientRecord, documents: Documents
) -> None:
    store.away = True
    batch = a_batch(client, page_view(), submission())
    for alone in (False, True):
        with pytest.raises(AutoReconnect):
            await processor.process([batch], delivered_before=False, alone=alone)
    assert len(store.sizes) == 2
    store.away = False
    prepared = await processor.process([batch], delivered_before=False)
    assert prepared.outcomes[client.client_id, Outcome.STORED] == 2
    assert [event.attempt for event in batch.events] == [0, 0]


async def test_an_outage_of_the_configuration_is_raised(
    processor: BatchProcessor, clients: Clients, client: ClientRecord
) -> None:
    clients.away = True
    with pytest.raises(UnavailableError):
        await processor.process([a_batch(client, page_view())], delivered_before=False)


@pytest.mark.parametrize("bad", [0, 1])
@pytest.mark.parametrize("place", ["step", "store"])
async def test_a_copy_that_fails_beside_one_that_is_stored_is_a_duplicate(
    processor: BatchProcessor,
    client: ClientRecord,
    documents: Documents,
    monkeypatch: pytest.MonkeyPatch,
    bad: int,
    place: str,
) -> None:
    batch = a_batch(client, page_view(id="twice"), page_view(id="twice"), page_view())
    from tracker.pipeline import batch as module

    run_steps = module.run_steps

    def failing_step(draft: Draft) -> Draft:
        if draft.queued is batch.events[bad]:
            raise KeyError("twice")
        return run_steps(draft)

    def failing_document(draft: Draft, settings: Settings) -> dict[str, Any]:
        extra = {"huge": "x" * 17 * 1024 * 1024} if draft.queued is batch.events[bad] else {}
        return event_document(draft, settings) | extra

    if place == "step":
        monkeypatch.setattr(module, "run_steps", failing_step)
    else:
        monkeypatch.setattr("tracker.pipeline.store.event_document", failing_document)
    prepared = await processor.process([batch], delivered_before=False)
    assert prepared.failures == []
    assert prepared.outcomes == {(client.client_id, Outcome.STORED): 2, (client.client_id, Outcome.DUPLICATE): 1}
    assert len(await stored_ids(documents, client)) == 2
