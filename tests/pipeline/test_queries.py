"""Reading events from a real MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, page_view, submission
from tests.fixtures.processes import wait_until_async
from tracker.config.records import ClientRecord
from tracker.pipeline.queries import list_events, tail_events
from tracker.pipeline.store import Store

HOUR = timedelta(hours=1)


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


async def begin_tail(tail: AsyncIterator[dict[str, Any]], store: Store, client: ClientRecord) -> dict[str, Any]:
    """Store events until the tail shows the first of them: only then is it sure to have begun."""
    coming = asyncio.ensure_future(anext(tail))

    async def shown() -> bool:
        await put(store, client, submission())
        return coming.done()

    await wait_until_async(shown, interval=0.1)
    return await coming


async def put(store: Store, client: ClientRecord, *events: dict[str, Any]) -> None:
    await store.store(drafted(client, a_batch(client, *events)), maybe_known=False)


async def next_with(tail: AsyncIterator[dict[str, Any]], event_id: str) -> list[str]:
    """The ids that a tail shows up to this one."""
    ids: list[str] = []
    async with asyncio.timeout(10):
        while event_id not in ids:
            ids.append((await anext(tail))["eventId"])
    return ids


async def test_a_tail_shows_each_event_that_comes_once_and_nothing_from_before(
    store: Store, client: ClientRecord
) -> None:
    tail = tail_events(client_id=client.client_id)
    ids = [(await begin_tail(tail, store, client))["eventId"]]
    other = a_client()
    await put(store, other, page_view(id="foreign"))
    await put(store, client, page_view(id="third"))
    ids += await next_with(tail, "third")
    await put(store, client, page_view(id="fourth"))
    ids += await next_with(tail, "fourth")
    assert not {"first", "second", "foreign"} & set(ids)
    assert len(ids) == len(set(ids))


async def test_a_tail_of_one_type_shows_only_that(store: Store) -> None:
    client = a_client()
    tail = tail_events(client_id=client.client_id, event_type="form_submission")
    await begin_tail(tail, store, client)
    await put(store, client, page_view(id="view"), submission(id="wanted"))
    assert "view" not in await next_with(tail, "wanted")
