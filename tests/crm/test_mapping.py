"""What a lead becomes by the mappings of its client."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.crm.test_transforms import JSON
from tests.fixtures.builders import a_client, a_form
from tracker.config.records import ClientMappingRecord, ClientRecord, ClientSettings, FieldRecord, MappingRecord
from tracker.crm.base import DefaultMapping
from tracker.crm.mapping import MappedRecord, Plan
from tracker.crm.transforms import Pipeline
from tracker.field_names import field_key

DEFAULTS = {
    "Lead": (DefaultMapping("email", "Email"), DefaultMapping("name", "LastName", "last_name")),
    "Contact": (DefaultMapping("email", "Email"),),
}


def mapped_field(
    name: str, target: str, transform: str | None = None, required: bool = False, **more: Any
) -> FieldRecord:
    entity, _, attribute = target.partition(".")
    return FieldRecord(
        field_id=f"field-{name}",
        field_selector=f"[name='{name}']",
        field_name=name,
        field_type=more.get("type", "text"),
        label=None,
        is_required=False,
        mapping=MappingRecord(target_entity=entity, target_field=attribute, transform=transform, is_required=required),
    )


def wide(source: str, target: str, transform: str | None = None, required: bool = False) -> ClientMappingRecord:
    entity, _, attribute = target.partition(".")
    return ClientMappingRecord(
        source=source, target_entity=entity, target_field=attribute, transform=transform, is_required=required
    )


def client_of(*fields: FieldRecord, mappings: Sequence[ClientMappingRecord] = ()) -> ClientRecord:
    return msgspec.structs.replace(a_client(a_form("contact", *fields)), mappings=tuple(mappings))


def plan_of(client: ClientRecord, region: str = "US") -> Plan:
    return Plan.of(client, lambda entity: DEFAULTS.get(entity, ()), "Lead", region)


def mapped(client: ClientRecord, lead: dict[str, Any], **options: Any) -> list[MappedRecord]:
    return plan_of(client).map(lead, **options)


def fields_of(client: ClientRecord, **lead: Any) -> dict[str, Any]:
    (record,) = mapped(client, lead)
    assert record.problems == ()
    return record.fields


# ------------------------------------------------------------------------------------------------------------- sources


def test_a_field_brings_its_answer() -> None:
    client = client_of(mapped_field("budget", "Lead.Budget__c", "number"))
    assert fields_of(client, email="ann@shop.example", fields={"budget": "1,200"}) == {
        "Budget__c": 1200,
        "Email": "ann@shop.example",
    }


def test_a_field_that_fills_an_attribute_brings_the_attribute() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", "e164", type="tel"))
    assert fields_of(client, phone="(415) 555-2671", fields={})["Phone"] == "+14155552671"


def test_of_two_inputs_of_one_role_the_second_brings_its_own_answer() -> None:
    client = client_of(
        mapped_field("tel", "Lead.Phone", type="tel"), mapped_field("mobile", "Lead.MobilePhone", type="tel")
    )
    found = fields_of(client, phone="1", fields={"mobile": "2"})
    assert (found["Phone"], found["MobilePhone"]) == ("1", "2")


def test_a_field_whose_name_holds_a_dot_is_found() -> None:
    client = client_of(mapped_field("shoe.size", "Lead.Size__c"))
    assert fields_of(client, fields={field_key("shoe.size"): 42}) == {"Size__c": 42}


def test_attributes_answers_and_constants_are_sources_of_a_whole_client() -> None:
    client = client_of(
        mappings=[
            wide("utmSource", "Lead.LeadSource"),
            wide("attribution.last.gclid", "Lead.Gclid__c"),
            wide("fields.budget", "Lead.Budget__c"),
            wide("=Website", "Lead.Channel__c"),
            wide("submittedAt", "Lead.Date__c", "date:%Y-%m-%d"),
            wide("tags", "Lead.Tags__c", r"join:\;"),
        ]
    )
    lead = {
        "utmSource": "ads",
        "attribution": {"last": {"gclid": "G"}},
        "fields": {"budget": 5},
        "submittedAt": datetime(2030, 1, 31, 23, tzinfo=UTC),
        "tags": ["a", "b"],
    }
    assert fields_of(client, **lead) == {
        "LeadSource": "ads",
        "Gclid__c": "G",
        "Budget__c": 5,
        "Channel__c": "Website",
        "Date__c": "2030-01-31",
        "Tags__c": "a;b",
    }


# ---------------------------------------------------------------------------------------------------------- precedence


def test_a_field_goes_before_the_client_and_the_client_before_the_adapters_default() -> None:
    field, own = mapped_field("work", "Lead.Email"), wide("notes", "Lead.Email")
    lead = {"email": "default@x.example", "notes": "client@x.example", "fields": {"work": "field@x.example"}}
    assert fields_of(client_of(field, mappings=[own]), **lead)["Email"] == "field@x.example"
    assert fields_of(client_of(mappings=[own]), **lead)["Email"] == "client@x.example"
    assert fields_of(client_of(), **lead)["Email"] == "default@x.example"


def test_a_field_without_an_answer_leaves_its_place_to_the_client() -> None:
    client = client_of(mapped_field("channel", "Lead.LeadSource"), mappings=[wide("=Website", "Lead.LeadSource")])
    assert fields_of(client, email="a@x.example", fields={"channel": " "})["LeadSource"] == "Website"


def test_the_default_holds_only_where_the_operator_says_nothing() -> None:
    client = client_of(mappings=[wide("notes", "Lead.Email")])
    assert "Email" not in fields_of(client, email="a@x.example", name="Ann Lee")


def test_of_several_fields_the_first_with_an_answer_counts() -> None:
    client = client_of(mapped_field("one", "Lead.X"), mapped_field("two", "Lead.X"), mapped_field("three", "Lead.X"))
    assert fields_of(client, fields={"two": "2", "three": "3"}) == {"X": "2"}


def test_a_field_with_a_default_waits_for_one_with_an_answer() -> None:
    client = client_of(mapped_field("one", "Lead.X", "default:none"), mapped_field("two", "Lead.X"))
    assert fields_of(client, fields={"two": "2"})["X"] == "2"
    assert fields_of(client, email="a@x.example", fields={})["X"] == "none"


def test_fields_of_the_leads_own_form_go_first() -> None:
    forms = a_form("a", mapped_field("size", "Lead.A")), a_form("b", mapped_field("length", "Lead.A"))
    client = a_client(*forms)
    fields = {"size": "of a", "length": "of b"}
    assert fields_of(client, formId="a", fields=fields)["A"] == "of a"
    assert fields_of(client, formId="b", fields=fields)["A"] == "of b"


def test_the_names_of_targets_are_compared_as_crms_do() -> None:
    client = client_of(mapped_field("one", "Lead.email"), mappings=[wide("notes", "lead.EMAIL")])
    (record,) = mapped(client, {"email": "a@x.example", "notes": "n", "name": "Ann Lee", "fields": {"one": "1"}})
    assert (record.entity, record.fields) == ("Lead", {"email": "1", "LastName": "Lee"})


# ------------------------------------------------------------------------------------------------------------- entities


def test_mappings_to_two_entities_make_two_records() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone"), mapped_field("tel2", "Contact.Phone"))
    found = mapped(client, {"email": "a@x.example", "name": "Ann Lee", "fields": {"tel2": "2"}, "phone": "1"})
    assert {record.entity: record.fields for record in found} == {
        "Lead": {"Phone": "1", "Email": "a@x.example", "LastName": "Lee"},
        "Contact": {"Phone": "2", "Email": "a@x.example"},
    }


def test_an_entity_of_which_the_lead_says_nothing_is_not_made() -> None:
    client = client_of(
        mapped_field("note", "Lead.Note"),
        mappings=[wide("company", "Account.Name", required=True), wide("=Web", "Account.Source")],
    )
    assert [record.entity for record in mapped(client, {"email": "a@x.example", "fields": {}})] == ["Lead"]


def test_without_mappings_a_lead_becomes_what_the_adapter_makes_of_it() -> None:
    (record,) = mapped(client_of(), {"email": "a@x.example", "name": "Ann Lee"})
    assert (record.entity, record.fields) == ("Lead", {"Email": "a@x.example", "LastName": "Lee"})


def test_a_lead_that_says_nothing_becomes_nothing() -> None:
    assert mapped(client_of(mapped_field("x", "Lead.X")), {}) == []


# ------------------------------------------------------------------------------------------------------------- problems


def test_a_required_target_without_a_value_keeps_the_record_back_and_says_from_where_it_would_come() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", required=True))
    (record,) = mapped(client, {"email": "a@x.example", "fields": {}})
    (problem,) = record.problems
    assert not record.sendable
    assert (problem.code, problem.field, problem.fatal) == ("REQUIRED_EMPTY", "Phone", True)
    assert "field tel of contact" in problem.message


def test_a_required_target_filled_from_elsewhere_is_filled() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", required=True), mappings=[wide("notes", "Lead.Phone")])
    (record,) = mapped(client, {"notes": "1", "fields": {}})
    assert record.sendable


def test_a_stored_transform_that_nobody_knows_skips_its_target_alone() -> None:
    client = client_of(mapped_field("a", "Lead.A", "lowercase"), mapped_field("b", "Lead.B"))
    (record,) = mapped(client, {"fields": {"a": "1", "b": "2"}})
    assert (record.fields, record.sendable) == ({"B": "2"}, True)
    assert [problem.code for problem in record.problems] == ["UNREADABLE_MAPPING"]
    assert "did you mean lower" in plan_of(client).flaws[0].message


def test_a_stored_source_that_nobody_knows_skips_its_target_alone() -> None:
    client = client_of(mappings=[wide("utm_source", "Lead.A"), wide("utmSource", "Lead.B")])
    (record,) = mapped(client, {"utmSource": "ads"})
    assert record.fields == {"B": "ads"}


def test_a_value_that_a_transform_cannot_read_is_told_without_it() -> None:
    client = client_of(mapped_field("age", "Lead.Age__c", "number"))
    (record,) = mapped(client, {"email": "a@x.example", "fields": {"age": "secret"}})
    (problem,) = record.problems
    assert (problem.code, problem.fatal, "secret" in problem.message) == ("VALUE_LOST", False, False)


def test_each_step_is_kept_when_asked_for() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", "trim|e164:US", type="tel"))
    (record,) = mapped(client, {"phone": " 415 555 2671 ", "fields": {}}, explain=True)
    (step,) = record.steps
    assert (step.target, step.origin, step.value, step.taken) == ("Lead.Phone", "field", " 415 555 2671 ", True)
    assert step.steps == (("trim", "415 555 2671"), ("e164:US", "+14155552671"))
    assert mapped(client, {"phone": "1", "fields": {}})[0].steps == ()


def test_the_clients_region_goes_before_the_installations() -> None:
    client = client_of(mapped_field("tel", "Lead.Phone", "e164", type="tel"))
    german = msgspec.structs.replace(client, settings=ClientSettings(default_region="DE"))
    lead = {"phone": "0170 1234567", "fields": {}}
    assert plan_of(german).map(lead)[0].fields["Phone"] == "+491701234567"
    assert plan_of(client, "GB").map(lead)[0].fields["Phone"] == "0170 1234567"


# ------------------------------------------------------------------------------------------------------------ any lead

TRANSFORMS = st.sampled_from([None, "trim", "number", "boolean", "default:x", "date:%Y", "split:,;0", "nonsense"])
SOURCES = st.sampled_from(["email", "fields.a", "fields.b", "=c", "tags", "attribution.first.at", "nonsense"])
TARGETS = st.sampled_from(["Lead.A", "Lead.B", "lead.a", "Contact.A", "Account.Name"])
CLIENTS = st.builds(
    lambda fields, mappings: client_of(*fields, mappings=mappings),
    st.lists(st.builds(mapped_field, st.sampled_from("abc"), TARGETS, TRANSFORMS, st.booleans()), max_size=4),
    st.lists(st.builds(wide, SOURCES, TARGETS, TRANSFORMS, st.booleans()), max_size=4),
)
LEADS = st.dictionaries(st.sampled_from(["email", "fields", "tags", "attribution", "formId", "name"]), JSON)


@given(CLIENTS, LEADS)
def test_any_lead_is_mapped_and_no_value_is_empty(client: ClientRecord, lead: dict[str, Any]) -> None:
    plan = plan_of(client)
    records = plan.map(lead, explain=True)
    assert [record.entity for record in records] == [one for one in plan.entities if one in {r.entity for r in records}]
    assert len({record.entity.casefold() for record in records}) == len(records)
    for record in records:
        assert not {value for value in record.fields.values() if isinstance(value, str) and not value.strip()}
        assert not [value for value in record.fields.values() if value is None or value == []]
        taken = [step for step in record.steps if step.taken]
        assert len(taken) == len(record.fields)
        for step in taken:
            assert Pipeline.parse("|".join(written for written, _ in step.steps)).steps is not None
        msgspec.json.encode(record.fields)
    assert plan.map(lead) == [record._replace(steps=()) for record in records]
