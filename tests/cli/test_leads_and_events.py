"""``trackerctl lead`` and ``event`` on the stores that they read."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import SECRET, Run
from tests.fixtures.processes import Launch, wait_until

NOW = datetime.now(UTC).replace(microsecond=0)


def lead(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    """A stored lead; the higher the number, the older."""
    moment = NOW - timedelta(hours=number)
    return {
        "leadId": f"{number:08x}-0000-4000-8000-000000000000",
        "clientId": client_id,
        "email": f"visitor{number}@example.com",
        "name": f"Visitor {number}",
        "status": "partial",
        "quality": "medium",
        "source": "web_form",
        "fields": {},
        "createdAt": moment,
        "updatedAt": moment,
        "lastInteractionAt": moment,
        **more,
    }


def event(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    """A stored event; the higher the number, the older."""
    moment = NOW - timedelta(hours=number)
    return {
        "eventId": f"event-{number}",
        "clientId": client_id,
        "eventType": "page_view",
        "payload": {"page": {"url": "https://example.com/contact", "path": "/contact"}},
        "sessionId": f"session-{number}",
        "timestamp": moment,
        "createdAt": moment,
        "expiresAt": NOW + timedelta(days=1),
        **more,
    }


# ------------------------------------------------------------------------------------------------------------- leads


def test_leads_are_listed_the_newest_first(documents: Any, client: dict[str, Any], run: Run) -> None:
    documents.leads.insert_many([lead(number, client["clientId"]) for number in (2, 1, 3)])

    rows = [line.split() for line in run("lead", "list").out.splitlines()[1:]]
    assert [row[0] for row in rows] == ["00000001", "00000002", "00000003"]
    assert rows[0][1:] == ["visitor1@example.com", "Visitor", "1", "partial", "medium", "1h", "ago"]
    assert [one["leadId"][:8] for one in run("--json", "lead", "list").json] == [row[0] for row in rows]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ((), [1, 2, 3, 4]),
        (("--client", "example.com"), [1, 2, 3]),
        (("--status", "submitted"), [2]),
        (("--email", "Visitor3@Example.com"), [3]),
        (("--since", "150m"), [1, 2]),
        (("--until", "150m"), [3, 4]),
        (("--limit", "2"), [1, 2]),
        (("-c", "example.com", "--since", "3h30m", "-n", "1"), [1]),
        (("--since", "30m"), []),
    ],
)
def test_leads_are_narrowed_down(
    documents: Any, client: dict[str, Any], run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    documents.leads.insert_many(
        [
            lead(1, client["clientId"]),
            lead(2, client["clientId"], status="submitted"),
            lead(3, client["clientId"]),
            lead(4, "another"),
        ]
    )
    assert [int(one["leadId"][:8]) for one in run("--json", "lead", "list", *options).json] == numbers


def test_the_id_in_the_list_shows_the_lead(documents: Any, client: dict[str, Any], run: Run) -> None:
    documents.leads.insert_one(lead(1, client["clientId"], fields={"budget": "10k"}, phone="+15550123"))
    short = run("lead", "list").out.splitlines()[1].split()[0]

    assert run("--json", "lead", "show", short).json["fields"] == {"budget": "10k"}
    shown = run("lead", "show", short).out
    assert "fields.budget" in shown
    assert "+15550123" in shown
    assert run("-q", "lead", "list").out.strip() == lead(1, "")["leadId"]


def test_an_unknown_lead_is_not_found(documents: Any, run: Run) -> None:
    assert run("--json", "lead", "show", "ffffffff", code=1).error["slug"] == "not-found"
    assert run("lead", "list").out == "No leads.\n"


def test_what_a_stranger_typed_does_not_steer_the_terminal(documents: Any, client: dict[str, Any], run: Run) -> None:
    documents.leads.insert_one(
        lead(1, client["clientId"], name="\x1b]0;owned\x07[red]Eve", fields={"\x1b[2J": "\r\x9b"})
    )

    for command in (("lead", "list"), ("lead", "show", "00000001"), ("--json", "lead", "list")):
        out = run(*command).out
        assert not {"\x1b", "\x07", "\x9b", "\r"} & set(out)
        assert "[red]Eve" in out


# ------------------------------------------------------------------------------------------------------------ events


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ((), [1, 2, 3, 4]),
        (("--client", "example.com"), [1, 2, 3]),
        (("--type", "form_submission"), [2]),
        (("--session", "session-3"), [3]),
        (("--since", "150m"), [1, 2]),
        (("--until", "150m", "-n", "1"), [3]),
    ],
)
def test_events_are_listed_and_narrowed_down(
    documents: Any, client: dict[str, Any], run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    documents.events.insert_many(
        [
            event(1, client["clientId"]),
            event(2, client["clientId"], eventType="form_submission"),
            event(3, client["clientId"]),
            event(4, "another"),
        ]
    )
    listed = run("--json", "event", "list", *options).json
    assert [one["eventId"] for one in listed] == [f"event-{number}" for number in numbers]


def test_an_event_is_told_by_its_form_its_page_and_its_lead(documents: Any, client: dict[str, Any], run: Run) -> None:
    payload = {"form": {"formId": "f", "formName": "Contact"}, "page": {"path": "/contact"}}
    known = {"leadId": lead(7, "")["leadId"], "eventType": "form_submission", "payload": payload}
    documents.events.insert_one(event(1, client["clientId"], **known))

    row = run("event", "list").out.splitlines()[1].split()
    assert row == ["1h", "ago", "form_submission", "Contact", "on", "/contact", "00000007"]


def test_events_are_tailed_as_they_are_stored(documents: Any, client: dict[str, Any], launch: Launch) -> None:
    names = ("CONFIG_DB_URL", "MONGODB_URL", "MONGODB_DATABASE")
    settings = {f"TRACKER_{name}": os.environ[f"TRACKER_{name}"] for name in names}
    tail = launch("--json", "event", "tail", "example.com", env={**settings, "TRACKER_SECRET_KEYS": SECRET})
    numbers = iter(range(1, 10_000))

    def one_more_until_something_is_shown() -> bool:
        # It shows what is stored after its first look, and nobody outside can tell when that was.
        documents.events.insert_one(event(next(numbers), client["clientId"]))
        return '{"eventId"' in tail.output()

    wait_until(one_more_until_something_is_shown, timeout=60, interval=0.2, message=tail.output)
    assert tail.interrupt() == 130
    shown = [json.loads(line) for line in tail.output().splitlines()]
    assert {one["clientId"] for one in shown} == {client["clientId"]}
    assert len({one["eventId"] for one in shown}) == len(shown)


def test_refused_events_are_counted_and_sampled(
    client: dict[str, Any], redis_url: str, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    import redis

    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)
    assert run("event", "rejected", "example.com").out == "Nothing was refused.\n"
    sample = {
        "at": NOW.timestamp() - 60,
        "reason": "too_large",
        "id": "e1",
        "bytes": 40_000,
        "keys": ["type", "fields"],
    }
    with redis.Redis.from_url(redis_url) as store:
        store.hincrby(f"tracker:rejected:{client['clientId']}:counts", "too_large", 3)
        store.lpush(f"tracker:rejected:{client['clientId']}:samples", json.dumps(sample))

    assert run("--json", "event", "rejected", "example.com").json == {"counts": {"too_large": 3}, "samples": [sample]}
    out = run("event", "rejected", "example.com").out
    assert out.splitlines()[0].split() == ["too_large", "3"]
    assert "type, fields" in out
