"""Leads become records of an org: once each, and the right ones."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crm.salesforce.conftest import OpenOrg
from tests.crm.salesforce.leads import BY_ID, a_lead, changed
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.base import Record

SETTINGS = pytest.mark.parametrize("settings", [{}, BY_ID], ids=["by e-mail", "by external id"])


@SETTINGS
async def test_makes_a_record_once_and_changes_it_afterwards(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str]
) -> None:
    adapter = opened(**settings)
    [made] = await adapter.upsert([a_lead(Phone="+15550100")])
    [again] = await adapter.upsert([a_lead(Phone="+15550199")])
    [later] = await adapter.upsert([changed(a_lead(), made.crm_id, Company="Other")])
    assert [one.outcome for one in (made, again, later)] == ["created", "updated", "updated"]
    assert made.crm_id == again.crm_id == later.crm_id
    [row] = org.records("Lead")
    assert (row["Id"], row["Phone"], row["Company"], row["LastName"]) == (
        made.crm_id, "+15550199", "Other", "Lovelace 1",
    )  # fmt: skip
    assert row.get("Tracker_Id__c") == ("lead-1" if settings else None)


async def test_two_hundred_go_in_two_calls(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened()
    results = await adapter.upsert([a_lead(number) for number in range(200)])
    assert Counter(result.outcome for result in results) == {"created": 200}
    assert [path.rpartition("v64.0/")[2] for _, path in org.api_calls] == ["query/", "composite/sobjects"]
    assert [row["Email"] for row in org.records("Lead")] == [a_lead(number).email for number in range(200)]


async def test_two_hundred_go_in_one_call_by_external_id(org: SalesforceOrg, opened: OpenOrg) -> None:
    await opened(**BY_ID).upsert([a_lead(number) for number in range(200)])
    assert org.api_calls == [("PATCH", "/services/data/v64.0/composite/sobjects/Lead/Tracker_Id__c")]


async def test_a_thousand_go_in_parallel_with_their_searches_in_one_call(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.latency = 0.05
    results = await opened().upsert([a_lead(number) for number in range(1_000)])
    assert len({result.crm_id for result in results}) == 1_000
    assert [result.lead_id for result in results] == [f"lead-{number}" for number in range(1_000)]
    assert len(org.api_calls) == 6
    assert 2 <= org.most_at_once <= 4


async def test_finds_an_address_however_it_is_written(org: SalesforceOrg, opened: OpenOrg) -> None:
    crm_id = org.store.insert("Lead", {"LastName": "L", "Company": "C", "Email": "Ada1@LOVELACE.example"})
    [result] = await opened().upsert([a_lead()])
    assert (result.outcome, result.crm_id) == ("updated", crm_id)


@pytest.mark.parametrize(
    "email", ["o'brien@acme.example", 'a"b@acme.example', "a\\'b@acme.example", "x') OR (Name != '@acme.example"]
)
async def test_an_address_is_never_a_piece_of_the_query(org: SalesforceOrg, opened: OpenOrg, email: str) -> None:
    org.store.insert("Lead", {"LastName": "Another", "Company": "C", "Email": "other@acme.example"})
    own = org.store.insert("Lead", {"LastName": "Own", "Company": "C", "Email": email})
    record = Record("lead-1", "Lead", {"LastName": "New"}, email, None, {"LastName": "New"})
    [result] = await opened().upsert([record])
    assert (result.outcome, result.crm_id) == ("updated", own)
    assert [row["LastName"] for row in org.records("Lead")] == ["Another", "New"]


async def test_two_leads_of_one_address_are_one_record(org: SalesforceOrg, opened: OpenOrg) -> None:
    records = [a_lead(number, email="same@acme.example", Phone=str(number)) for number in range(4)]
    results = await opened().upsert(records)
    assert [result.outcome for result in results] == ["created", "updated", "updated", "updated"]
    [row] = org.records("Lead")
    assert (row["Phone"], {result.crm_id for result in results}) == ("3", {row["Id"]})


async def test_leads_without_an_address_are_records_of_their_own(org: SalesforceOrg, opened: OpenOrg) -> None:
    results = await opened().upsert([a_lead(number, email=None) for number in range(3)])
    assert [result.outcome for result in results] == ["created"] * 3
    assert len(org.records("Lead")) == 3


async def test_of_several_the_latest_that_is_not_converted_is_changed(org: SalesforceOrg, opened: OpenOrg) -> None:
    values = {"LastName": "L", "Company": "C", "Email": a_lead().email}
    _, latest, converted = (org.store.insert("Lead", values) for _ in range(3))
    org.store.convert(converted)
    [result] = await opened().upsert([a_lead()])
    assert (result.entity, result.crm_id) == ("Lead", latest)


@SETTINGS
async def test_a_record_that_was_deleted_is_made_anew_with_all_its_values(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str]
) -> None:
    adapter = opened(**settings)
    [made] = await adapter.upsert([a_lead()])
    org.store.delete(str(made.crm_id))
    [result] = await adapter.upsert([changed(a_lead(), made.crm_id, Phone="+15550100")])
    assert result.outcome == "created"
    [row] = org.records("Lead")
    assert (row["Id"], row["LastName"], row["Phone"]) == (result.crm_id, "Lovelace 1", "+15550100")


async def test_an_id_that_never_was_is_no_end(org: SalesforceOrg, opened: OpenOrg) -> None:
    [result] = await opened().upsert([changed(a_lead(), "00Q5g9999999999AAA", Phone="1")])
    assert (result.outcome, len(org.records("Lead"))) == ("created", 1)


async def test_nothing_is_sent_where_nothing_has_changed(org: SalesforceOrg, opened: OpenOrg) -> None:
    [result] = await opened().upsert([changed(a_lead(), "00Q5g0000000001AAA")])
    assert (result.outcome, org.calls) == ("unchanged", [])


@SETTINGS
async def test_what_the_defaults_fill_in_is_never_written_over_a_name(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str]
) -> None:
    adapter = opened(**settings)
    crm_id = org.store.insert(
        "Lead", {"LastName": "Byron", "Company": "House", "Email": a_lead().email, "Tracker_Id__c": "lead-1"}
    )
    values = {"LastName": "[unknown]", "Company": "[not provided]", "LeadSource": "Web", "Phone": "1"}
    await adapter.upsert([changed(a_lead(), crm_id, **values)])
    [row] = org.records("Lead")
    assert (row["LastName"], row["Company"], row.get("LeadSource"), row["Phone"]) == ("Byron", "House", None, "1")


async def test_other_objects_are_found_by_the_address_that_is_mapped_to_them(
    org: SalesforceOrg, opened: OpenOrg
) -> None:
    adapter = opened(entity="Enquiry__c")
    values = {"Sender__c": "ada@acme.example", "Text__c": "Hello"}
    record = Record("lead-1", "Enquiry__c", values, "ada@acme.example", None, values)
    assert [result.outcome for _ in range(2) for result in await adapter.upsert([record])] == ["created", "updated"]
    assert len(org.records("Enquiry__c")) == 1


async def test_an_entity_without_the_external_id_is_found_by_address(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(**BY_ID)
    values = {"Sender__c": "ada@acme.example"}
    enquiry = Record("lead-1", "Enquiry__c", values, "ada@acme.example", None, values)
    for outcome in ("created", "updated"):
        assert [result.outcome for result in await adapter.upsert([a_lead(), enquiry])] == [outcome, outcome]
    assert (len(org.records("Lead")), len(org.records("Enquiry__c"))) == (1, 1)


async def test_values_arrive_as_what_they_are(org: SalesforceOrg, opened: OpenOrg) -> None:
    await opened().upsert(
        [a_lead(Topics__c=["Pool", "Garden"], Budget__c=12.5, Newsletter__c=True, Visit__c="2026-05-01", Phone=None)]
    )
    [row] = org.records("Lead")
    told = (row["Topics__c"], row["Budget__c"], row["Newsletter__c"], row["Visit__c"], row["Phone"])
    assert told == ("Pool;Garden", 12.5, True, "2026-05-01", None)


# ------------------------------------------------------------------------------------------------------------ converted


@SETTINGS
async def test_a_converted_lead_goes_on_as_its_contact(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str]
) -> None:
    adapter = opened(**settings)
    [made] = await adapter.upsert([a_lead()])
    contact = org.store.convert(str(made.crm_id))
    news = changed(a_lead(), made.crm_id, Phone="+15550100", Company="A contact has none")
    [by_id] = await adapter.upsert([news])
    [found] = await adapter.upsert([changed(a_lead(), None, Phone="+15550101")])
    [after] = await adapter.upsert([changed(a_lead(), contact, Phone="+15550102", Company="None")])
    [as_contact] = await adapter.upsert([changed(a_lead(), contact, "Contact", Phone="+15550103", Company="None")])
    for result in (by_id, found, after, as_contact):
        assert (result.outcome, result.entity, result.crm_id) == ("updated", "Contact", contact)
    [row] = org.records("Contact")
    assert (row["Phone"], "Company" in row) == ("+15550103", False)
    assert len(org.records("Lead")) == 1


async def test_a_converted_lead_whose_contact_cannot_be_seen_makes_no_second_one(
    org: SalesforceOrg, opened: OpenOrg
) -> None:
    adapter = opened()
    [made] = await adapter.upsert([a_lead()])
    org.store.convert(str(made.crm_id))
    org.store.rows[str(made.crm_id)]["ConvertedContactId"] = None
    for record in (a_lead(), changed(a_lead(), made.crm_id, Phone="1")):
        [result] = await adapter.upsert([record])
        assert result.error is not None
        assert (result.outcome, result.error.code) == ("failed", "CANNOT_UPDATE_CONVERTED_LEAD")
    assert len(org.records("Lead")) == 1


# ----------------------------------------------------------------------------------------------------------- duplicates


def _with_a_rule(org: SalesforceOrg, entity: str = "Lead", *, allows: bool = True) -> str:
    org.store.matching = {"Lead": "Phone"}
    org.store.rule_allows = allows
    own = {"Company": "C"} if entity == "Lead" else {}
    return org.store.insert(entity, {"LastName": "L", "Phone": "+15550100", **own})


@SETTINGS
@pytest.mark.parametrize("entity", ["Lead", "Contact"])
async def test_the_match_of_a_duplicate_rule_is_updated(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str], entity: str
) -> None:
    match = _with_a_rule(org, entity)
    [result] = await opened(**settings).upsert([a_lead(Phone="+15550100", FirstName="Ada")])
    assert (result.outcome, result.entity, result.crm_id) == ("updated", entity, match)
    [row] = org.records("Lead") + org.records("Contact")
    assert row["FirstName"] == "Ada"


async def test_neighbours_of_duplicates_are_made(org: SalesforceOrg, opened: OpenOrg) -> None:
    match = _with_a_rule(org)
    records = [a_lead(1), a_lead(2, Phone="+15550100"), a_lead(3)]
    results = await opened().upsert(records)
    assert [result.outcome for result in results] == ["created", "updated", "created"]
    assert results[1].crm_id == match


async def test_a_second_record_is_made_where_the_policy_allows_it(org: SalesforceOrg, opened: OpenOrg) -> None:
    _with_a_rule(org)
    [result] = await opened(duplicates="allow").upsert([a_lead(Phone="+15550100")])
    assert (result.outcome, len(org.records("Lead"))) == ("created", 2)


@pytest.mark.parametrize("policy", ["hold", "allow"])
async def test_a_duplicate_is_held_for_review(org: SalesforceOrg, opened: OpenOrg, policy: str) -> None:
    _with_a_rule(org, allows=False)
    [result] = await opened(duplicates=policy).upsert([a_lead(Phone="+15550100")])
    assert result.error is not None
    assert (result.outcome, result.crm_id, result.error.code) == ("held", None, "DUPLICATES_DETECTED")
    assert not result.error.retryable
    assert len(org.records("Lead")) == 1


async def test_a_rule_that_names_no_match_holds_the_record(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.fault("DUPLICATES_DETECTED", times=2)
    [result] = await opened().upsert([a_lead()])
    assert (result.outcome, org.records("Lead")) == ("held", [])


# ------------------------------------------------------------------------------------------------------ refused records


async def test_one_bad_record_does_not_stop_its_neighbours(org: SalesforceOrg, opened: OpenOrg) -> None:
    bad = {
        "REQUIRED_FIELD_MISSING": a_lead(1, Company=None),
        "STRING_TOO_LONG": a_lead(2, FirstName="hunter2" * 10),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": a_lead(3, Rating="hunter2"),
        "INVALID_EMAIL_ADDRESS": a_lead(4, email="hunter2@nowhere"),
        "INVALID_FIELD": a_lead(5, Colour__c="hunter2"),
        "INVALID_FIELD_FOR_INSERT_UPDATE": a_lead(6, IsConverted=True),
        "JSON_PARSER_ERROR": a_lead(7, Budget__c="hunter2"),
    }
    good = [a_lead(number) for number in range(10, 60)]
    results = await opened().upsert([*good[:25], *bad.values(), *good[25:]])
    told = {result.error.code: result for result in results if result.error}
    assert set(told) == set(bad)
    for result in told.values():
        assert result.error is not None
        assert (result.outcome, result.error.retryable) == ("failed", False)
        assert "hunter2" not in result.error.message
    assert told["STRING_TOO_LONG"].error.fields == ("FirstName",)  # type: ignore[union-attr]
    assert Counter(result.outcome for result in results) == {"created": 50, "failed": 7}
    assert len(org.records("Lead")) == 50


@pytest.mark.parametrize("code", ["UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG"])
async def test_a_record_that_was_locked_is_taken_the_next_time(org: SalesforceOrg, opened: OpenOrg, code: str) -> None:
    adapter = opened()
    org.fault(code)
    records = [a_lead(number) for number in range(3)]
    results = await adapter.upsert(records)
    assert [result.outcome for result in results] == ["failed", "created", "created"]
    assert results[0].error is not None
    assert (results[0].error.code, results[0].error.retryable) == (code, True)
    again = await adapter.upsert(records)
    assert [result.outcome for result in again] == ["created", "updated", "updated"]


async def test_records_of_an_object_that_is_not_there_fail_and_others_go_on(
    org: SalesforceOrg, opened: OpenOrg
) -> None:
    adapter = opened()
    lost = Record("lead-9", "Laed", {"Name": "x"}, "x@acme.example", None, {"Name": "x"})
    wrong, right = await adapter.upsert([lost, a_lead()])
    assert (wrong.outcome, right.outcome) == ("failed", "created")
    assert wrong.error is not None
    assert not wrong.error.retryable
