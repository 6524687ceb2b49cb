"""What was filled in without an e-mail finds the lead of its form and visit, whenever it arrives."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_client, a_field, a_form, interaction, page_view, submission
from tests.pipeline.storing import found, one_lead, put
from tracker.config.records import ClientRecord
from tracker.leads.merge import MAX_HISTORY
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

SECOND = timedelta(seconds=1)
VISIT = {"sessionId": "s", "visitorId": "v"}


async def session_of(documents: Documents, client: ClientRecord) -> dict[str, Any]:
    [session] = await found(documents, "sessions", client)
    return session


@pytest.mark.parametrize("typed", [-SECOND, SECOND], ids=["before", "after"])
@pytest.mark.parametrize("arrives", [0, 1], ids=["first", "last"])
async def test_a_name_typed_beside_the_email_joins_the_visits_lead(
    store: Store, documents: Documents, typed: timedelta, arrives: int
) -> None:
    client = a_client()
    name = interaction(None, NOON + typed, fields={"name": "Ann Lee"}, **VISIT)
    events = [interaction(at=NOON, **VISIT)]
    events.insert(arrives, name)
    for event in events:
        await put(store, client, event)
    lead = await one_lead(documents, client)
    assert (lead["email"], lead["name"], lead["createdAt"]) == ("ann@shop.example", "Ann Lee", min(NOON, NOON + typed))
    assert {event["leadId"] for event in await found(documents, "events", client)} == {lead["leadId"]}
    assert (await session_of(documents, client)).get("waiting", 0) == 0


async def test_without_an_email_it_waits_and_makes_no_lead(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction(None, fields={"name": "Ann Lee"}, **VISIT))
    assert await found(documents, "leads", client) == []
    [event] = await found(documents, "events", client)
    assert "leadId" not in event
    assert (await session_of(documents, client))["waiting"] == 1


async def test_a_later_step_without_the_email_promotes_the_lead(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction(at=NOON, **VISIT))
    await put(store, client, submission(None, NOON + SECOND, fields={"budget": "10"}, **VISIT))
    lead = await one_lead(documents, client)
    assert (lead["status"], lead["quality"], lead["submittedAt"]) == ("submitted", "high", NOON + SECOND)
    assert [entry["reason"] for entry in lead["history"]][1:] == [
        "partial to submitted: form_submission of the same form and visit"
    ]


async def test_a_step_that_lacks_a_required_field_does_not_make_the_lead_complete(
    store: Store, documents: Documents
) -> None:
    client = a_client(a_form("contact", a_field("email", required=True), a_field("budget", required=True)))
    await put(store, client, interaction(at=NOON, **VISIT))
    await put(store, client, submission(None, NOON + SECOND, fields={"name": "Ann Lee"}, **VISIT))
    lead = await one_lead(documents, client)
    assert (lead["status"], lead["quality"]) == ("submitted", "medium")


async def test_the_lead_of_a_telephone_number_adopts_the_email_of_its_form(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, submission(None, NOON, fields={"phone": "030 901820"}, **VISIT))
    by_phone = await one_lead(documents, client)
    assert (by_phone.get("email"), by_phone.get("current")) == (None, None)
    await put(store, client, submission(at=NOON + SECOND, **VISIT))
    lead = await one_lead(documents, client)
    assert (lead["leadId"], lead["email"], lead["phone"]) == (by_phone["leadId"], "ann@shop.example", "030 901820")
    assert lead["history"][-1]["reason"] == "the e-mail of the same form and visit"
    # It is found by its e-mail from now on.
    await put(store, client, submission(at=NOON + 2 * SECOND, sessionId="another"))
    assert (await one_lead(documents, client))["leadId"] == lead["leadId"]


async def test_a_telephone_number_after_the_email_joins_its_lead(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, submission(at=NOON, **VISIT))
    await put(store, client, submission(None, NOON + SECOND, fields={"phone": "030 901820"}, **VISIT))
    assert (await one_lead(documents, client))["phone"] == "030 901820"


async def test_of_two_complete_steps_without_the_email_the_order_does_not_matter(
    store: Store, documents: Documents
) -> None:
    steps = [submission(None, NOON + n * SECOND, fields={"name": "Ann Lee"}, id=f"e{n}", **VISIT) for n in range(2)]
    left = []
    for order in itertools.permutations(steps):
        client = a_client()
        for event in (interaction(at=NOON + 9 * SECOND, **VISIT), *order):
            await put(store, client, event)
        left.append((await one_lead(documents, client))["attributeAt"])
    assert left[0] == left[1]


@pytest.mark.parametrize(
    "elsewhere",
    [{"form_id": "demo"}, {"sessionId": "another"}, {"sessionId": None}],
    ids=["another form", "another visit", "no visit"],
)
async def test_what_was_typed_elsewhere_does_not_join(
    store: Store, documents: Documents, elsewhere: dict[str, Any]
) -> None:
    client = a_client()
    typed = interaction(None, NOON + SECOND, fields={"name": "Eve"}, **VISIT | elsewhere)
    await put(store, client, interaction(at=NOON, **VISIT))
    await put(store, client, typed)
    assert "name" not in await one_lead(documents, client)
    assert {event["eventId"] for event in await found(documents, "events", client) if "leadId" not in event} == {
        typed["id"]
    }


async def test_test_and_live_events_of_one_visit_do_not_meet(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction(at=NOON, **VISIT))
    await put(store, client, interaction(None, NOON + SECOND, fields={"name": "Tester"}, **VISIT), test=True)
    assert "name" not in await one_lead(documents, client)


async def test_another_email_in_the_visit_stays_another_lead_and_says_why(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, submission("ann@shop.example", NOON, **VISIT))
    await put(store, client, submission("bob@shop.example", NOON + SECOND, **VISIT))
    ann, bob = await found(documents, "leads", client)
    assert (ann["email"], bob["email"]) == ("ann@shop.example", "bob@shop.example")
    [entry] = bob["history"]
    assert (entry["decision"], entry["otherLeadId"]) == ("created", ann["leadId"])
    assert entry["reason"] == "another e-mail in the same visit: two people, never merged"


async def test_what_follows_belongs_to_the_email_that_was_there_at_that_time(
    store: Store, documents: Documents
) -> None:
    client = a_client()
    emails = ("ann@shop.example", "bob@shop.example")
    for number, email in enumerate(emails):
        await put(store, client, interaction(email, NOON + 10 * number * SECOND, **VISIT))
    for number, name in enumerate(("Ann", "Bob")):
        typed = interaction(None, NOON + (10 * number + 1) * SECOND, fields={"company": name}, **VISIT)
        await put(store, client, typed)
    assert [(lead["email"], lead["company"]) for lead in await found(documents, "leads", client)] == [
        (emails[0], "Ann"),
        (emails[1], "Bob"),
    ]


async def test_a_landing_page_that_comes_late_is_the_first_touch(store: Store, documents: Documents) -> None:
    client = a_client()
    form = {"page": {"url": "https://shop.example/contact"}}
    await put(store, client, submission(at=NOON + SECOND, payload=form, **VISIT))
    assert (await one_lead(documents, client))["landingPage"] == "https://shop.example/contact"
    await put(store, client, page_view("https://shop.example/?utm_source=ads", NOON, **VISIT))
    lead = await one_lead(documents, client)
    assert (lead["utmSource"], lead["landingPage"]) == ("ads", "https://shop.example/?utm_source=ads")
    assert lead["attribution"]["first"]["at"] == NOON


async def test_the_history_keeps_how_the_lead_began_and_is_bounded(store: Store, documents: Documents) -> None:
    client = a_client()
    events = [interaction(at=NOON + number * SECOND, id=f"e{number}", **VISIT) for number in range(MAX_HISTORY + 5)]
    await put(store, client, *events)
    history = (await one_lead(documents, client))["history"]
    assert len(history) == MAX_HISTORY
    assert [history[0]["eventId"], history[-1]["eventId"]] == ["e0", events[-1]["id"]]


async def test_two_values_of_one_moment_are_decided_by_the_value(store: Store, documents: Documents) -> None:
    for order in itertools.permutations(("Ash", "Birch")):
        client = a_client()
        for company in order:
            await put(store, client, interaction(at=NOON, fields={"company": company}, **VISIT))
        assert (await one_lead(documents, client))["company"] == "Birch"
