"""``trackerctl session`` on the store that it reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run

NOW = datetime.now(UTC).replace(microsecond=0)


def session(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    """A stored session; the higher the number, the older."""
    moment = NOW - timedelta(hours=number)
    return {
        "sessionId": f"session-{number}",
        "clientId": client_id,
        "visitorId": f"visitor-{number}",
        "startedAt": moment,
        "endedAt": moment + timedelta(seconds=75),
        "duration": 75,
        "pageViews": [{"url": "https://example.com/", "timestamp": moment}],
        "pageViewCount": 1,
        "eventCount": 2,
        "formSubmissions": 0,
        "landingPage": "https://example.com/",
        "leads": [],
        "waiting": 0,
        "settled": 0,
        "test": False,
        "createdAt": moment,
        "updatedAt": moment,
        "expiresAt": NOW + timedelta(days=1),
        **more,
    }


@pytest.fixture
def sessions(documents: Any, client: dict[str, Any]) -> Any:
    lead = {"form": "contact", "leadId": "00000007-0000-4000-8000-000000000000", "at": NOW, "named": True}
    documents.sessions.insert_many(
        [
            session(2, client["clientId"]),
            session(1, client["clientId"], leads=[lead], formSubmissions=1),
            session(3, client["clientId"]),
            session(4, "another"),
        ]
    )
    return documents


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ((), [1, 2, 3, 4]),
        (("--client", "example.com"), [1, 2, 3]),
        (("--visitor", "visitor-3"), [3]),
        (("--since", "150m"), [1, 2]),
        (("--until", "150m"), [3, 4]),
        (("-c", "example.com", "--limit", "1"), [1]),
        (("--since", "30m"), []),
    ],
)
def test_sessions_are_listed_and_narrowed_down(
    sessions: Any, run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    listed = run("--json", "session", "list", *options).json
    assert [one["sessionId"] for one in listed] == [f"session-{number}" for number in numbers]
    assert run("-q", "session", "list", *options).out.split() == [one["sessionId"] for one in listed]


def test_a_row_tells_what_became_of_the_visit(sessions: Any, run: Run) -> None:
    heading, first, *_ = run("session", "list").out.splitlines()
    assert heading.split() == ["ID", "BEGAN", "LASTED", "VIEWS", "EVENTS", "SUBMITTED", "LANDING", "PAGE", "LEAD"]
    assert first.split() == [
        "session-1", "1h", "ago", "1m", "15s", "1", "2", "1", "https://example.com/", "00000007",
    ]  # fmt: skip


def test_a_visit_is_shown_with_its_events_in_their_order(sessions: Any, client: dict[str, Any], run: Run) -> None:
    def event(number: int, kind: str, client_id: str) -> dict[str, Any]:
        return {
            "eventId": f"e{number}-{client_id}", "clientId": client_id, "eventType": kind, "sessionId": "session-1",
            "payload": {"page": {"path": "/contact"}}, "timestamp": NOW - timedelta(minutes=60 - number),
            "createdAt": NOW, "expiresAt": NOW + timedelta(days=1),
        }  # fmt: skip

    own = client["clientId"]
    sessions.events.insert_many(
        [event(2, "form_submission", own), event(1, "page_view", own), event(3, "page_view", "another")]
    )
    shown = run("--json", "session", "show", "session-1").json
    assert [one["eventType"] for one in shown["events"]] == ["page_view", "form_submission"]
    assert not {"waiting", "settled", "identifiedAt", "_id"} & set(shown)
    out = run("session", "show", "session-1").out
    assert "1m 15s" in out
    assert "/contact" in out
    assert "00000007-0000-4000-8000-000000000000" in out


def test_a_beginning_is_enough_where_it_is_clear(sessions: Any, run: Run) -> None:
    sessions.sessions.insert_one(session(5, "another", sessionId="clear-id"))
    assert run("-q", "session", "show", "clear-").out == "clear-id\n"
    assert run("--json", "session", "show", "session", code=1).error["slug"] == "conflict"
    assert run("--json", "session", "show", "clear-id", "-c", "example.com", code=1).error["slug"] == "not-found"
    assert run("--json", "session", "show", "nothing", code=1).error["slug"] == "not-found"


def test_one_id_at_two_clients_needs_the_client(sessions: Any, client: dict[str, Any], run: Run) -> None:
    sessions.sessions.insert_one(session(1, "another"))
    assert "--client" in run("--json", "session", "show", "session-1", code=1).error["detail"]
    found = run("--json", "session", "show", "session-1", "--client", "example.com").json
    assert found["clientId"] == client["clientId"]


def test_nothing_stored_is_said_so(documents: Any, run: Run) -> None:
    assert run("session", "list").out == "No sessions.\n"
