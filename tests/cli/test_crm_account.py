"""``trackerctl crm connect``, ``check``, ``status``, ``sync`` and ``disconnect``, with the adapter ``log``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run

NOW = datetime.now(UTC)


@pytest.fixture
def account(client: dict[str, Any], documents: Any, run: Run) -> dict[str, Any]:
    """The client's account of kind ``log``, with a MongoDB for what is due."""
    connected: dict[str, Any] = run(
        "--json", "crm", "connect", "example.com", "log", "--from-json", "-", stdin="{}"
    ).json
    return connected


def lead(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    return {
        "leadId": f"{number:08x}-0000-4000-8000-000000000000", "clientId": client_id,
        "email": f"p{number}@mail.example",
        "lastName": f"Person {number}", "status": "submitted", "quality": "high", "source": "web_form", "fields": {},
        "createdAt": NOW - timedelta(hours=number), "updatedAt": NOW, "lastInteractionAt": NOW, "crmSynced": False,
        **more,
    }  # fmt: skip


def test_connecting_again_changes_the_account_that_there_is(account: dict[str, Any], run: Run) -> None:
    text = '{"entity": "Contact"}'
    again = run("--json", "crm", "connect", "example.com", "log", "--from-json", "-", stdin=text).json
    assert again["connectionId"] == account["connectionId"]
    assert again["settings"]["entity"] == "Contact"
    assert (
        "entity"
        not in run("--json", "crm", "connect", "example.com", "log", "--from-json", "-", stdin="{}").json["settings"]
    )
    assert len(run("--json", "crm", "list").json) == 1


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("salesfroce", "{}", "salesforce"),
        ("log", '{"entty": "x"}', "entity"),
        ("salesforce", '{"auth": "jwt"}', "username"),
        ("http", '{"token": "hunter2-secret"}', "url"),
        ("log", "[1]", "JSON object"),
    ],
)
def test_what_cannot_be_connected_is_told_and_nothing_stored(
    client: dict[str, Any], run: Run, kind: str, text: str, words: str
) -> None:
    ran = run("crm", "connect", "example.com", kind, "--from-json", "-", stdin=text, code=None)
    assert ran.code in (1, 2)
    assert words in ran.err
    assert "hunter2" not in ran.out + ran.err
    assert run("--json", "crm", "list").json == []


def test_check_says_what_the_account_is(account: dict[str, Any], run: Run) -> None:
    [found] = run("--json", "crm", "check", "example.com").json
    assert (found["connectionId"], found["adapter"], found["ok"]) == (account["connectionId"], "log", True)
    assert "lets us in  yes" in run("crm", "check", "example.com").out
    assert "no such account" in run("crm", "check", "example.com", "--crm", "hubspot", code=2).err


def test_check_is_one_when_an_account_does_not_let_us_in(client: dict[str, Any], run: Run) -> None:
    text = json.dumps({"url": "http://127.0.0.1:1/leads", "allow_private": True})
    run("crm", "connect", "example.com", "http", "--from-json", "-", "--no-check", stdin=text)
    [found] = run("--json", "crm", "check", "example.com", code=1).json
    assert found["ok"] is False
    assert found["problem"]


def test_sync_notes_what_belongs_there_and_status_tells(account: dict[str, Any], documents: Any, run: Run) -> None:
    client_id = account["clientId"]
    failed = {"crmErrors": [{"at": NOW, "code": "NO", "message": "no", "retryable": False}]}
    documents.leads.insert_many(
        [
            lead(1, client_id),
            lead(2, client_id, **failed),
            lead(3, client_id, test=True),
            lead(4, client_id, status="partial"),
        ]
    )
    noted = run("--json", "crm", "sync", "example.com", "--yes", "--no-wait").json
    assert (noted["leads"], noted["done"]) == (1, None)
    assert run("--json", "crm", "sync", "example.com", "--all", "--yes", "--no-wait").json["leads"] == 2
    rows = list(documents.crm_due.find({"connectionId": account["connectionId"]}))
    assert sorted(row["leadId"][:8] for row in rows) == ["00000001", "00000002"]

    [status] = run("--json", "crm", "status", "example.com").json
    assert (status["waiting"], status["failed"], status["circuit"]) == (2, 1, None)
    assert "waiting       2" in run("crm", "status", "example.com").out
    assert run("--json", "audit", "list", "--action", "crm.sync").json[0]["after"] == {"leads": 2}


def test_status_is_one_while_an_account_is_left_alone(account: dict[str, Any], documents: Any, run: Run) -> None:
    circuit = {"reason": "credentials", "detail": "expired", "until": NOW + timedelta(hours=1), "failures": 1}
    usage = {"used": 70, "limit": 100, "windowSeconds": 86_400.0, "at": NOW}
    samples = [{"at": NOW - timedelta(hours=1), "used": 10}]
    state = {"clientId": account["clientId"], "circuit": circuit, "usage": usage, "samples": samples}
    documents.crm_state.insert_one({"_id": account["connectionId"], **state})
    out = run("crm", "status", "example.com", code=1).out
    assert "credentials: expired" in out
    assert "70 of 100 calls used" in out
    [status] = run("--json", "crm", "status", "example.com", code=1).json
    assert status["exhaustedAt"] is not None


def test_a_dry_run_changes_nothing(account: dict[str, Any], documents: Any, run: Run) -> None:
    documents.leads.insert_one(lead(1, account["clientId"]))
    [preview] = run("--json", "crm", "sync", "example.com", "--all", "--dry-run").json
    assert (preview["action"], preview["changes"]["Email"]) == ("create", [None, "p1@mail.example"])
    assert "p1@mail.example" in run("crm", "sync", "example.com", "--all", "--dry-run").out
    assert documents.crm_due.count_documents({}) == 0


def test_disconnect_names_what_goes_and_takes_it(account: dict[str, Any], run: Run) -> None:
    assert "Would disconnect log" in run("crm", "disconnect", "example.com", "--dry-run").out
    assert "the credentials" in run("crm", "disconnect", "example.com", code=2).err
    [gone] = run("--json", "crm", "disconnect", "example.com", "--yes").json
    assert gone["deleted"] is True
    assert run("--json", "crm", "list").json == []
    assert "crm connect" in run("crm", "sync", "example.com", "--yes", code=2).err
