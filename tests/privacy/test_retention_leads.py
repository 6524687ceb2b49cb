"""Leads that nobody has touched for longer than their client keeps them go, with all that hangs on them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.fixtures.builders import NOON, a_client, interaction, page_view, submission
from tests.pipeline.storing import found, put
from tracker.config.records import ClientRecord, ClientSettings, Retention, WebhookRecord
from tracker.pipeline.store import Store
from tracker.privacy.retention import Periods, periods_of
from tracker.privacy.retention_leads import delete_due, due_queries
from tracker.stores.documents import Documents

DAY = timedelta(days=1)
ANN, BEN, EVE = "ann@mail.example", "ben@mail.example", "eve@mail.example"


@pytest.fixture
def client() -> ClientRecord:
    # Events that outlive their lead, so that what is deleted was deleted with it.
    settings = ClientSettings(retention=Retention(events_days=900))
    return msgspec.structs.replace(a_client(), settings=settings)


def days(unsynced: int | str | None = 90, synced: int | str | None = None) -> Periods:
    retention = Retention(unsynced_leads_days=unsynced, synced_leads_days=synced)  # type: ignore[arg-type]
    return periods_of(ClientSettings(retention=retention), None, 90)


async def old(store: Store, client: ClientRecord, email: str, age: timedelta, **more: Any) -> datetime:
    at = NOON - age
    await put(store, client, submission(email, at, sessionId=f"s-{email}-{age.days}", **more), received_at=at)
    return at


async def emails(documents: Documents, client: ClientRecord) -> list[str]:
    return sorted(lead["email"] for lead in await found(documents, "leads", client))


async def test_leads_no_crm_has_go_after_their_days_with_their_events(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await old(store, client, ANN, 91 * DAY)
    await old(store, client, BEN, 89 * DAY)
    await put(store, client, page_view(at=NOON - 91 * DAY, sessionId="nobody"), received_at=NOON - 91 * DAY)
    gone = await delete_due(documents.database, client.client_id, client, days(), NOON)
    assert gone == {"unsyncedLeads": 1, "events": 1}
    assert await emails(documents, client) == [BEN]
    left = await found(documents, "events", client)
    assert sorted(event["sessionId"] for event in left) == ["nobody", f"s-{BEN}-89"]
    sessions = {row["sessionId"]: row["leads"] for row in await found(documents, "sessions", client) if "leads" in row}
    assert sessions[f"s-{ANN}-91"] == []
    assert len(sessions[f"s-{BEN}-89"]) == 1


@pytest.mark.parametrize(
    "known",
    [{"crmSynced": True}, {"crmId": "00Q1"}, {"crmRecords": [{"crmId": "00Q1"}]}],
    ids=["synced", "id", "record"],
)
async def test_leads_a_crm_has_stay_unless_the_client_says_for_how_long(
    documents: Documents, store: Store, client: ClientRecord, known: dict[str, Any]
) -> None:
    await old(store, client, ANN, 400 * DAY)
    await documents.database["leads"].update_one({"clientId": client.client_id}, {"$set": known})
    assert not await delete_due(documents.database, client.client_id, client, days(), NOON)
    assert not await delete_due(documents.database, client.client_id, client, days(synced=401), NOON)
    gone = await delete_due(documents.database, client.client_id, client, days(synced=399), NOON)
    assert gone == {"syncedLeads": 1, "events": 1}


async def test_for_ever_is_for_ever(documents: Documents, store: Store, client: ClientRecord) -> None:
    await old(store, client, ANN, 3000 * DAY)
    assert due_queries(client.client_id, days("forever", "forever"), NOON) == {}
    assert not await delete_due(documents.database, client.client_id, client, days("forever"), NOON)


async def test_who_came_back_or_was_changed_by_hand_begins_a_new_period(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await old(store, client, ANN, 100 * DAY)
    later = NOON - 95 * DAY
    await put(store, client, interaction(ANN, later), received_at=later)
    assert not await delete_due(documents.database, client.client_id, client, days(96), NOON)
    leads = documents.database["leads"]
    await leads.update_one({"clientId": client.client_id}, {"$set": {"updatedAt": NOON - 10 * DAY}})
    assert not await delete_due(documents.database, client.client_id, client, days(11), NOON)
    assert (await delete_due(documents.database, client.client_id, client, days(9), NOON))["unsyncedLeads"] == 1


async def test_what_waits_to_tell_of_a_lead_goes_with_it_and_webhooks_hear_of_that(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    told = msgspec.structs.replace(client, webhooks=(WebhookRecord(endpoint_id="e1"),))
    await old(store, told, ANN, 100 * DAY)
    [lead] = await found(documents, "leads", client)
    own = {"clientId": client.client_id, "leadId": lead["leadId"]}
    # It waits for a CRM, and a CRM holds it: neither prolongs the period.
    await documents.database["leads"].update_one(own, {"$set": {"crmHeld": True}})
    await documents.database["crm_due"].insert_one({"_id": f"c:{lead['leadId']}", "task": "upsert", **own})
    await documents.database["crm_attempts"].insert_one({**own, "message": "of the CRM"})
    await delete_due(documents.database, client.client_id, told, days(), NOON)
    for name in ("leads", "crm_due", "crm_attempts"):
        assert await documents.database[name].count_documents(own) == 0, name
    rows = await documents.database["webhook_deliveries"].find(own).to_list()
    assert [row["eventType"] for row in rows] == ["lead.deleted"]
    assert ANN.encode() not in rows[0]["payload"]


async def test_a_deletion_in_a_crm_that_is_due_is_not_taken_back(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await old(store, client, ANN, 100 * DAY)
    [lead] = await found(documents, "leads", client)
    row = {"_id": f"c:{lead['leadId']}", "task": "delete", "clientId": client.client_id, "leadId": lead["leadId"]}
    await documents.database["crm_due"].insert_one(row)
    await delete_due(documents.database, client.client_id, client, days(), NOON)
    assert await documents.database["crm_due"].count_documents({"clientId": client.client_id}) == 1


async def test_the_days_of_what_went_are_recomputed(documents: Documents, store: Store, client: ClientRecord) -> None:
    at = await old(store, client, ANN, 100 * DAY)
    await delete_due(documents.database, client.client_id, client, days(), NOON)
    marked = await documents.database["trackerctl_meta"].find_one({"_id": f"analytics:{client.client_id}"})
    assert marked is not None
    assert at.date().isoformat() in marked["days"]


async def test_other_clients_leads_stay(documents: Documents, store: Store, client: ClientRecord) -> None:
    other = a_client()
    await old(store, other, ANN, 100 * DAY)
    assert not await delete_due(documents.database, client.client_id, client, days(), NOON)
    assert await emails(documents, other) == [ANN]


async def test_many_go_in_pieces_and_two_runs_at_once_do_it_once(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    at = NOON - 100 * DAY
    await put(store, client, *(submission(f"p{n}@mail.example", at) for n in range(250)), received_at=at)
    await old(store, client, EVE, DAY)
    runs = [delete_due(documents.database, client.client_id, client, days(), NOON) for _ in range(2)]
    done = await asyncio.gather(*runs)
    assert sum(gone["unsyncedLeads"] for gone in done) == 250
    assert sum(gone["events"] for gone in done) == 250
    assert await emails(documents, client) == [EVE]


async def test_one_who_comes_back_while_his_lead_goes_is_a_lead_afterwards(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    for round_ in range(10):
        email, at = f"r{round_}@mail.example", NOON - 3 * DAY
        await put(store, client, submission(email, at), received_at=at)
        # Young enough to be joined, old enough to go.
        back = interaction(email, NOON)
        await asyncio.gather(
            delete_due(documents.database, client.client_id, client, days(2), NOON), put(store, client, back)
        )
        [lead] = [one for one in await found(documents, "leads", client) if one["email"] == email]
        stored = await documents.database["events"].find_one({"clientId": client.client_id, "eventId": back["id"]})
        assert stored is not None
        assert stored["leadId"] == lead["leadId"]
        assert not await documents.database["events"].count_documents(
            {"clientId": client.client_id, "leadId": {"$nin": [lead["leadId"], None]}, "eventId": back["id"]}
        )
