"""A batch of leads comes to an account once, and the lead tells what came of it; on a real MongoDB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.crm.sync.memory import Memory, a_crm_client, an_account
from tracker.config.records import CrmRecord
from tracker.crm.base import RecordError, RetryLaterError
from tracker.crm.sync.account import Account
from tracker.crm.sync.batch import CALL_FAILED, MOST_TRIES, bring
from tracker.crm.sync.outbox import deletions, mark, stage
from tracker.stores.documents import Documents

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Desk:
    """One account with its leads and outbox."""

    def __init__(self, documents: Documents, account: Account, crm: Memory) -> None:
        self.database = documents.database
        self.account = account
        self.crm = crm
        self.client_id = account.client.client_id

    async def lead(self, number: int = 0, **values: Any) -> dict[str, Any]:
        """A submitted lead that is due."""
        lead = {
            "leadId": f"{self.client_id}-{number}", "clientId": self.client_id, "email": f"p{number}@x.example",
            "lastName": f"Person {number}", "status": "submitted", "quality": "high", "source": "web_form",
            "createdAt": NOW, "updatedAt": NOW, "fields": {}, "crmSynced": False, **values,
        }  # fmt: skip
        await self.database["leads"].insert_one(lead)
        await self.due(number)
        return lead

    async def due(self, number: int = 0, **options: Any) -> None:
        lead_id = f"{self.client_id}-{number}"
        await stage(self.database, [mark(self.account.id, self.client_id, lead_id, NOW, NOW, **options)])

    async def rows(self) -> list[dict[str, Any]]:
        return await self.database["crm_due"].find({"connectionId": self.account.id}).sort("_id", 1).to_list()

    async def bring(self) -> dict[str, int]:
        return await bring(self.database, self.account, await self.rows())

    async def stored(self, number: int = 0) -> dict[str, Any]:
        found = await self.database["leads"].find_one({"leadId": f"{self.client_id}-{number}"})
        assert found is not None
        return found

    async def attempts(self) -> list[dict[str, Any]]:
        return await self.database["crm_attempts"].find({"clientId": self.client_id}).sort("_id", 1).to_list()


@pytest.fixture
def desk(documents: Documents) -> Desk:
    crm = Memory()
    return Desk(documents, an_account(crm, uuid4().hex), crm)


async def test_a_lead_is_created_and_knows_it(desk: Desk) -> None:
    await desk.lead()
    assert await desk.bring() == {"created": 1}
    lead = await desk.stored()
    assert (lead["crmSynced"], lead["crmId"], lead["crmErrors"]) == (True, "m0", [])
    assert lead["crmSyncedAt"] is not None
    assert [(one["entity"], one["crmId"]) for one in lead["crmRecords"]] == [("Lead", "m0")]
    assert desk.crm.records["m0"]["Email"] == "p0@x.example"
    assert await desk.rows() == []


async def test_only_what_changed_goes_over_and_nothing_when_nothing_did(desk: Desk) -> None:
    await desk.lead()
    await desk.bring()
    await desk.due()
    assert await desk.bring() == {"unchanged": 1}
    assert desk.crm.calls == [("upsert", 1)]

    desk.crm.records["m0"]["LastName"] = "Corrected by sales"
    await desk.database["leads"].update_one({"leadId": (await desk.stored())["leadId"]}, {"$set": {"company": "Acme"}})
    await desk.due()
    assert await desk.bring() == {"updated": 1}
    assert desk.crm.records["m0"]["Company"] == "Acme"
    assert desk.crm.records["m0"]["LastName"] == "Corrected by sales"

    await desk.due(force=True)
    assert await desk.bring() == {"updated": 1}
    assert desk.crm.records["m0"]["LastName"] == "Person 0"


async def test_values_are_not_kept_beside_the_lead(desk: Desk) -> None:
    await desk.lead(company="Geheimnis AG")
    await desk.bring()
    lead = await desk.stored()
    assert "Geheimnis" not in repr(lead["crmRecords"]) + repr(await desk.attempts())
    assert {"Company", "Email", "LastName"} == set((await desk.attempts())[0]["fields"])


async def test_a_refused_record_is_told_on_its_lead_and_its_neighbours_go_over(desk: Desk) -> None:
    for number in range(3):
        await desk.lead(number)
    desk.crm.refuse[f"{desk.client_id}-1"] = RecordError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no budget given")
    assert await desk.bring() == {"created": 2, "failed": 1}
    lead = await desk.stored(1)
    assert (lead["crmSynced"], lead.get("crmId")) == (False, None)
    [told] = lead["crmErrors"]
    assert (told["code"], told["retryable"]) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", False)
    assert await desk.rows() == []


async def test_a_refusal_that_may_pass_is_tried_again_later_and_not_for_ever(desk: Desk) -> None:
    await desk.lead()
    desk.crm.refuse[f"{desk.client_id}-0"] = RecordError("UNABLE_TO_LOCK_ROW", "busy", retryable=True)
    assert await desk.bring() == {"later": 1}
    [row] = await desk.rows()
    assert row["tries"] == 1
    assert row["dueAt"] > datetime.now(UTC)
    for _ in range(MOST_TRIES - 1):
        await desk.bring()
    assert await desk.rows() == []
    assert len((await desk.stored())["crmErrors"]) == min(10, MOST_TRIES)


async def test_errors_are_bounded(desk: Desk) -> None:
    await desk.lead()
    desk.crm.refuse[f"{desk.client_id}-0"] = RecordError("NO", "no")
    for _ in range(13):
        await desk.due()
        await desk.bring()
    assert len((await desk.stored())["crmErrors"]) == 10


async def test_a_value_that_does_not_fit_is_not_sent(desk: Desk) -> None:
    await desk.lead(company="A name that is longer than twenty characters")
    assert await desk.bring() == {"failed": 1}
    assert desk.crm.calls == []
    [told] = (await desk.stored())["crmErrors"]
    assert "Company" in told["message"]
    assert "longer than twenty characters" not in told["message"]


async def test_an_account_that_does_not_answer_leaves_all_as_it_was(desk: Desk) -> None:
    await desk.lead()
    before = await desk.stored()
    desk.crm.faults = [RetryLaterError("no answer")]
    with pytest.raises(RetryLaterError):
        await desk.bring()
    assert await desk.stored() == before
    assert len(await desk.rows()) == 1


async def test_a_lost_answer_makes_no_second_record(desk: Desk) -> None:
    await desk.lead()
    desk.crm.lost = 1
    with pytest.raises(RetryLaterError):
        await desk.bring()
    assert await desk.bring() == {"updated": 1}
    assert len(desk.crm.records) == 1


async def test_a_change_during_the_call_stays_due(desk: Desk) -> None:
    await desk.lead()
    rows = await desk.rows()
    await desk.database["leads"].update_one(
        {"leadId": rows[0]["leadId"]}, {"$set": {"updatedAt": NOW + timedelta(seconds=1)}}
    )
    stale = await desk.stored()
    await desk.due()
    await bring(desk.database, desk.account, rows)
    assert len(await desk.rows()) == 1
    assert (await desk.stored())["crmRecords"] != []
    assert stale["updatedAt"] == (await desk.stored())["updatedAt"]
    await desk.bring()
    assert (await desk.stored())["crmSynced"] is True


async def test_a_lead_that_has_turned_out_to_be_spam_is_not_brought(desk: Desk) -> None:
    await desk.lead(0, spam=True)
    await desk.lead(1, spam=False)
    assert await desk.bring() == {"created": 1, "gone": 1}


async def test_a_lead_that_is_gone_is_due_no_more(desk: Desk) -> None:
    await desk.due(7)
    assert await desk.bring() == {"gone": 1}
    assert await desk.rows() == []


async def test_a_lead_deleted_here_is_deleted_there(desk: Desk) -> None:
    await desk.lead()
    await desk.bring()
    await stage(desk.database, deletions(await desk.stored(), NOW))
    await desk.database["leads"].delete_one({"leadId": f"{desk.client_id}-0"})
    assert await desk.bring() == {"deleted": 1}
    assert desk.crm.records == {}
    assert await desk.rows() == []


async def test_a_held_duplicate_is_marked(desk: Desk) -> None:
    await desk.lead()
    desk.crm.refuse[f"{desk.client_id}-0"] = RecordError("DUPLICATES_DETECTED", "looks like another one")
    assert await desk.bring() == {"held": 1}
    assert (await desk.stored())["crmHeld"] is True


async def test_a_record_whose_call_failed_spends_no_try(desk: Desk) -> None:
    await desk.lead()
    desk.crm.refuse[f"{desk.client_id}-0"] = RecordError(CALL_FAILED, "no answer", retryable=True)
    for _ in range(MOST_TRIES + 1):
        assert await desk.bring() == {"later": 1}
    assert (await desk.rows())[0]["tries"] == 0


async def test_a_converted_lead_goes_on_as_a_contact_that_lacks_some_of_its_fields(desk: Desk) -> None:
    await desk.lead()
    await desk.bring()
    records = [{**(await desk.stored())["crmRecords"][0], "entity": "Contact"}]
    changed = {"crmRecords": records, "company": "A name that is longer than twenty characters"}
    await desk.database["leads"].update_one({"leadId": f"{desk.client_id}-0"}, {"$set": changed})
    await desk.due()
    assert await desk.bring() == {"updated": 1}
    lead = await desk.stored()
    assert [(one["mappedTo"], one["entity"]) for one in lead["crmRecords"]] == [("Lead", "Contact")]


async def test_a_lead_is_synced_when_the_last_of_its_accounts_has_it(documents: Documents) -> None:
    first, second = (
        CrmRecord(connection_id=uuid4().hex, adapter="memory", settings={}, version="1"),
        CrmRecord(connection_id=uuid4().hex, adapter="memory", settings={}, version="1"),
    )
    client = a_crm_client(first, second)
    desks = [
        Desk(documents, Account(client, record, crm, "US"), crm)
        for record, crm in ((first, Memory()), (second, Memory()))
    ]
    await desks[0].lead()
    await desks[1].due()
    await desks[0].bring()
    lead = await desks[0].stored()
    assert (lead["crmSynced"], len(lead["crmRecords"])) == (False, 1)
    await desks[1].bring()
    lead = await desks[0].stored()
    assert (lead["crmSynced"], len(lead["crmRecords"])) == (True, 2)
