"""Leads on a real MongoDB: one for each e-mail and window, however many events come at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_client, interaction, submission
from tests.pipeline.storing import found, one_lead, put
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

HOUR = timedelta(hours=1)
EMAILS = ("ann@shop.example", "bob@shop.example")


async def test_32_submissions_of_one_email_at_once_make_one_lead(
    documents: Documents, document_settings: Settings
) -> None:
    client = a_client()
    spellings = ["ann@shop.example", " Ann@Shop.Example ", "ANN@SHOP.EXAMPLE", "mailto:ann@shop.example"]
    events = [submission(spellings[n % 4], NOON + timedelta(seconds=n)) for n in range(32)]
    stores = [Store(documents, document_settings) for _ in range(4)]
    await asyncio.gather(*(put(stores[n % 4], client, event) for n, event in enumerate(events)))
    lead = await one_lead(documents, client)
    assert (lead["email"], lead["createdAt"], lead["lastInteractionAt"]) == (
        "ann@shop.example", NOON, NOON + timedelta(seconds=31)
    )  # fmt: skip
    stored = await found(documents, "events", client)
    assert Counter(event["leadId"] for event in stored) == {lead["leadId"]: 32}


@pytest.mark.parametrize(
    ("make", "after", "leads"),
    [
        (submission, 24 * HOUR - timedelta(seconds=1), 1),
        (submission, 24 * HOUR, 2),
        (interaction, 25 * HOUR, 1),
        (interaction, 168 * HOUR - timedelta(seconds=1), 1),
        (interaction, 168 * HOUR, 2),
    ],
)
async def test_an_event_joins_the_lead_of_its_email_within_the_window(
    store: Store, documents: Documents, make: Any, after: timedelta, leads: int
) -> None:
    client = a_client()
    await put(store, client, submission(at=NOON))
    await put(store, client, make(at=NOON + after), received_at=NOON + after)
    rows = await found(documents, "leads", client)
    assert len(rows) == leads
    assert [row.get("current") for row in rows] == [None] * (leads - 1) + [True]


async def test_the_window_holds_inside_one_batch_too(store: Store, documents: Documents) -> None:
    client, days = a_client(), 24 * HOUR
    later = NOON + 8 * days
    await put(store, client, *(submission(at=NOON + n * days) for n in (0, 2, 4)), received_at=later)
    assert [row.get("current") for row in await found(documents, "leads", client)] == [None, None, True]


async def test_a_partial_lead_is_promoted_and_never_goes_back(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction())
    lead = await one_lead(documents, client)
    assert (lead["status"], lead["quality"], lead["submittedAt"]) == ("partial", "medium", None)
    await put(store, client, submission(at=NOON + HOUR))
    await put(store, client, interaction(at=NOON + 2 * HOUR))
    lead = await one_lead(documents, client)
    assert (lead["status"], lead["quality"], lead["source"]) == ("submitted", "high", "form_submission")
    assert lead["submittedAt"] == NOON + HOUR
    assert [entry["decision"] for entry in lead["history"]] == ["created", "promoted", "merged"]


async def test_two_emails_of_one_visitor_stay_two_leads(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, *(submission(email, visitorId="v", sessionId="s") for email in EMAILS))
    assert {lead["email"] for lead in await found(documents, "leads", client)} == {
        "ann@shop.example",
        "bob@shop.example",
    }


async def test_test_and_live_leads_do_not_meet(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, submission(), test=True)
    await put(store, client, submission(), test=False)
    assert sorted(lead["test"] for lead in await found(documents, "leads", client)) == [False, True]
    assert sorted(event.get("test", False) for event in await found(documents, "events", client)) == [False, True]


async def test_names_from_the_browser_never_reach_an_attribute_a_path_or_an_operator(
    store: Store, documents: Documents
) -> None:
    client = a_client()
    names = (
        "$set",
        "a.b",
        "__proto__",
        "crmSynced",
        "clientId",
        "",
        "current",
        "_id",
        "status",
        "fields",
        "attributeAt.x",
    )
    evil = dict.fromkeys(names, "evil")
    await put(store, client, submission(fields=evil, payload=evil, metadata=evil))
    await put(store, client, submission(at=NOON + HOUR, fields=evil | {"$set": "again"}))
    lead = await one_lead(documents, client)
    assert (lead["crmSynced"], lead["clientId"], lead["status"], lead["current"]) == (
        False, client.client_id, "submitted", True
    )  # fmt: skip
    assert lead["fields"] == {
        "＄set": "again", "a．b": "evil", "__proto__": "evil", "crmSynced": "evil", "clientId": "evil", "_": "evil",
        "current": "evil", "_id": "evil", "status": "evil", "fields": "evil", "attributeAt．x": "evil",
    }  # fmt: skip
    assert "evil" not in {value for key, value in lead.items() if key != "fields" and isinstance(value, str)}
    first, second = sorted(await found(documents, "events", client), key=lambda event: event["timestamp"])
    assert {first["clientId"], second["clientId"]} == {client.client_id}
    assert first["payload"]["＄set"] == "evil"
