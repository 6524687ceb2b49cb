"""Every way in which a lead changes notes it for the CRM, once, with the change itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec import structs

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, interaction, page_view, submission
from tests.fixtures.world import Site
from tests.pipeline.storing import one_lead, put
from tracker.config.records import ClientRecord, CrmRecord
from tracker.config.service import ConfigService
from tracker.crm.sync.due import DEBOUNCE
from tracker.leads.abandoned import close_abandoned
from tracker.leads.edits import delete_lead, request_sync, update_lead
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

HOUR = timedelta(hours=1)
ACTOR = "api:ann"


@pytest.fixture
def config(site: Site) -> ConfigService:
    site.service.create_crm(site.client_id, "log", {})
    return site.service


@pytest.fixture
def client(config: ConfigService, site: Site) -> ClientRecord:
    """The client as workers know it, with its account."""
    found = config.client_record(site.client_id)
    assert found is not None
    return found


async def rows(documents: Documents, client: ClientRecord) -> list[dict[str, Any]]:
    return await documents.database["crm_due"].find({"clientId": client.client_id}).sort("_id", 1).to_list()


async def emptied(documents: Documents, client: ClientRecord) -> None:
    await documents.database["crm_due"].delete_many({"clientId": client.client_id})


async def test_a_submission_is_due_with_its_lead(store: Store, documents: Documents, client: ClientRecord) -> None:
    await put(store, client, page_view(sessionId="s"), submission(sessionId="s"))
    [row] = await rows(documents, client)
    lead = await one_lead(documents, client)
    assert (row["leadId"], row["connectionId"], row["task"]) == (
        lead["leadId"], client.crm[0].connection_id, "upsert",
    )  # fmt: skip
    assert lead["crmSynced"] is False


async def test_each_account_is_told(store: Store, documents: Documents) -> None:
    accounts = [CrmRecord(connection_id=uuid4().hex, adapter="log", settings={}, version="1") for _ in range(2)]
    client = structs.replace(a_client(), crm=tuple(accounts))
    await put(store, client, submission())
    assert {row["connectionId"] for row in await rows(documents, client)} == {one.connection_id for one in accounts}


async def test_the_same_batch_again_is_due_no_second_time(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    batch = a_batch(client, submission(id="one"))
    await store.store(drafted(client, batch), maybe_known=False)
    await emptied(documents, client)
    await store.store(drafted(client, batch), maybe_known=True)
    assert await rows(documents, client) == []


async def test_what_is_typed_waits_for_more_and_only_where_the_client_wants_it(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(store, client, interaction(sessionId="s", at=NOON))
    assert await rows(documents, client) == []
    wanting = structs.replace(client, settings=structs.replace(client.settings, sync_partial="email"))
    await put(store, wanting, interaction(sessionId="s", at=NOON + HOUR, fields={"company": "Acme"}))
    [row] = await rows(documents, client)
    assert row["dueAt"] - row["createdAt"] == DEBOUNCE


async def test_progress_decides_where_the_client_says_so(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    wanting = structs.replace(client, settings=structs.replace(client.settings, sync_partial="percent:60"))
    for percent, expected in ((40, 0), (70, 1), (20, 1)):
        progress = {"formProgress": {"percentComplete": percent}}
        await put(store, wanting, interaction(sessionId="s", payload=progress, fields={"n": str(percent)}))
        assert len(await rows(documents, client)) == expected
    assert (await one_lead(documents, client))["formProgress"] == 70


async def test_a_test_lead_and_a_client_without_accounts_cost_nothing(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    await store.store(drafted(client, a_batch(client, submission(), test=True)), maybe_known=False)
    other = a_client()
    await put(store, other, submission())
    assert await rows(documents, client) == await rows(documents, other) == []


async def test_changing_asking_and_deleting_by_hand_are_due(
    store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, submission())
    lead_id = (await one_lead(documents, client))["leadId"]
    await emptied(documents, client)

    await update_lead(lead_id, {"company": "Acme"}, ACTOR, config=config)
    assert len(await rows(documents, client)) == 1
    await emptied(documents, client)

    await request_sync(lead_id, ACTOR, config=config)
    assert [row["force"] for row in await rows(documents, client)] == [True]
    await emptied(documents, client)

    known = {"connectionId": client.crm[0].connection_id, "mappedTo": "Lead", "entity": "Lead", "crmId": "00Q1"}
    await documents.database["leads"].update_one({"leadId": lead_id}, {"$set": {"crmRecords": [known]}})
    await delete_lead(lead_id, ACTOR, config=config)
    [row] = await rows(documents, client)
    assert (row["task"], row["crmIds"]) == ("delete", {"Lead": "00Q1"})


async def test_a_lead_that_is_given_up_is_due_where_partial_leads_are_wanted(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    wanting = structs.replace(client, settings=structs.replace(client.settings, sync_partial="email"))
    await put(store, wanting, interaction(sessionId="s", at=NOON))
    await emptied(documents, client)

    async def client_of(client_id: str) -> ClientRecord | None:
        return wanting if client_id == client.client_id else None

    await close_abandoned(documents.database, NOON + 2 * HOUR, timedelta(minutes=30), client_of)
    assert len(await rows(documents, client)) == 1
