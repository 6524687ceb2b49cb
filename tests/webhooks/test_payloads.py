"""Which messages follow from a change, decided without any store."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.webhooks.scene import a_told_client
from tracker.config import values
from tracker.errors import InvalidError
from tracker.field_names import field_key
from tracker.leads.changes import LeadChange
from tracker.webhooks.example import example_message
from tracker.webhooks.payloads import (
    EVENT_TYPES,
    body,
    changed_names,
    deletion,
    delivery_id,
    endpoints_for,
    lead_messages,
)

NOW = datetime(2030, 1, 31, 8, tzinfo=UTC)
CLIENT = a_told_client(["lead.created"], ["lead.updated", "lead.deleted"], [])


def a_lead(**more: Any) -> dict[str, Any]:
    lead: dict[str, Any] = {
        "_id": "internal",
        "leadId": "lead-1",
        "clientId": CLIENT.client_id,
        "email": "ann@shop.example",
        "fields": {"budget": "1"},
        "attributeAt": {"email": NOW},
        "status": "partial",
        "source": "form_interaction",
        "attribution": {},
        "crmSynced": False,
        "history": [{"at": NOW, "eventId": "e1", "decision": "created", "reason": "first", "status": "partial"}],
        "test": False,
        "lastInteractionAt": NOW,
        "createdAt": NOW,
        "updatedAt": NOW,
    }
    return {**lead, **more}


def later(lead: dict[str, Any], event: str = "e2", **more: Any) -> dict[str, Any]:
    """The lead after an event."""
    entry = {"at": NOW, "eventId": event, "decision": "merged", "reason": "same", "status": lead["status"]}
    moved = {"updatedAt": NOW + timedelta(minutes=1), "lastInteractionAt": NOW + timedelta(minutes=1)}
    return {**deepcopy(lead), **moved, "history": [*lead["history"], entry], **more}


def kinds(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    return [one.event_type for one in lead_messages(LeadChange(before, after, CLIENT))]


LEAD = a_lead()
CHANGES: list[tuple[dict[str, Any] | None, dict[str, Any], list[str]]] = [
    (None, LEAD, ["lead.created"]),
    (None, a_lead(status="submitted"), ["lead.created", "lead.submitted"]),
    (LEAD, later(LEAD), []),
    (LEAD, later(LEAD, crmSynced=True, crmId="003", crmErrors=[{"code": "x"}]), []),
    (LEAD, later(LEAD, edits={"email": {"value": "a"}}, said={"email": ["a"]}), []),
    (LEAD, later(LEAD, company="Acme"), ["lead.updated"]),
    (LEAD, later(LEAD, status="submitted"), ["lead.updated", "lead.submitted"]),
    (LEAD, later(LEAD, source="abandoned_form"), ["lead.updated", "lead.abandoned"]),
    (later(LEAD, status="submitted"), later(LEAD, "e3", status="submitted"), []),
    (None, a_lead(test=True), []),
]


@pytest.mark.parametrize(("before", "after", "wanted"), CHANGES, ids=range(len(CHANGES)))
def test_what_follows_from_a_change(before: dict[str, Any] | None, after: dict[str, Any], wanted: list[str]) -> None:
    assert kinds(before, after) == wanted


VALUES = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)
NAMES = st.sampled_from(["company", "message", "phone", "updatedAt", "crmId", "history", "attributeAt"])


@given(st.dictionaries(NAMES, VALUES, max_size=7))
def test_a_lead_that_is_the_same_is_no_change(values: dict[str, Any]) -> None:
    assert changed_names(a_lead(**values), deepcopy(a_lead(**values))) == []


@given(st.dictionaries(st.text(min_size=1, max_size=6), VALUES, max_size=4), st.text(min_size=1, max_size=6))
def test_changed_answers_are_named_as_they_were_sent(fields: dict[str, Any], name: str) -> None:
    before = a_lead(fields={field_key(each): value for each, value in fields.items()})
    after = deepcopy(before)
    after["fields"][field_key(name)] = ["something", "else"]
    (found,) = changed_names(before, after)
    assert found.startswith("fields.")
    message = lead_messages(LeadChange(before, later(before, fields=after["fields"]), CLIENT))[0]
    assert json.loads(body(message, NOW))["data"]["changed"] == [found]


def test_the_same_change_found_out_twice_is_one_delivery_and_another_change_another() -> None:
    first, again = later(LEAD, company="A"), later(LEAD, company="A", updatedAt=NOW + timedelta(days=1))
    back = later(first, "e3", company="B")
    forth = later(back, "e4", company="A")
    ids = [
        delivery_id("hook", lead_messages(LeadChange(before, after, CLIENT))[0])
        for before, after in ((LEAD, first), (LEAD, again), (first, back), (back, forth))
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
    assert delivery_id("other", lead_messages(LeadChange(LEAD, first, CLIENT))[0]) not in ids


def test_a_change_without_a_decision_is_told_by_what_the_lead_has_become() -> None:
    """A visit that began earlier than was known changes where a person came from, and no event is noted for it."""
    ids = set()
    for source in ("a", "b"):
        (message,) = lead_messages(LeadChange(LEAD, {**deepcopy(LEAD), "utmSource": source}, CLIENT))
        ids.add(delivery_id("hook", message))
    assert len(ids) == 2


def test_a_deletion_repeats_nothing_of_the_person() -> None:
    (message,) = deletion(LEAD, NOW)
    assert message.data == {"lead": {"leadId": "lead-1", "clientId": CLIENT.client_id}}
    assert deletion(a_lead(test=True), NOW) == []
    told = [one.endpoint_id for one in endpoints_for(message, CLIENT)]
    assert told == [hook.endpoint_id for hook in CLIENT.webhooks[1:]]


def test_a_webhook_can_ask_for_just_what_there_is() -> None:
    assert values.EVENT_TYPES == EVENT_TYPES
    assert values.event_types([f" {EVENT_TYPES[0]} ", EVENT_TYPES[0]]) == [EVENT_TYPES[0]]
    for wrong in ("lead.create", "lead", "lead.*", ""):
        with pytest.raises(InvalidError, match=r"lead\.created"):
            values.event_types([wrong])


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_an_example_has_the_shape_of_the_real_thing(event_type: str) -> None:
    shown = json.loads(body(example_message(event_type, CLIENT.client_id, NOW), NOW))
    assert shown["type"] == event_type
    assert shown["timestamp"] == "2030-01-31T08:00:00.000Z"
    lead = shown["data"].get("lead", shown["data"])
    assert (lead["test"], lead["clientId"]) == (True, CLIENT.client_id)
