"""How events become leads and join them."""

from __future__ import annotations

import itertools
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON
from tracker.leads.facts import LeadFacts
from tracker.leads.merge import MAX_HISTORY, joins, merge, new_lead

HOUR = timedelta(hours=1)
DAY, WEEK = 24 * HOUR, 168 * HOUR


def facts(at: datetime = NOON, status: Any = "submitted", **changes: Any) -> LeadFacts:
    values: dict[str, Any] = {
        "event_id": "e1",
        "client_id": "client",
        "test": False,
        "quality": {"submitted": "high", "partial": "medium", "chat_inquiry": "low"}[status],
        "source": {"submitted": "form_submission", "partial": "form_interaction", "chat_inquiry": "chat"}[status],
        "email": "ann@shop.example",
        "attributes": {"email": "ann@shop.example"},
    }
    return LeadFacts(at=at, status=status, **values | changes)


@pytest.mark.parametrize(
    ("status", "after", "joined"),
    [
        ("submitted", timedelta(0), True),
        ("submitted", DAY - timedelta(milliseconds=1), True),
        ("submitted", DAY, False),
        ("partial", DAY, True),
        ("partial", WEEK - timedelta(milliseconds=1), True),
        ("partial", WEEK, False),
        ("chat_inquiry", 2 * DAY, True),
        ("submitted", -3 * DAY, True),
    ],
)
def test_windows(status: str, after: timedelta, joined: bool) -> None:
    assert joins(new_lead(facts()), facts(NOON + after, status), DAY, WEEK) is joined


def test_the_same_event_never_makes_two_leads() -> None:
    assert new_lead(facts()) == new_lead(facts())
    ids = {
        new_lead(facts(**change))["leadId"] for change in ({}, {"event_id": "e2"}, {"client_id": "x"}, {"test": True})
    }
    assert len(ids) == 4


def test_only_a_lead_with_an_email_can_be_joined() -> None:
    assert new_lead(facts())["current"] is True
    assert "current" not in new_lead(facts(email=None, attributes={"phone": "1"}))


@pytest.mark.parametrize("statuses", list(itertools.permutations(("chat_inquiry", "partial", "submitted"))))
def test_status_and_quality_only_move_forward(statuses: tuple[str, ...]) -> None:
    order = ("chat_inquiry", "partial", "submitted")
    lead = new_lead(facts(status=statuses[0]))
    for number, status in enumerate(statuses[1:], 1):
        merge(lead, facts(NOON + number * HOUR, status))
        assert order.index(lead["status"]) == max(order.index(each) for each in statuses[: number + 1])
    assert (lead["status"], lead["quality"], lead["source"]) == ("submitted", "high", "form_submission")


def test_the_first_submission_is_when_it_was_submitted() -> None:
    lead = new_lead(facts(NOON, "partial"))
    assert lead["submittedAt"] is None
    merge(lead, facts(NOON + 2 * HOUR))
    merge(lead, facts(NOON + HOUR))
    merge(lead, facts(NOON + 3 * HOUR, "partial"))
    assert lead["submittedAt"] == NOON + HOUR


@pytest.mark.parametrize("empty", ["", None, [], {}])
def test_a_value_is_never_replaced_by_an_empty_one(empty: Any) -> None:
    lead = new_lead(facts(fields={"color": "red"}))
    merge(lead, facts(NOON + HOUR, fields={"color": empty}))
    assert lead["fields"] == {"color": "red"}


@pytest.mark.parametrize("value", [False, 0])
def test_false_and_zero_are_values(value: Any) -> None:
    lead = new_lead(facts(fields={"newsletter": True}))
    merge(lead, facts(NOON + HOUR, fields={"newsletter": value}))
    assert lead["fields"] == {"newsletter": value}


def test_an_attribute_that_an_event_does_not_name_stays() -> None:
    lead = new_lead(facts(attributes={"email": "ann@shop.example", "phone": "1"}))
    merge(lead, facts(NOON + HOUR, attributes={"email": "ann@shop.example", "company": "Shop"}))
    assert (lead["phone"], lead["company"]) == ("1", "Shop")


