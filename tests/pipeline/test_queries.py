"""Reading events from a real MongoDB."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, page_view, submission
from tracker.config.records import ClientRecord
from tracker.pipeline.queries import list_events, tail_events
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

HOUR = timedelta(hours=1)


@pytest.fixture
def store(documents: Documents, document_settings: Settings) -> Store:
    return Store(documents, document_settings)


@pytest.fixture
async def client(store: Store) -> ClientRecord:
    client = a_client()
    events = [page_view(at=NOON, id="first", sessionId="s"), submission(at=NOON + HOUR, id="second", fields={"a.b": 1})]
    await store.store(drafted(client, a_batch(client, *events)), maybe_known=False)
    return client


async def test_lists_the_newest_first_and_filters(client: ClientRecord) -> None:
    async def ids(**filters: object) -> list[str]:
        return [event["eventId"] for event in await list_events(client_id=client.client_id, **filters)]  # type: ignore[arg-type]

    assert await ids() == ["second", "first"]
    assert await ids(limit=1) == ["second"]
    assert await ids(event_type="page_view") == ["first"]
    assert await ids(session_id="s") == ["first"]
    assert await ids(since=NOON + HOUR) == ["second"]
    assert await ids(until=NOON + HOUR) == ["first"]
    assert await ids(session_id="nobody") == []


async def test_people_see_original_names_and_iso_times(client: ClientRecord) -> None:
    [event] = await list_events(client_id=client.client_id, event_type="form_submission")
    assert event["payload"]["form"]["fields"]["a.b"] == 1
    assert event["timestamp"] == (NOON + HOUR).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert "_id" not in event


async def test_a_tail_shows_what_comes_and_nothing_from_before(store: Store, client: ClientRecord) -> None:
    tail = tail_events(client_id=client.client_id)
    coming = asyncio.ensure_future(anext(tail))
    # Until the tail has looked once, an event would count as old; two looks are in flight at most.
    await asyncio.wait([coming], timeout=0.3)
    other = a_client()
    await store.store(drafted(other, a_batch(other, page_view())), maybe_known=False)
    await store.store(drafted(client, a_batch(client, page_view(id="third"), page_view(id="fourth"))), maybe_known=False)
    assert {(await asyncio.wait_for(coming, 10))["eventId"], (await asyncio.wait_for(anext(tail), 10))["eventId"]} == {
        "third", "fourth"
    }  # fmt: skip
    await tail.aclose()  # type: ignore[attr-defined]


async def test_a_tail_of_one_type_shows_only_that(store: Store) -> None:
    client = a_client()
    tail = tail_events(client_id=client.client_id, event_type="form_submission")
    coming = asyncio.ensure_future(anext(tail))
    await asyncio.wait([coming], timeout=0.3)
    await store.store(drafted(client, a_batch(client, page_view(), submission(id="wanted"))), maybe_known=False)
    assert (await asyncio.wait_for(coming, 10))["eventId"] == "wanted"
    await tail.aclose()  # type: ignore[attr-defined]
