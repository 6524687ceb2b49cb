"""Reading leads from a real MongoDB."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, interaction, submission
from tracker.config.records import ClientRecord
from tracker.errors import ConflictError, NotFoundError
from tracker.leads.service import get_lead, lead_query, list_leads, served
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

HOUR = timedelta(hours=1)


@pytest.fixture
async def client(documents: Documents, document_settings: Settings) -> ClientRecord:
    """A client with a partial lead, and a submitted one an hour younger."""
    client = a_client()
    events = [interaction("bob@shop.example", NOON), submission("ann@shop.example", NOON + HOUR, fields={"a.b": "x"})]
    await Store(documents, document_settings).store(drafted(client, a_batch(client, *events)), maybe_known=False)
    return client


async def test_lists_the_newest_first_and_filters(client: ClientRecord) -> None:
    async def emails(**filters: object) -> list[str]:
        return [lead["email"] for lead in await list_leads(client_id=client.client_id, **filters)]  # type: ignore[arg-type]

    assert await emails() == ["ann@shop.example", "bob@shop.example"]
    assert await emails(limit=1) == ["ann@shop.example"]
    assert await emails(status="partial") == ["bob@shop.example"]
    assert await emails(email=" Ann@SHOP.example") == ["ann@shop.example"]
    assert await emails(since=NOON + HOUR) == ["ann@shop.example"]
    assert await emails(until=NOON + HOUR) == ["bob@shop.example"]
    assert await emails(email="$ne") == []


async def test_people_see_original_names_iso_times_and_no_internals(client: ClientRecord) -> None:
    [lead, _] = await list_leads(client_id=client.client_id)
    assert lead["fields"] == {"a.b": "x"}
    assert lead["createdAt"] == (NOON + HOUR).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert not {"_id", "attributeAt", "current"} & set(lead)


async def test_a_lead_is_found_by_its_id_or_the_beginning_of_it(client: ClientRecord) -> None:
    [lead, _] = await list_leads(client_id=client.client_id)
    assert await get_lead(lead["leadId"]) == lead
    assert await get_lead(lead["leadId"][:12]) == lead


async def test_an_unknown_id_is_not_found(client: ClientRecord) -> None:
    for ref in ("nobody", "00000000-0000-0000-0000-000000000000", ".*", "......", ""):
        with pytest.raises(NotFoundError):
            await get_lead(ref)


async def test_a_beginning_that_fits_two_is_refused(client: ClientRecord, documents: Documents) -> None:
    twins = [{"leadId": f"twins{client.client_id[:8]}{n}", "clientId": client.client_id} for n in range(2)]
    await documents.database["leads"].insert_many(twins)
    with pytest.raises(ConflictError):
        await get_lead(f"twins{client.client_id[:8]}")
    assert (await get_lead(twins[1]["leadId"]))["leadId"] == twins[1]["leadId"]


@pytest.mark.parametrize("quality", [None, "high"])
async def test_a_page_of_all_clients_leads_reads_no_more_than_the_page(
    documents: Documents, quality: str | None
) -> None:
    leads = documents.database["leads"]
    clients = [f"cost-{number}" for number in range(20)]
    await leads.insert_many(
        [
            {
                "leadId": f"{client}-{number}", "clientId": client, "status": ("partial", "submitted")[number % 2],
                "quality": "high", "source": "web_form", "createdAt": NOON + timedelta(minutes=number),
            }
            for client in clients
            for number in range(20)
        ]
    )  # fmt: skip
    try:
        query = served(lead_query(quality=quality))
        plan = await leads.find(query).sort("createdAt", -1).limit(10).explain()
        assert plan["executionStats"]["totalDocsExamined"] <= 30, plan["queryPlanner"]["winningPlan"]
    finally:
        await leads.delete_many({"clientId": {"$in": clients}})