def test_a_field_is_no_attribute_even_when_it_is_named_like_one() -> None:
    lead = new_lead(facts(fields={"phone": "field", "crmSynced": "field"}))
    merge(lead, facts(NOON + HOUR, attributes={"phone": "attribute"}, fields={"phone": "later", "status": "x"}))
    assert (lead["phone"], lead["crmSynced"], lead["status"]) == ("attribute", False, "submitted")
    assert lead["fields"] == {"phone": "later", "crmSynced": "field", "status": "x"}


names = st.sampled_from(("phone", "company", "firstName"))
events = st.lists(
    st.tuples(
        st.integers(0, 500),
        st.sampled_from(("chat_inquiry", "partial", "submitted")),
        st.dictionaries(names, st.text(min_size=1, max_size=3), max_size=3),
        st.dictionaries(st.sampled_from("abc"), st.sampled_from(("", "x", "y", 0, None)), max_size=3),
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda event: event[0],
)


@given(events, st.randoms())
def test_the_latest_value_stays_in_whatever_order_events_arrive(arrived: list[Any], random: Any) -> None:
    def lead_of(order: list[Any]) -> dict[str, Any]:
        lead: dict[str, Any] = {}
        for minutes, status, attributes, fields in order:
            kept = {name: value for name, value in fields.items() if value not in ("", None)}
            said = facts(
                NOON + timedelta(minutes=minutes), status, event_id=str(minutes), attributes=attributes, fields=kept
            )
            if lead:
                merge(lead, said)
            else:
                lead = new_lead(said)
        order_does_not_matter = [
            "phone",
            "company",
            "firstName",
            "fields",
            "attributeAt",
            "status",
            "quality",
            "submittedAt",
            "createdAt",
            "updatedAt",
            "lastInteractionAt",
        ]
        return {name: lead.get(name) for name in order_does_not_matter}

    shuffled = list(arrived)
    random.shuffle(shuffled)
    assert lead_of(shuffled) == lead_of(sorted(arrived))


def test_first_and_last_touch_are_both_kept_in_any_order() -> None:
    touches = [{"utmSource": "news", "landingPage": "/a"}, {"utmSource": "ads"}, {"referrer": "https://x.example"}]
    said = [facts(NOON + number * HOUR, touch=touch) for number, touch in enumerate(touches)]
    for order in itertools.permutations(said):
        lead = new_lead(order[0])
        for each in order[1:]:
            merge(lead, each)
        assert lead["attribution"]["first"] == {"utmSource": "news", "landingPage": "/a", "at": NOON}
        assert lead["attribution"]["last"] == {"referrer": "https://x.example", "at": NOON + 2 * HOUR}
        # All of them from the first touch; its missing referrer is not made up from another visit.
        assert (lead["utmSource"], lead["landingPage"], lead["referrer"]) == ("news", "/a", None)


def test_an_event_without_a_touch_changes_no_attribution() -> None:
    lead = new_lead(facts(touch={"utmSource": "news"}))
    before = deepcopy(lead["attribution"])
    merge(lead, facts(NOON + HOUR))
    assert lead["attribution"] == before


def test_the_history_tells_decisions_and_is_bounded() -> None:
    lead = new_lead(facts(status="partial"))
    merge(lead, facts(NOON + HOUR, event_id="e2"))
    assert [(entry["eventId"], entry["decision"]) for entry in lead["history"]] == [
        ("e1", "created"),
        ("e2", "promoted"),
    ]
    for number in range(2 * MAX_HISTORY):
        merge(lead, facts(NOON + 2 * HOUR, event_id=f"n{number}"))
    assert len(lead["history"]) == MAX_HISTORY
    assert lead["history"][-1]["eventId"] == f"n{2 * MAX_HISTORY - 1}"


def test_form_session_and_visitor_are_filled_in_and_not_replaced() -> None:
    lead = new_lead(facts(status="partial"))
    merge(lead, facts(NOON + HOUR, "partial", form_id="f", session_id="s", visitor_id="v"))
    merge(lead, facts(NOON + 2 * HOUR, "partial", form_id="g", session_id="t", visitor_id="w"))
    assert (lead["formId"], lead["sessionId"], lead["visitorId"]) == ("f", "s", "v")
    merge(lead, facts(NOON + 3 * HOUR, form_id="g"))
    assert lead["formId"] == "g"
