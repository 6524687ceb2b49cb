"""What people do to leads, and what webhooks are told of it."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.fixtures.builders import a_batch, drafted, submission
from tests.fixtures.world import Site
from tests.webhooks.scene import payloads, rows_of, told
from tracker.config.records import ClientRecord
from tracker.leads.edits import delete_lead, update_lead
from tracker.leads.trace import trace_lead
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents


async def a_lead(site: Site, store: Store, documents: Documents, **more: Any) -> tuple[ClientRecord, str]:
    """A lead of a client that has a webhook; what was told of it so far is forgotten."""
    site.service.create_webhook(site.client_id, "https://crm.example.com/hooks")
    client = site.service.client_record(site.client_id)
    assert client is not None
    await store.store(drafted(client, a_batch(client, submission(), **more)), maybe_known=False)
    await documents.database["webhook_deliveries"].delete_many({"clientId": client.client_id})
    lead = await documents.database["leads"].find_one({"clientId": client.client_id})
    assert lead is not None
    return client, str(lead["leadId"])


async def test_a_correction_is_told_and_a_note_of_our_own_too(site: Site, store: Store, documents: Documents) -> None:
    client, lead_id = await a_lead(site, store, documents)
    await update_lead(lead_id, {"company": "Acme", "tags": ["hot"]}, "test", config=site.service)
    (updated,) = await payloads(documents, client, "lead.updated")
    assert updated["data"]["changed"] == ["company", "tags"]
    assert updated["data"]["lead"]["company"] == "Acme"
    await update_lead(lead_id, {"company": "Acme"}, "test", config=site.service)
    assert await told(documents, client) == ["lead.updated"]


async def test_of_corrections_at_the_same_moment_each_is_told_once(
    site: Site, store: Store, documents: Documents
) -> None:
    client, lead_id = await a_lead(site, store, documents)
    edits = ({"company": "A"}, {"message": "B"}, {"notes": "C"})
    await asyncio.gather(*(update_lead(lead_id, edit, "test", config=site.service) for edit in edits))
    names = [one["data"]["changed"] for one in await payloads(documents, client, "lead.updated")]
    assert sorted(names) == [["company"], ["message"], ["notes"]]


async def test_an_e_mail_that_another_lead_has_is_corrected_and_told_as_well(
    site: Site, store: Store, documents: Documents
) -> None:
    client, lead_id = await a_lead(site, store, documents)
    await store.store(drafted(client, a_batch(client, submission("bob@shop.example"))), maybe_known=False)
    await documents.database["webhook_deliveries"].delete_many({"clientId": client.client_id})
    await update_lead(lead_id, {"email": "bob@shop.example"}, "test", config=site.service)
    assert [one["data"]["changed"] for one in await payloads(documents, client, "lead.updated")] == [["email"]]


async def test_deleting_tells_ids_alone_and_forgets_what_was_to_be_told(
    site: Site, store: Store, documents: Documents
) -> None:
    client, lead_id = await a_lead(site, store, documents)
    await update_lead(lead_id, {"company": "Acme"}, "test", config=site.service)
    await delete_lead(lead_id, "test", config=site.service)
    (row,) = await rows_of(documents, client)
    assert (row["eventType"], row["leadId"]) == ("lead.deleted", lead_id)
    (body,) = await payloads(documents, client, "lead.deleted")
    assert body["data"] == {"lead": {"leadId": lead_id, "clientId": client.client_id}}
    assert b"shop.example" not in row["payload"]


async def test_a_test_lead_is_nobodys_business(site: Site, store: Store, documents: Documents) -> None:
    client, lead_id = await a_lead(site, store, documents, test=True)
    await update_lead(lead_id, {"company": "Acme"}, "test", config=site.service)
    await delete_lead(lead_id, "test", config=site.service)
    assert await told(documents, client) == []


async def test_the_trace_of_a_lead_shows_its_deliveries(site: Site, store: Store, documents: Documents) -> None:
    client, lead_id = await a_lead(site, store, documents)
    await update_lead(lead_id, {"company": "Acme"}, "test", config=site.service)
    (row,) = await rows_of(documents, client)
    (shown,) = [one for one in (await trace_lead(lead_id))["timeline"] if one["kind"] == "webhook"]
    assert (shown["deliveryId"], shown["eventType"], shown["status"]) == (row["_id"], "lead.updated", "pending")
