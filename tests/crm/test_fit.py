"""What a CRM would refuse is found before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.crm.base import Entity, EntityField
from tracker.crm.fit import check_values

LEAD = Entity(
    "Lead",
    "Lead",
    (
        EntityField("LastName", "Last name", "text", 8, required=True),
        EntityField("Rating", "Rating", "picklist", 40, choices=("Hot", "Cold"), restricted=True),
        EntityField("Source", "Source", "picklist", 40, choices=("Web",)),
        EntityField("Topics", "Topics", "multipicklist", choices=("Pool", "Garden"), restricted=True),
        EntityField("Age", "Age", "number"),
        EntityField("Wants", "Wants", "boolean"),
        EntityField("Day", "Day", "date"),
        EntityField("At", "At", "datetime"),
        EntityField("Score", "Score", "number", creatable=False, updatable=False),
        EntityField("Origin", "Origin", "text", 20, updatable=False),
    ),
)


def _codes(fields: dict[str, Any], *, new: bool = False) -> list[str]:
    return [error.code for error in check_values(LEAD, fields, new=new)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"LastName": "Lovelace"}, None),
        ({"LastName": "Lovelaces"}, "STRING_TOO_LONG"),
        ({"lastname": "Lovelaces"}, "STRING_TOO_LONG"),
        ({"Colour": "red"}, "INVALID_FIELD"),
        ({"Rating": "Hot"}, None),
        ({"Rating": "hot"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Source": "a choice of its own"}, None),
        ({"Topics": ["Pool", "Garden"]}, None),
        ({"Topics": "Pool;Garden"}, None),
        ({"Topics": ["Pool", "Roof"]}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Age": 12}, None),
        ({"Age": "12.5"}, None),
        ({"Age": True}, "JSON_PARSER_ERROR"),
        ({"Age": "twelve"}, "JSON_PARSER_ERROR"),
        ({"Wants": "true"}, None),
        ({"Wants": "yes"}, "JSON_PARSER_ERROR"),
        ({"Day": "2026-05-01"}, None),
        ({"Day": "1.5.2026"}, "JSON_PARSER_ERROR"),
        ({"At": "2026-05-01T10:00:00+00:00"}, None),
        ({"At": "at ten"}, "JSON_PARSER_ERROR"),
        ({"Score": 1}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Origin": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Age": None, "Rating": None, "Day": None}, None),
    ],
)
def test_finds_what_does_not_fit(fields: dict[str, Any], code: str | None) -> None:
    assert _codes(fields) == ([code] if code else [])


@pytest.mark.parametrize("name", [None, ""])
def test_a_new_record_needs_what_is_required(name: str | None) -> None:
    assert _codes({"LastName": name, "Origin": "x"}, new=True) == ["REQUIRED_FIELD_MISSING"]
    assert _codes({"Origin": "x"}, new=True) == ["REQUIRED_FIELD_MISSING"]
    assert _codes({"LastName": "L", "Origin": "x"}, new=True) == []
    assert _codes({}) == []


@given(
    st.dictionaries(
        st.sampled_from([field.name for field in LEAD.fields]),
        st.text(st.characters(min_codepoint=0x3B1, max_codepoint=0x3C9), min_size=4),
    )
)
def test_no_message_tells_a_value(fields: dict[str, str]) -> None:
    told = " ".join(f"{error.code} {error.message}" for error in check_values(LEAD, fields, new=False))
    assert not any(value in told for value in fields.values())


@given(
    st.dictionaries(st.text(max_size=9), st.none() | st.text() | st.integers() | st.booleans() | st.lists(st.text()))
)
def test_each_field_has_one_error_at_most(fields: dict[str, Any]) -> None:
    errors = check_values(LEAD, fields, new=True)
    names = [name for error in errors for name in error.fields]
    assert len(names) == len(errors) <= len(fields) + 1
