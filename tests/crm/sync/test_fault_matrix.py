"""Whatever the CRM does once: in the end it has one record of the lead, and the lead says so.

Through the loop, the outbox and the Salesforce adapter; against the tests' own org, over TLS.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.crm.sync.memory import a_crm_client
from tests.fixtures.processes import wait_until_async
from tests.fixtures.salesforce import SalesforceOrg
from tracker.config.records import CrmRecord
from tracker.crm.salesforce.adapter import Salesforce
from tracker.crm.sync.account import Account
from tracker.crm.sync.outbox import mark, stage
from tracker.crm.sync.runner import CrmRunner
from tracker.stores.documents import Documents

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TRANSIENT = (
    "timeout", "cut", "cut_after", "slow", "not_json", "wrong_shape", "expired_session", "limit", "too_many", "500",
    "503", "UNABLE_TO_LOCK_ROW",
)  # fmt: skip


class Office:
    """One lead that is due in one account, and a worker for it that need not wait for any pause."""

    def __init__(self, documents: Documents, org: SalesforceOrg, **settings: Any) -> None:
        self.database = documents.database
        credentials, kept = Salesforce.split(org.credentials("client_credentials", **settings))
        record = CrmRecord(connection_id=uuid4().hex, adapter="salesforce", settings=kept, version="1")
        self.client = a_crm_client(record)
        self.record = record
        self._credentials = credentials
        self.lead_id = f"{self.client.client_id}-1"

    async def open(self, connection_id: str, client_id: str) -> Account | None:
        if connection_id != self.record.connection_id:
            return None
        adapter = Salesforce.open(self._credentials, self.record.settings, timeout_seconds=1.0)
        return Account(self.client, self.record, adapter, "US")

    async def lead(self, **values: Any) -> None:
        lead = {
            "leadId": self.lead_id, "clientId": self.client.client_id, "email": "ann@mail.example", "lastName": "Lee",
            "status": "submitted", "quality": "high", "source": "web_form", "fields": {}, "createdAt": NOW,
            "updatedAt": NOW, "crmSynced": False, **values,
        }  # fmt: skip
        await self.database["leads"].insert_one(lead)
        due = [mark(self.record.connection_id, self.client.client_id, self.lead_id, NOW, NOW)]
        await stage(self.database, due)

    async def settled(self) -> bool:
        """Take every pause away; tells whether nothing is due any more."""
        own = {"connectionId": self.record.connection_id}
        await self.database["crm_state"].update_one(
            {"_id": self.record.connection_id, "circuit": {"$ne": None}}, {"$set": {"circuit.until": NOW}}
        )
        await self.database["crm_due"].update_many(own, {"$set": {"dueAt": NOW}})
        return await self.database["crm_due"].count_documents(own) == 0

    async def run(self) -> dict[str, Any]:
        runner = CrmRunner(self.database, self.open, gather=timedelta())
        await runner.start()

        async def done() -> bool:
            runner._not_before.clear()
            return await self.settled()

        try:
            await wait_until_async(done, timeout=40, interval=0.2)
        finally:
            await runner.close()
        found = await self.database["leads"].find_one({"leadId": self.lead_id})
        assert found is not None
        return found


@pytest.mark.parametrize("by", ["email", "external_id"])
@pytest.mark.parametrize("fault", TRANSIENT)
async def test_one_record_whatever_happens_once(
    documents: Documents, org: SalesforceOrg, monkeypatch: pytest.MonkeyPatch, fault: str, by: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", org.ca_bundle)
    settings = {"external_id_field": "Tracker_Id__c"} if by == "external_id" else {}
    office = Office(documents, org, **settings)
    await office.lead()
    org.fault(fault, "/composite", seconds=3.0 if fault == "slow" else 1.0)
    lead = await office.run()
    assert len(org.records("Lead")) == 1
    assert (lead["crmSynced"], lead["crmId"]) == (True, org.records("Lead")[0]["Id"])
    assert all(error["retryable"] for error in lead.get("crmErrors", []))


@pytest.mark.parametrize("fault", ["REQUIRED_FIELD_MISSING", "FIELD_CUSTOM_VALIDATION_EXCEPTION"])
async def test_a_refusal_ends_on_the_lead_and_a_correction_brings_it_over(
    documents: Documents, org: SalesforceOrg, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", org.ca_bundle)
    office = Office(documents, org)
    await office.lead()
    org.fault(fault)
    lead = await office.run()
    assert (lead["crmSynced"], [error["code"] for error in lead["crmErrors"]]) == (False, [fault])
    assert org.records("Lead") == []

    due = [mark(office.record.connection_id, office.client.client_id, office.lead_id, NOW, NOW)]
    await stage(office.database, due)
    lead = await office.run()
    assert lead["crmSynced"] is True
    assert len(org.records("Lead")) == 1
