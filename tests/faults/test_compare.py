"""The comparison of the fault table finds what is missing, what is there twice and what was counted wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.compare import Verdict, compare
from tests.faults.load import Event, make_batches, make_events
from tests.fixtures.system import System

EVENTS = make_events(240)


@pytest.fixture(scope="module")
def acknowledged() -> set[str]:
    return {event["id"] for event in EVENTS}


def keep_all(system: System, client: str) -> None:
    """The documents that a run without a fault leaves, as far as the comparison looks at them."""
    events, sessions, emails = [], {}, set()
    for event in EVENTS:
        events.append(
            {"clientId": client, "eventId": event["id"], "eventType": event["type"], "sessionId": event["sessionId"]}
        )
        counts = sessions.setdefault(event["sessionId"], {"eventCount": 0, "pageViewCount": 0, "formSubmissions": 0})
        counts["eventCount"] += 1
        counts["pageViewCount"] += event["type"] == "page_view"
        counts["formSubmissions"] += event["type"] == "form_submission"
        emails.add(event["payload"].get("fields", {}).get("email"))
    system.database.events.insert_many(events)
    system.database.sessions.insert_many([{"clientId": client, "sessionId": name, **n} for name, n in sessions.items()])
    system.database.leads.insert_many([{"clientId": client, "email": email} for email in emails - {None}])


def lose_an_event(system: System) -> None:
    # One without a session, so that no counter tells as well.
    system.database.events.delete_one({"eventId": "event-0"})
    system.database.sessions.update_one({"sessionId": "session-0"}, {"$inc": {"eventCount": -1, "pageViewCount": -1}})


def double_an_event(system: System) -> None:
    row = system.database.events.find_one({"eventId": "event-11"}, {"_id": 0, "sessionId": 0})
    system.database.events.insert_one(row)


def lose_a_lead(system: System) -> None:
    system.database.leads.delete_one({"email": "visitor3@example.com"})


def double_a_lead(system: System) -> None:
    row = system.database.leads.find_one({"email": "visitor3@example.com"}, {"_id": 0})
    system.database.leads.insert_one(row)


def count_twice(system: System) -> None:
    system.database.sessions.update_one({"sessionId": "session-2"}, {"$inc": {"formSubmissions": 1}})


def lose_a_session(system: System) -> None:
    system.database.sessions.delete_one({"sessionId": "session-2"})


@pytest.mark.parametrize(
    ("harm", "difference"),
    [
        (lose_an_event, {"lost": 1}),
        (double_an_event, {"twice": 1}),
        (lose_a_lead, {"lost_leads": 1}),
        (double_a_lead, {"twice": 1}),
        (count_twice, {"sessions_off": 1}),
        (lose_a_session, {"sessions_off": 1}),
    ],
)
def test_tells_each_kind_of_harm(
    system: System, acknowledged: set[str], harm: Callable[[System], None], difference: dict[str, Any]
) -> None:
    keep_all(system, "client")
    clean = compare(system, "client", EVENTS, acknowledged)
    assert clean == Verdict(len(EVENTS), 0, 0, 0, 0, 0, 0, 0)
    assert clean.flawless
    harm(system)
    found = compare(system, "client", EVENTS, acknowledged)
    assert found == replace(clean, **difference)
    assert not found.flawless


def test_batches_hold_every_event_of_the_load_once() -> None:
    sent: list[Event] = [event for batch in make_batches(EVENTS) for event in batch]
    assert sent == EVENTS
    assert len({event["id"] for event in sent}) == len(EVENTS)
