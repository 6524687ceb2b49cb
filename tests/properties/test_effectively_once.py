"""Whatever is delivered how often, to whom, and whoever dies over it: the same documents, and exact books (§9).

Generated: visits, the requests in which their events arrive (some events and whole requests several times), how the
requests are gathered into jobs, which events fail how often, at which of their writes workers die or lose their
connection, which jobs two workers work on at the same time, and in which order their calls meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.fixtures.builders import NOON, a_batch, a_client
from tests.fixtures.depth import examples
from tests.pipeline.scenarios import Event, deliveries, differences, visits, what_is_left
from tests.pipeline.storing import put
from tests.properties.wire import Fault
from tests.properties.workers import REPLAY, Schedule, Servers, Spoiled, Workshop
from tracker.accounts import read_books
from tracker.analytics.documents import AnalyticsDaily
from tracker.analytics.service import rebuild_days
from tracker.config.records import ClientRecord, CrmRecord, WebhookRecord
from tracker.crm.sync.due import is_wanted
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch, QueueProducer
from tracker.settings import Settings
from tracker.stores.documents import Documents

_FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)

# The embedded document store cannot end the session of another connection.
pytestmark = pytest.mark.real("mongodb")


@dataclass(slots=True)
class Delivery:
    """Events, the jobs in which their requests arrive, and what goes wrong."""

    events: list[Event]
    jobs: list[list[list[Event]]]
    schedule: Schedule = field(default_factory=Schedule)
    spoiled: dict[str, tuple[str, int]] = field(default_factory=dict)


faults = st.builds(Fault, call=st.integers(0, 12), dies=st.sampled_from((True, True, False)), after=st.booleans())


@st.composite
def deliveries_with_faults(draw: st.DrawFn) -> Delivery:
    events = draw(visits(least=1, most=12))
    requests = draw(deliveries(events))
    again = draw(st.lists(st.sampled_from(requests), max_size=2))
    ids = st.sampled_from([event["id"] for event in events])
    fails = st.tuples(st.sampled_from(("steps", "store")), st.integers(1, 5))
    return Delivery(
        events,
        draw(_gathered([*requests, *again])),
        Schedule(
            draw(st.lists(faults, max_size=5)),
            draw(st.lists(st.sampled_from((0, 1, 1, REPLAY)), max_size=60)),
            draw(st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=10)),
        ),
        draw(st.dictionaries(ids, fails, max_size=2)),
    )


@st.composite
def _gathered(draw: st.DrawFn, requests: Sequence[list[Event]]) -> list[list[list[Event]]]:
    """Requests by the job that the group commit makes of them."""
    jobs: list[list[list[Event]]] = []
    for request in requests:
        if jobs and draw(st.booleans()):
            jobs[-1].append(request)
        else:
            jobs.append([request])
    return jobs


@pytest.fixture
def servers(documents: Documents, redis: Redis, document_settings: Settings, redis_url: str) -> Servers:
    changes = {"redis_url": redis_url, "event_retry_seconds": 0.0}
    return Servers(documents, redis, document_settings.model_copy(update=changes))


@settings(max_examples=examples(25, 1_000), suppress_health_check=_FIXTURES)
@given(delivery=deliveries_with_faults())
async def test_duplicates_crashes_and_replays_leave_what_one_clean_delivery_leaves(
    servers: Servers, delivery: Delivery
) -> None:
    clean, other = _told(a_client()), _told(a_client())
    await put(Store(servers.documents, servers.settings), clean, *delivery.events)
    await deliver(servers, other, delivery)
    await assert_same(servers, clean, other, delivery)
    await assert_told_once(servers.documents, other)


def _told(client: ClientRecord) -> ClientRecord:
    """The same with somebody to tell: a webhook and an account of a CRM."""
    account = CrmRecord(connection_id=client.client_id, adapter="log", settings={}, version="1")
    return msgspec.structs.replace(client, webhooks=(WebhookRecord(endpoint_id=client.client_id),), crm=(account,))


async def deliver(servers: Servers, client: ClientRecord, delivery: Delivery) -> Workshop:
    """Accept the jobs, and let two workers work them off."""
    await servers.redis.flushdb()
    batches = _batches(client, delivery.jobs)
    for job in batches:
        await QueueProducer(servers.redis, 0).enqueue(job)
    workshop = Workshop(servers, client, delivery.schedule)
    with pytest.MonkeyPatch.context() as patch:
        Spoiled(delivery.spoiled).patch(patch, servers.settings.event_max_tries)
        await workshop.run()
    return workshop


def _batches(client: ClientRecord, jobs: Sequence[Sequence[Sequence[Event]]]) -> list[list[QueuedBatch]]:
    """No two requests are received in the same microsecond; all are in one millisecond, which documents show."""
    found: list[list[QueuedBatch]] = []
    number = 0
    for job in jobs:
        found.append([])
        for request in job:
            number += 1
            found[-1].append(a_batch(client, *request, received_at=NOON + timedelta(microseconds=number)))
    return found


async def assert_same(servers: Servers, clean: ClientRecord, other: ClientRecord, delivery: Delivery) -> None:
    """The documents of both clients are equal, their figures too, and the books of the second are exact."""
    expected, left = await what_is_left(servers.documents, clean), await what_is_left(servers.documents, other)
    assert not (found := differences(expected, left)), "\n".join(found)
    assert await _figures(servers.settings, other) == await _figures(servers.settings, clean)
    [books] = await read_books(servers.settings, other.client_id)
    accepted = sum(len(request) for job in delivery.jobs for request in job)
    ends = {name: number for name, number in books.outcomes.items() if number}
    stored = len(left["events"])
    assert (books.accepted, books.waiting, books.unaccounted) == (accepted, 0, 0)
    assert ends == {"stored": stored} | ({"duplicate": accepted - stored} if accepted > stored else {})


async def assert_told_once(documents: Documents, client: ClientRecord) -> None:
    """The outboxes name every lead that is no test: its beginning and its submission once, and what a CRM wants."""
    own = {"clientId": client.client_id}
    leads = await documents.database["leads"].find(own | {"test": False}).to_list()
    messages = await documents.database["webhook_deliveries"].find(own).to_list()
    told = Counter((message["eventType"], message["leadId"]) for message in messages)
    begun = {lead_id for kind, lead_id in told if kind == "lead.created"}
    # Of spam nobody is told; a lead that was told of may have become spam since.
    assert {lead["leadId"] for lead in leads if not lead.get("spam")} <= begun <= {lead["leadId"] for lead in leads}
    assert not [once for once, number in told.items() if number > 1 and once[0] in ("lead.created", "lead.submitted")]
    due = {row["leadId"] for row in await documents.database["crm_due"].find(own).to_list()}
    assert {lead["leadId"] for lead in leads if is_wanted(lead, "none")} <= due


async def _figures(settings: Settings, client: ClientRecord) -> list[dict[str, Any]]:
    """Its daily figures, recomputed."""
    day: date = NOON.astimezone(UTC).date()
    await rebuild_days(client.client_id, [day], settings)
    own = {"_id": 0, "id": 0, "clientId": 0, "run": 0, "computedAt": 0}
    rows = await AnalyticsDaily.get_pymongo_collection().find({"clientId": client.client_id}, own).to_list()
    return sorted(rows, key=str)
