"""Partial leads that nobody touches any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from tests.fixtures.builders import NOON, a_client, interaction, submission
from tests.pipeline.storing import found, one_lead, put
from tracker.leads.abandoned import close_abandoned
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

HALF_HOUR = timedelta(minutes=30)
SECOND = timedelta(seconds=1)


async def close(documents: Documents, at: Any) -> int:
    return await close_abandoned(documents.database, at, HALF_HOUR)


async def test_a_partial_lead_is_given_up_after_the_pause_and_once(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction())
    await close(documents, NOON + HALF_HOUR)
    assert (await one_lead(documents, client))["source"] == "form_interaction"
    later = NOON + HALF_HOUR + SECOND
    assert sum(await asyncio.gather(*(close(documents, later) for _ in range(4)))) >= 1
    lead = await one_lead(documents, client)
    assert (lead["source"], lead["status"], lead["abandonedAt"], lead["updatedAt"]) == (
        "abandoned_form", "partial", later, later,
    )  # fmt: skip
    assert [entry["decision"] for entry in lead["history"]] == ["created", "abandoned"]


async def test_submitted_and_identified_leads_are_not_given_up(store: Store, documents: Documents) -> None:
    client = a_client()
    identify = {"type": "identify", "id": "i", "timestamp": NOON.timestamp(), "payload": {"email": "bob@shop.example"}}
    await put(store, client, interaction(), submission(), identify)
    await close(documents, NOON + 2 * HALF_HOUR)
    assert {lead["source"] for lead in await found(documents, "leads", client)} == {"form_submission", "identify"}


async def test_who_comes_back_is_no_longer_given_up_and_may_be_again(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction())
    await close(documents, NOON + 2 * HALF_HOUR)
    await put(store, client, interaction(at=NOON + 3 * HALF_HOUR))
    lead = await one_lead(documents, client)
    assert (lead["source"], lead.get("abandonedAt")) == ("form_interaction", None)
    await close(documents, NOON + 5 * HALF_HOUR)
    assert (await one_lead(documents, client))["source"] == "abandoned_form"
    # One that was on its way all the time is no sign of life.
    await put(store, client, interaction(at=NOON + HALF_HOUR))
    assert (await one_lead(documents, client))["source"] == "abandoned_form"


async def test_a_late_submission_promotes_an_abandoned_lead(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, interaction())
    await close(documents, NOON + 2 * HALF_HOUR)
    await put(store, client, submission(at=NOON + SECOND))
    lead = await one_lead(documents, client)
    assert (lead["status"], lead["source"], lead.get("abandonedAt")) == ("submitted", "form_submission", None)


async def test_the_leads_of_all_clients_are_closed_in_one_go(store: Store, documents: Documents) -> None:
    clients = [a_client() for _ in range(3)]
    for client in clients:
        await put(store, client, interaction(), interaction("bob@shop.example"))
    assert await close(documents, NOON + 2 * HALF_HOUR) >= 6
    for client in clients:
        assert {lead["source"] for lead in await found(documents, "leads", client)} == {"abandoned_form"}
