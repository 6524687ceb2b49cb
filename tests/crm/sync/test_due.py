"""Which changes of a lead a CRM is told of, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.config.records import SYNC_PARTIAL
from tracker.crm.sync.due import DEBOUNCE, due_at, same_content

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PARTIAL_LEAD = {"status": "partial", "email": "a@b.example", "formProgress": 40, "fields": {"budget": "5"}}
SUBMITTED = {**PARTIAL_LEAD, "status": "submitted"}


@pytest.mark.parametrize("partial", ["none", "email", "percent:50"])
def test_a_submission_is_due_at_once_whatever_the_client_thinks_of_partial_leads(partial: str) -> None:
    assert due_at(None, SUBMITTED, partial, NOW) == NOW
    assert due_at(PARTIAL_LEAD, SUBMITTED, partial, NOW) == NOW


@pytest.mark.parametrize(
    ("partial", "lead", "wanted"),
    [
        ("none", PARTIAL_LEAD, False),
        ("email", PARTIAL_LEAD, True),
        ("email", {**PARTIAL_LEAD, "email": None}, False),
        ("percent:40", PARTIAL_LEAD, True),
        ("percent:41", PARTIAL_LEAD, False),
        ("percent:1", {"status": "partial"}, False),
        ("none", {**PARTIAL_LEAD, "crmRecords": [{"crmId": "1"}]}, True),
    ],
)
def test_a_partial_lead_is_due_as_its_client_wishes(partial: str, lead: dict[str, Any], wanted: bool) -> None:
    assert (due_at(None, lead, partial, NOW) is not None) is wanted


def test_a_visitor_who_types_is_told_of_once_in_a_while() -> None:
    after = {**PARTIAL_LEAD, "company": "Acme"}
    assert due_at(PARTIAL_LEAD, after, "email", NOW) == NOW + DEBOUNCE


def test_what_no_mapping_can_bring_over_is_no_change() -> None:
    for name in ("updatedAt", "history", "crmErrors", "crmSynced", "lastInteractionAt", "attributeAt", "formProgress"):
        assert due_at(SUBMITTED, {**SUBMITTED, name: "other"}, "none", NOW) is None


def test_a_test_lead_never_is() -> None:
    assert due_at(None, {**SUBMITTED, "test": True}, "email", NOW) is None


def test_a_partial_lead_that_becomes_wanted_by_its_progress_alone_is_due() -> None:
    after = {**PARTIAL_LEAD, "formProgress": 60}
    assert due_at(PARTIAL_LEAD, after, "percent:50", NOW) is not None


values = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.text(max_size=2), max_size=2))
leads = st.dictionaries(st.sampled_from(["email", "company", "fields", "notes", "updatedAt", "history"]), values)


@given(leads, leads)
def test_content_is_the_same_both_ways_round(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same_content(one, one)
    assert same_content(one, other) is same_content(other, one)


@given(st.integers(-5, 200))
def test_a_percentage_is_from_1_to_100(number: int) -> None:
    assert bool(SYNC_PARTIAL.fullmatch(f"percent:{number}")) is (1 <= number <= 100)
