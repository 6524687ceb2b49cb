"""Which input holds which attribute of a lead."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import a_client, a_field, a_form
from tracker.leads.roles import ATTRIBUTE_OF_ROLE, attributes_of, required_fields, split_fields

PLAIN = a_client()


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("email", "email"), ("E-Mail", "email"), ("your-email", "email"), ("user_email", "email"),
        ("phone", "phone"), ("tel", "phone"), ("mobile_phone", "phone"),
        ("firstName", "firstName"), ("first_name", "firstName"), ("fname", "firstName"),
        ("last-name", "lastName"), ("surname", "lastName"),
        ("name", "name"), ("Full Name", "name"),
        ("company", "company"), ("organisation", "company"),
        ("message", "message"), ("comments", "message"),
    ],
)  # fmt: skip
def test_well_known_names_are_understood(name: str, attribute: str) -> None:
    assert split_fields(PLAIN, None, {name: " x "}, {}) == ({attribute: "x"}, {})


@pytest.mark.parametrize(
    "name", ["crmSynced", "clientId", "leadId", "status", "username", "emails", "companyname2", "_", ""]
)
def test_other_names_reach_no_attribute(name: str) -> None:
    assert split_fields(PLAIN, None, {name: "x"}, {}) == ({}, {name: "x"})


def test_configured_fields_go_before_roles_and_roles_before_names() -> None:
    client = a_client(
        a_form("f", a_field("q1", type="email"), a_field("q2", crm="MobilePhone"), a_field("q3", crm="Company__c"))
    )
    fields = {"email": "names@x", "q9": "roles@x", "q1": "configured@x", "q2": "1", "q3": "Shop"}
    attributes, rest = split_fields(client, "f", fields, {"q9": "email"})
    assert attributes == {"email": "configured@x", "phone": "1", "company": "Shop"}
    assert rest == {"email": "names@x", "q9": "roles@x"}
    assert split_fields(client, "other", fields, {"q9": "email"})[0]["email"] == "roles@x"
    assert split_fields(client, None, fields, {})[0]["email"] == "names@x"


@pytest.mark.parametrize("role", ["crmSynced", "clientId", "status", "", None, 5, {}, "firstName"])
def test_a_role_that_is_none_is_ignored(role: Any) -> None:
    assert split_fields(PLAIN, None, {"q": "x"}, {"q": role}) == ({}, {"q": "x"})


def test_of_two_inputs_with_one_role_the_first_with_a_value_wins() -> None:
    fields = {"email": "", "your-email": "ann@x", "email_address": "bob@x", "mail": "ann@x"}
    attributes, rest = split_fields(PLAIN, None, fields, {})
    assert attributes == {"email": "ann@x"}
    assert rest == {"email_address": "bob@x"}


def test_numbers_are_taken_as_text_and_structures_are_not() -> None:
    assert split_fields(PLAIN, None, {"phone": 4915, "company": ["x"]}, {}) == ({"phone": "4915"}, {"company": ["x"]})


def test_empty_values_are_nothing() -> None:
    assert split_fields(PLAIN, None, {"email": "", "x": None, "y": ""}, {}) == ({}, {})


def test_names_with_dots_are_found_under_their_stored_name() -> None:
    client = a_client(a_form("f", a_field("contact.mail", type="email", required=True)))
    assert required_fields(client, "f") == ("contact．mail",)
    assert split_fields(client, "f", {"contact．mail": "ann@x"}, {})[0] == {"email": "ann@x"}
    assert required_fields(client, "g") == required_fields(client, None) == ()


@given(
    st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text())),
    st.dictionaries(st.text(), st.text() | st.integers()),
)
def test_only_the_seven_attributes_exist_and_none_is_empty(fields: dict[str, Any], roles: dict[str, Any]) -> None:
    attributes, rest = split_fields(PLAIN, None, fields, roles)
    assert set(attributes) <= set(ATTRIBUTE_OF_ROLE.values())
    assert all(value.strip() for value in attributes.values())
    assert set(rest) <= set(fields)


@pytest.mark.parametrize("transform", ["last_name", "trim|last_name", "trim | first_name|default:x"])
def test_what_a_part_of_a_name_is_taken_from_is_the_whole_name(transform: str) -> None:
    field = a_field("who", crm="LastName")
    assert field.mapping
    mapping = msgspec.structs.replace(field.mapping, transform=transform)
    form = a_form("f", msgspec.structs.replace(field, mapping=mapping))
    assert split_fields(a_client(form), "f", {"who": "Ann Lee"}, {}) == ({"name": "Ann Lee"}, {})
    assert attributes_of(form) == {"who": "name"}
    assert attributes_of(a_form("f", field, a_field("size"))) == {"who": "lastName"}
