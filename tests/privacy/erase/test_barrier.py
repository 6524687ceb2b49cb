"""A transaction that has not seen an erasure's mark is waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch, drafted, page_view, submission
from tests.fixtures.world import queued_batches
from tests.pipeline.storing import found, put
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.privacy.erase.requests import ask
from tracker.privacy.erase.runner import work_off
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of
from tracker.privacy.suppressions import mark_erased
from tracker.queue import QueueProducer
from tracker.settings import Settings
from tracker.stores.documents import Documents

pytestmark = pytest.mark.real("mongodb")


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@mail.example"


async def test_what_commits_after_the_mark_is_found_by_the_second_look(
    tools: Tools, documents: Documents, client: ClientRecord, email: str
) -> None:
    request_id = await ask(tools, subject_of(email, region="US"), "cli:test")
    late = {
        "clientId": client.client_id,
        "eventId": "late",
        "payload": {"note": f"of {email}"},
        "timestamp": datetime.now(UTC),
        "createdAt": datetime.now(UTC),
    }
    async with documents.client.start_session() as session, await session.start_transaction():
        await documents.database["events"].insert_one(late, session=session)
        waiting = await work_off(tools, request_id)
        assert (waiting["status"], waiting["waitingFor"]) == ("open", "transactions that began before")
    await _rest(tools, request_id)
    assert await found(documents, "events", client) == []


async def test_nobody_waits_for_a_transaction_that_began_after_the_mark(
    tools: Tools, documents: Documents, client: ClientRecord, email: str
) -> None:
    request_id = await ask(tools, subject_of(email, region="US"), "cli:test")
    async with documents.client.start_session() as session, await session.start_transaction():
        await documents.database["sessions"].insert_one({"clientId": client.client_id, "x": 1}, session=session)
        await work_off(tools, request_id)  # marks, and waits for this one, which is older
        await session.abort_transaction()
        await session.start_transaction()
        await documents.database["sessions"].insert_one({"clientId": client.client_id, "x": 2}, session=session)
        await _rest(tools, request_id)


async def test_a_worker_that_looked_before_the_mark_looks_again_in_its_transaction(
    documents: Documents, erase_settings: Settings, tools: Tools, client: ClientRecord, email: str
) -> None:
    now = datetime.now(UTC)
    drafts = drafted(client, a_batch(client, submission(email), page_view(), received_at=now))
    await mark_erased(
        documents.database, tools.hasher, [("email", email)], before=now, expires_at=now + timedelta(days=1)
    )
    store = Store(documents, erase_settings)
    await store.store(drafts, maybe_known=False)
    assert [draft.erased for draft in drafts] == [True, False]
    assert [event["eventType"] for event in await found(documents, "events", client)] == ["page_view"]
    assert await found(documents, "leads", client) == []
    await put(store, client, submission(email), received_at=now + timedelta(seconds=1))
    assert len(await found(documents, "leads", client)) == 1


async def test_a_visit_goes_whose_person_was_known_by_a_waiting_event_only(
    tools: Tools, documents: Documents, store: Store, redis: Redis, client: ClientRecord, email: str
) -> None:
    """Their lead was never stored: what was is nobody's, but for the event that still waits."""
    ids = {"sessionId": f"s-{email[:8]}", "visitorId": f"v-{email[:8]}"}
    other = page_view(sessionId="s-other", visitorId="v-other")
    await put(store, client, page_view(**ids), other)
    await QueueProducer(redis, 0).enqueue([a_batch(client, submission(email, **ids))])
    await _rest(tools, await ask(tools, subject_of(email, region="US"), "cli:test"))
    assert [event["eventId"] for event in await found(documents, "events", client)] == [other["id"]]
    assert [visit["sessionId"] for visit in await found(documents, "sessions", client)] == ["s-other"]


async def test_a_browser_is_shared_by_somebody_who_still_waits_in_the_queue(
    tools: Tools, documents: Documents, store: Store, redis: Redis, client: ClientRecord, email: str
) -> None:
    visitor = f"v-{email[:8]}"
    own = submission(email, sessionId="s-ann", visitorId=visitor)
    anonymous = page_view(sessionId="s-ben", visitorId=visitor)
    await put(store, client, own, anonymous)
    ben = submission(f"ben-{email}", sessionId="s-ben", visitorId=visitor)
    await QueueProducer(redis, 0).enqueue([a_batch(client, ben)])
    await _rest(tools, await ask(tools, subject_of(email, region="US"), "cli:test"))
    assert [event["eventId"] for event in await found(documents, "events", client)] == [anonymous["id"]]
    assert [event.event_id for job in await queued_batches(redis) for batch in job for event in batch.events] == [
        ben["id"]
    ]


async def test_a_visit_goes_whose_person_was_known_to_a_worker_only(
    tools: Tools, documents: Documents, erase_settings: Settings, client: ClientRecord, email: str
) -> None:
    """The worker takes the waiting event first, and drops it by the mark."""
    ids = {"sessionId": f"s-{email[:8]}", "visitorId": f"v-{email[:8]}"}
    now = datetime.now(UTC)
    await put(Store(documents, erase_settings), client, page_view(**ids))
    await mark_erased(
        documents.database, tools.hasher, [("email", email)], before=now, expires_at=now + timedelta(days=1)
    )
    await put(Store(documents, erase_settings), client, submission(email, **ids), received_at=now)
    assert len(await found(documents, "events", client)) == 1
    await _rest(tools, await ask(tools, subject_of(email, region="US"), "cli:test"))
    assert await found(documents, "events", client) == []
    assert email[:8] not in str(await documents.database["suppressions"].find().to_list())


async def _rest(tools: Tools, request_id: str) -> dict[str, Any]:
    """Go on until it is done; nothing else is waited for than what this test holds."""
    for _ in range(20):
        row = await work_off(tools, request_id)
        if row["status"] == "done":
            return row
        await tools.database["erasures"].update_one({"_id": request_id}, {"$set": {"notBefore": None}})
    raise AssertionError(row.get("waitingFor"))
