"""``trackerctl lead``, ``event``, ``status`` and ``db`` on the stores that they read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.conftest import SECRET, Run
from tests.fixtures.processes import Launch, wait_until

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def documents(
    client: dict[str, Any], mongodb_url: str, mongodb_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The document store of the installation, for tests to write into."""
    monkeypatch.setenv("TRACKER_MONGODB_URL", mongodb_url)
    monkeypatch.setenv("TRACKER_MONGODB_DATABASE", mongodb_database)
    with MongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as mongo:
        yield mongo[mongodb_database]


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


# ------------------------------------------------------------------------------------------------------------ status


@pytest.fixture
def whole(documents: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with all of its stores."""
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)


def test_status_is_zero_when_all_is_well(whole: None, run: Run) -> None:
    found = run("--json", "status").json

    assert found["ok"] is True
    assert {store["name"]: store["ok"] for store in found["stores"]} == {"config": True, "mongodb": True, "redis": True}
    assert all(store["version"] and store["latencyMs"] >= 0 for store in found["stores"])
    assert sum(found["queue"].values()) == 0
    assert found["migration"]["upToDate"] is True
    out = run("status").out
    assert "0 waiting" in out
    assert "current, " in out


def test_status_is_one_when_a_store_is_away(whole: None, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    ran = run("status", code=1)
    found = run("--json", "status", code=1).json

    assert "check TRACKER_REDIS_URL" in ran.out
    assert "hunter2" not in ran.out + ran.err
    assert found["queue"] is None
    assert {store["name"] for store in found["stores"] if not store["ok"]} == {"redis"}


def test_status_is_one_when_a_shard_of_the_queue_is_away(
    whole: None, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_QUEUE_SHARDS", "2")
    monkeypatch.setenv("TRACKER_QUEUE_SHARD_URLS", "redis://127.0.0.1:1/0,redis://127.0.0.1:1/1")
    assert run("--json", "status", code=1).json["queue"] is None


def test_status_is_one_while_the_tables_are_not_there(
    whole: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"sqlite:///{tmp_path / 'empty.db'}")

    assert run("--json", "status", code=1).json["migration"]["upToDate"] is False
    assert "trackerctl db upgrade" in run("status", code=1).out


def test_status_fits_eighty_columns(whole: None, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(len(line) for line in run("status").out.splitlines()) <= 80


# ---------------------------------------------------------------------------------------------------------------- db


def test_the_tables_go_up_and_down_on_each_database(
    any_config_db_url: str, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", any_config_db_url)
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)

    assert run("--json", "db", "current").json["revision"] is None
    assert run("--json", "db", "check", code=1).json["differences"] != []
    head = run("--json", "db", "upgrade").json["revision"]
    assert run("--json", "db", "upgrade").json == {"before": head, "revision": head}
    assert run("--json", "db", "current").json == {"revision": head, "head": head, "upToDate": True}
    assert run("--json", "db", "check").json == {"upToDate": True, "differences": []}
    assert "every client" in run("db", "downgrade", "base", code=2).err
    assert run("--json", "db", "downgrade", "base", "--yes").json == {"before": head, "revision": None}


def test_an_unknown_revision_is_refused(site: Path, run: Run) -> None:
    assert run("--json", "db", "upgrade", "nowhere", code=1).error["slug"] == "invalid"


def test_all_of_a_site_is_configured_on_each_database(
    any_config_db_url: str, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", any_config_db_url)
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)
    run("db", "upgrade")

    client = run("--json", "client", "create", "--domain", "example.com", "--set", "features.chat=true").json
    secret = run("--json", "key", "issue", "example.com", "--kind", "secret").json
    fresh = run("--json", "key", "rotate", client["keyId"], "--grace", "1h").json
    run("key", "revoke", secret["keyId"], "--yes")
    contact = ("--name", "Contact", "--page-url", "/contact", "--selector", "#contact")
    form = run("--json", "form", "create", client["clientId"][:8], *contact).json
    field = run("--json", "field", "create", form["formId"], "--selector", "[name=email]", "--name", "email").json
    run("mapping", "set", field["fieldId"], "Lead.Email", "--transform", "trim")

    shown = run("--json", "client", "show", "example.com").json
    assert shown["config"]["features"]["chat"] is True
    assert [key["status"] for key in shown["keys"]] == ["expiring", "revoked", "active"]
    assert run("--json", "form", "show", form["formId"]).json["fields"][0]["fieldName"] == "email"
    assert run("--json", "mapping", "show", field["fieldId"]).json["targetField"] == "Email"
    assert run("--json", "embed", "example.com").json["apiKey"] == fresh["key"]
    run("client", "delete", "example.com", "--yes")
    assert run("--json", "client", "list").json == []
    run("form", "show", form["formId"], code=1)
