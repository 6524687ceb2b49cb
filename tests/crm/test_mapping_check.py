"""What a CRM would refuse is found before it does."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from tests.crm.sample import ACCOUNT, LEAD, SampleCrm
from tests.crm.test_mapping import CLIENTS, LEADS, client_of, mapped_field, wide
from tracker.config.records import ClientRecord
from tracker.crm.base import CrmAdapter
from tracker.crm.mapping_check import Report, check, with_client_mapping, with_field_mapping
from tracker.crm.mapping_trial import check_mapping, describe_all, plan_of
from tracker.errors import NotFoundError

DESCRIBED = {"Lead": LEAD, "Account": ACCOUNT}
NAMED = {"email": "ann@shop.example", "name": "Ann Lee"}


def report_of(client: ClientRecord, *leads: dict[str, object]) -> Report:
    numbered = [{"leadId": f"lead-{number}", **lead} for number, lead in enumerate(leads)]
    return check(plan_of(client, SampleCrm({}), "US"), DESCRIBED, numbered)


def codes(report: Report) -> set[tuple[str, str, str]]:
    return {(one.level, one.code, one.field) for one in report.findings}


def test_is_a_crm_adapter() -> None:
    assert isinstance(SampleCrm({}), CrmAdapter)


def test_a_mapping_that_fits_is_no_finding() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", "e164"), mappings=[wide("=Hot", "Lead.Rating")])
    report = report_of(client, {**NAMED, "phone": "4155552671"})
    assert (report.findings, report.failed, report.leads, report.sendable) == ((), False, 1, 1)


def test_a_field_that_does_not_exist_is_found_with_the_nearest() -> None:
    report = report_of(client_of(mapped_field("tel", "Lead.Phones")))
    assert codes(report) == {("error", "NO_SUCH_FIELD", "Phones")}
    assert "did you mean Phone?" in report.findings[0].message


def test_an_object_that_does_not_exist_is_found() -> None:
    client = client_of(mapped_field("tel", "Leed.Phone"))
    report = check(plan_of(client, SampleCrm({}), "US"), {"Leed": None})
    assert codes(report) == {("error", "NO_SUCH_ENTITY", "")}


def test_the_names_of_fields_are_compared_as_crms_do() -> None:
    assert not report_of(client_of(mapped_field("tel", "Lead.PHONE"))).findings


def test_a_read_only_field_is_found() -> None:
    client = client_of(mapped_field("a", "Lead.Score"), mapped_field("b", "Lead.Origin__c"))
    assert codes(report_of(client)) == {
        ("error", "READ_ONLY", "Score"),
        ("warning", "PARTLY_READ_ONLY", "Origin__c"),
    }


def test_a_field_that_the_crm_requires_and_nothing_fills_is_found() -> None:
    client = client_of(mapped_field("city", "Account.City"))
    assert ("error", "REQUIRED_UNMAPPED", "Name") in codes(report_of(client))


def test_a_transform_that_nobody_knows_is_found() -> None:
    assert codes(report_of(client_of(mapped_field("tel", "Lead.Phone", "tirm")))) == {
        ("error", "UNREADABLE_MAPPING", "Phone")
    }


def test_a_constant_that_the_field_does_not_take_is_found_without_any_lead() -> None:
    client = client_of(mappings=[wide("=Warm", "Lead.Rating"), wide("=too long", "Lead.Code__c")])
    assert {(one.level, one.field, one.leads) for one in report_of(client).findings} == {
        ("error", "Rating", 0),
        ("error", "Code__c", 0),
    }


def test_a_field_that_is_shorter_than_what_is_cut_for_it_is_found() -> None:
    report = report_of(client_of(mapped_field("code", "Lead.Code__c", "truncate:6")))
    assert codes(report) == {("warning", "TOO_SHORT", "Code__c")}
    assert not report.failed
    assert not report_of(client_of(mapped_field("code", "Lead.Code__c", "truncate:5"))).findings


def test_real_leads_show_what_is_too_long_not_chosen_or_missing_and_no_value_is_told() -> None:
    client = client_of(
        mapped_field("code", "Lead.Code__c"), mapped_field("rating", "Lead.Rating"), mapped_field("age", "Lead.Age__c")
    )
    leads = (
        {**NAMED, "fields": {"code": "12345", "rating": "Hot", "age": 12}},
        {**NAMED, "fields": {"code": "secret-code"}},
        {**NAMED, "fields": {"code": "another-secret"}},
        {**NAMED, "fields": {"rating": "secret"}},
        {"email": "ann@shop.example", "fields": {}},
    )
    report = report_of(client, *leads)
    found = {one.field: one for one in report.findings}
    assert {name: (one.level, one.leads, one.lead_id) for name, one in found.items()} == {
        "Code__c": ("error", 2, "lead-1"),
        "Rating": ("error", 1, "lead-3"),
        "LastName": ("error", 1, "lead-4"),
    }
    assert (report.leads, report.sendable) == (5, 1)
    assert b"secret" not in msgspec.json.encode(report)


def test_what_a_mapping_requires_is_missed_in_leads_that_lack_it() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", required=True))
    report = report_of(client, NAMED, {**NAMED, "phone": "1"})
    assert codes(report) == {("error", "REQUIRED_EMPTY", "Phone")}
    assert report.sendable == 1


def test_what_holds_for_every_lead_is_said_once() -> None:
    client = client_of(mapped_field("a", "Lead.Nothing"))
    assert len(report_of(client, {**NAMED, "fields": {"a": "1"}}, {**NAMED, "fields": {"a": "2"}}).findings) == 1


@given(CLIENTS, LEADS)
def test_any_mapping_and_any_lead_are_checked(client: ClientRecord, lead: dict[str, object]) -> None:
    report = report_of(client, lead)
    assert report.leads == 1
    assert report.sendable <= 1
    assert not (report.sendable and [one for one in report.findings if one.leads and one.level == "error"])


async def test_a_crm_that_cannot_tell_its_fields_is_asked_nothing() -> None:
    client = client_of(mapped_field("tel", "Lead.Whatever"))
    assert await describe_all(SampleCrm({"describes": False}), ["Lead"]) == {}
    assert not (await check_mapping(client, SampleCrm({"describes": False}), "US", [])).findings
    assert (await check_mapping(client, SampleCrm({}), "US", [])).failed


# --------------------------------------------------------------------------------------------- before a change is saved


def test_a_mapping_can_be_tried_before_it_is_there() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone"))
    wanted = mapped_field("tel", "Lead.Phones").mapping
    assert wanted is not None
    tried = with_field_mapping(client, "field-tel", wanted)
    (finding,) = report_of(tried).about("lead.phones")
    assert finding.code == "NO_SUCH_FIELD"
    assert not report_of(tried).about("Lead.Phone")
    assert client.forms[0].fields[0].mapping != wanted
    with pytest.raises(NotFoundError, match="no active form"):
        with_field_mapping(client, "field-other", wanted)


def test_a_mapping_of_the_client_takes_the_place_of_its_like() -> None:
    client = client_of(mappings=[wide("notes", "Lead.Phone"), wide("email", "Lead.Phone")])
    tried = with_client_mapping(client, wide("notes", "Lead.Phone", "trim"))
    assert [(one.source, one.transform) for one in tried.mappings] == [("email", None), ("notes", "trim")]
