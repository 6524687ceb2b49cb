"""From a job's batches to stored events: one bad event alone, an outage as a whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast

import pytest
from pymongo.errors import AutoReconnect
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch, a_client, page_view, submission
from tests.fixtures.world import queued_batches
from tracker import deadletters
from tracker.config.cache import ConfigCache
from tracker.config.records import ClientRecord
from tracker.errors import UnavailableError
from tracker.pipeline.batch import BatchProcessor, Failure, Prepared, Settler
from tracker.pipeline.draft import Draft
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.store import Store
from tracker.queue import QueueProducer
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
        self.away = False
        self.sizes: list[int] = []

    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        self.sizes.append(len(drafts))
        if self.away:
            raise AutoReconnect("gone")
        if any(draft.queued.event_id in self.refused for draft in drafts):
            raise ValueError("visitor typed secret words")
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


@pytest.fixture
def settler(redis: Redis, document_settings: Settings) -> Settler:
    return Settler(redis, QueueProducer(redis, 0), document_settings)


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
    again = await processor.process([batch], delivered_before=True)
    assert dict(again.outcomes) == {(client.client_id, Outcome.DUPLICATE): 3}


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
    make = Store._event

    def huge(self: Store, draft: Draft) -> dict[str, Any]:
        extra = {"huge": "x" * 17 * 1024 * 1024} if draft.queued.event_id == batch.events[1].event_id else {}
        return make(self, draft) | extra

    monkeypatch.setattr(Store, "_event", huge)
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


# --- what a job leaves in Redis -----------------------------------------------------------------------------------


def failed(client: ClientRecord, attempt: int = 0) -> Prepared:
    batch = a_batch(client, page_view(id="good"), page_view(id="bad"))
    batch.events[1].attempt = attempt
    return Prepared(failures=[Failure(batch, batch.events[1], "store: ValueError")])


async def test_a_failed_event_is_tried_again_alone_later_and_later(
    settler: Settler, client: ClientRecord, redis: Redis
) -> None:
    for attempt, base in ((0, 5), (1, 10)):
        await redis.flushall()
        before = time.time()
        await settler.settle(failed(client, attempt))
        [[retry]] = await queued_batches(redis)
        assert [(event.event_id, event.attempt) for event in retry.events] == [("bad", attempt + 1)]
        assert (retry.events[0].first_error_at or 0) >= before
        [(_, due)] = await redis.zrange("tracker:queue:0", 0, -1, withscores=True)
        assert 0.7 * base < due / 1000 - before < 1.3 * base + 1
        assert await deadletters.count(redis) == 0


async def test_the_third_failure_is_a_dead_letter(settler: Settler, client: ClientRecord, redis: Redis) -> None:
    await settler.settle(failed(client, 2))
    assert await queued_batches(redis) == []
    [letter] = await deadletters.newest(redis)
    assert (letter.client_id, letter.error, letter.attempts) == (client.client_id, "store: ValueError", 3)
    assert [event.event_id for event in letter.batch.events] == ["bad"]
    assert await redis.hgetall(f"tracker:outcomes:{client.client_id}") == {b"dead_letter": b"1"}


async def test_an_event_that_dies_twice_is_one_letter(settler: Settler, client: ClientRecord, redis: Redis) -> None:
    await settler.settle(failed(client, 2))
    await settler.settle(failed(client, 2))
    assert await deadletters.count(redis) == 1


async def test_outcomes_are_counted_per_client(settler: Settler, client: ClientRecord, redis: Redis) -> None:
    prepared = Prepared()
    prepared.outcomes[client.client_id, Outcome.STORED] = 7
    await settler.settle(prepared)
    await settler.settle(prepared)
    assert await redis.hgetall(f"tracker:outcomes:{client.client_id}") == {b"stored": b"14"}


async def test_nothing_to_settle_writes_nothing(settler: Settler, redis: Redis) -> None:
    await settler.settle(Prepared())
    assert await redis.dbsize() == 0
