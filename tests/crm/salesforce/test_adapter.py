"""Looking around in an org, reading, deleting, and what holds where nobody mapped anything."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crm.salesforce.conftest import OpenOrg
from tests.crm.salesforce.leads import BY_ID, a_lead, changed
from tests.fixtures.salesforce import OrgField, SalesforceOrg
from tracker.crm.base import CredentialsError, CrmAdapter, Existing, RetryLaterError
from tracker.crm.fit import check_values
from tracker.crm.registry import adapter_class
from tracker.crm.salesforce.adapter import Salesforce
from tracker.crm.transforms import Pipeline


def test_is_found_by_its_kind() -> None:
    kind: type[CrmAdapter] = adapter_class("salesforce")
    assert kind is Salesforce


def test_says_whether_a_lost_answer_is_found_again(opened: OpenOrg) -> None:
    assert opened(**BY_ID).capabilities.idempotent
    assert not opened().capabilities.idempotent


async def test_describes_an_object_as_it_is(opened: OpenOrg) -> None:
    lead = await opened().describe("Lead")
    fields = {field.name: field for field in lead.fields}
    assert (lead.name, fields["LastName"].length, fields["LastName"].required) == ("Lead", 80, True)
    assert (fields["Rating"].type, fields["Rating"].choices, fields["Rating"].restricted) == (
        "picklist", ("Hot", "Warm", "Cold"), True,
    )  # fmt: skip
    assert (fields["LeadSource"].restricted, fields["Status"].required) == (False, False)
    assert (fields["Topics__c"].type, fields["Topics__c"].length) == ("multipicklist", None)
    assert (fields["Budget__c"].type, fields["Email"].type, fields["Visit__c"].type) == ("number", "email", "date")
    assert (fields["IsConverted"].creatable, fields["Newsletter__c"].required) == (False, False)
    assert [name for name, field in fields.items() if field.external_id] == ["Tracker_Id__c"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"FirstName": "x" * 41}, "STRING_TOO_LONG"),
        ({"Rating": "Tepid"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Topics__c": ["Pool", "Roof"]}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Budget__c": "much"}, "JSON_PARSER_ERROR"),
        ({"Visit__c": "soon"}, "JSON_PARSER_ERROR"),
        ({"Newsletter__c": "perhaps"}, "JSON_PARSER_ERROR"),
        ({"IsConverted": True}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Colour__c": "red"}, "INVALID_FIELD"),
        ({"Company": None}, "REQUIRED_FIELD_MISSING"),
        ({"LeadSource": "A choice of its own", "Budget__c": 12.5, "Topics__c": ["Pool"]}, None),
    ],
)
async def test_what_the_check_finds_beforehand_is_what_the_org_refuses(
    org: SalesforceOrg, opened: OpenOrg, fields: dict[str, Any], code: str | None
) -> None:
    adapter = opened()
    record = a_lead(**fields)
    found = check_values(await adapter.describe("Lead"), record.fields, new=True)
    assert [error.code for error in found] == ([code] if code else [])
    [result] = await adapter.upsert([record])
    assert (result.error.code if result.error else None) == code


async def test_warns_of_what_will_go_wrong(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.store.objects["Lead"].fields.pop("Tracker_Id__c")
    assert (await opened(**BY_ID).check()).warnings == ("Lead has no field Tracker_Id__c that is an external id",)
    org.store.objects["Lead"].fields["Tracker_Id__c"] = OrgField("Tracker_Id__c", length=64)
    assert (await opened(**BY_ID).check()).warnings == ("Lead has no field Tracker_Id__c that is an external id",)
    for field in org.store.objects["Contact"].fields.values():
        field.createable = False
    warnings = (await opened(entity="Contact").check()).warnings
    assert "the user may not create records of Contact" in warnings
    assert any("no object Laed" in warning for warning in (await opened(entity="Laed").check()).warnings)
    org.routes.daily_calls = 110
    assert (await opened().check()).warnings[0] == "100 of 110 API calls of the last 24 hours are used"


async def test_an_org_that_does_not_show_its_name_is_called_by_its_host(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.store.objects.pop("Organization")
    assert (await opened().check()).account == org.host


async def test_a_user_who_may_not_see_the_limits_is_let_in(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.fault("forbidden", "/limits")
    info = await opened().check()
    assert info.usage is not None
    assert (info.usage.used, info.usage.limit) == (2, 15_000)
    org.fault("forbidden", times=9)
    with pytest.raises(CredentialsError):
        await opened().check()


@pytest.mark.parametrize("settings", [{}, BY_ID], ids=["by e-mail", "by external id"])
async def test_reads_what_is_there_as_it_would_be_found(
    org: SalesforceOrg, opened: OpenOrg, settings: dict[str, str]
) -> None:
    adapter = opened(**settings)
    made, gone, converted = await adapter.upsert([a_lead(1, Phone="1"), a_lead(2), a_lead(3)])
    org.store.delete(str(gone.crm_id))
    contact = org.store.convert(str(converted.crm_id))
    asked = [
        a_lead(1, Phone="2", Colour__c="red"),
        changed(a_lead(1), made.crm_id, Phone="2"),
        changed(a_lead(2), gone.crm_id, Phone="2"),
        a_lead(3),
        a_lead(4),
        a_lead(5, email=None),
    ]
    first, by_id, deleted, person, *others = await adapter.fetch(asked)
    known = {"LastName": "Lovelace 1", "Company": "Analytical Engines", "Email": a_lead().email, "Phone": "1"}
    assert first == by_id == Existing(str(made.crm_id), "Lead", known)
    assert person == Existing(contact, "Contact", {"LastName": "Lovelace 3", "Email": a_lead(3).email})
    assert [deleted, *others] == [None, None, None]


async def test_deletes_what_is_there_and_is_content_with_what_is_gone(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened()
    made = await adapter.upsert([a_lead(number) for number in range(250)])
    ids = [str(result.crm_id) for result in made]
    org.store.delete(ids[0])
    results = await adapter.delete("Lead", [*ids, "00Q5g9999999999AAA"])
    outcomes = ["unchanged", *["updated"] * 249, "unchanged"]
    assert [result.outcome for result in results] == outcomes
    assert org.records("Lead") == []
    assert [call for call in org.calls if call[0] == "DELETE"] == [
        ("DELETE", "/services/data/v64.0/composite/sobjects")
    ] * 2  # fmt: skip


async def test_a_deletion_whose_answer_was_lost_can_be_asked_for_again(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened()
    [made] = await adapter.upsert([a_lead()])
    org.fault("cut_after", method="DELETE")
    with pytest.raises(RetryLaterError):
        await adapter.delete("Lead", [str(made.crm_id)])
    [result] = await adapter.delete("Lead", [str(made.crm_id)])
    assert (result.outcome, result.error, org.records("Lead")) == ("unchanged", None, [])


@pytest.mark.parametrize("entity", ["Lead", "Contact"])
async def test_the_defaults_make_a_record_of_a_lead_that_says_nothing(
    org: SalesforceOrg, opened: OpenOrg, entity: str
) -> None:
    adapter = opened(entity=entity)
    described = await adapter.describe(entity)
    lead: dict[str, Any] = {"email": "ada@acme.example"}
    values = {}
    for mapping in Salesforce.defaults(entity):
        source = mapping.source
        value = source[1:] if source.startswith("=") else lead.get(source)
        values[mapping.target_field] = Pipeline.parse(mapping.transform)(value)
    values = {name: value for name, value in values.items() if value is not None}
    assert values["LeadSource"] == "Web"
    assert check_values(described, values, new=True) == []
    assert Salesforce.defaults("Enquiry__c") == ()
