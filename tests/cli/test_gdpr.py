"""``trackerctl gdpr delete``, ``status`` and ``verify``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_leads_and_events import event, lead


@pytest.fixture
def quick(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs beside these tests that could still commit."""
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)
    monkeypatch.setenv("TRACKER_JOB_TIMEOUT_SECONDS", "0.01")


@pytest.fixture
def stored(quick: None, documents: Any, client: dict[str, Any]) -> dict[str, Any]:
    """A lead with two events, and another lead with one."""
    first, second = lead(1, client["clientId"]), lead(2, client["clientId"])
    documents.leads.insert_many([first, second])
    documents.events.insert_many(
        [event(n, client["clientId"], leadId=one["leadId"]) for n, one in enumerate((first, first, second))]
    )
    return first


def test_a_person_is_erased_without_a_worker_and_the_certificate_verifies(
    documents: Any, stored: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    done = run("--json", "gdpr", "delete", "-", "--yes", stdin=f"{stored['email'].upper()}\n").json
    assert done["status"] == "done"
    assert (done["counts"]["leads"], done["counts"]["events"], done["crm"]) == (1, 2, [])
    assert documents.leads.count_documents({}) == 1
    assert documents.events.count_documents({}) == 1
    path = Path(done["certificate"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert stored["email"] not in path.read_text()
    assert run("--json", "gdpr", "verify", str(path)).json["statement"]["requestId"] == done["requestId"]
    assert run("--json", "gdpr", "status", done["requestId"]).json["status"] == "done"
    copy = tmp_path / "copy.json"
    run("gdpr", "status", done["requestId"], "--certificate", str(copy))
    assert copy.read_text() == path.read_text()
    [entry] = run("--json", "audit", "list", "--action", "gdpr").json
    assert (entry["action"], entry["targetId"]) == ("gdpr.delete", done["requestId"])
    assert stored["email"] not in json.dumps(entry)


def test_a_changed_certificate_is_refused(stored: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("--json", "gdpr", "delete", stored["email"], "--yes").json
    path = Path(done["certificate"])
    key = run("--json", "gdpr", "verify", "--public-key").json["publicKey"]
    certificate = json.loads(path.read_text())
    certificate["statement"]["counts"]["leads"] = 7
    path.with_name("forged.json").write_text(json.dumps(certificate))
    path.with_name("text.json").write_text("no certificate")
    assert (
        "changed after" in run("--json", "gdpr", "verify", str(path.with_name("forged.json")), code=1).error["detail"]
    )
    assert "no JSON" in run("--json", "gdpr", "verify", str(path.with_name("text.json")), code=1).error["detail"]
    run("gdpr", "verify", str(path.with_name("nothing.json")), code=1)
    # Somebody else verifies with the public key alone.
    monkeypatch.setenv("TRACKER_SECRET_KEYS", "another-secret-of-somebody-else-0123456789")
    run("gdpr", "verify", str(path), code=1)
    run("gdpr", "verify", str(path), "--key", key)


def test_a_dry_run_counts_and_changes_nothing(documents: Any, stored: dict[str, Any], run: Run) -> None:
    shown = run("--json", "gdpr", "delete", stored["email"], "--dry-run").json
    assert shown["dryRun"] is True
    assert (shown["counts"]["leads"], shown["counts"]["events"]) == (1, 2)
    assert documents.leads.count_documents({}) == 2
    assert documents.erasures.count_documents({}) == 0
    assert documents.suppressions.count_documents({}) == 0


def test_a_request_that_is_left_to_workers_is_resumed_by_hand(documents: Any, stored: dict[str, Any], run: Run) -> None:
    asked = run("--json", "gdpr", "delete", stored["email"], "--yes", "--no-wait").json
    assert asked["status"] == "open"
    assert documents.leads.count_documents({}) == 2
    assert stored["email"] not in json.dumps(documents.erasures.find_one({}), default=str)
    done = run("--json", "gdpr", "status", asked["requestId"], "--wait").json
    assert (done["status"], done["counts"]["leads"]) == ("done", 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("ann@example.com",), 2),
        (("no-address", "--yes"), 1),
        (("--phone", "12", "--yes"), 1),
        (("ann@example.com", "--client", "unknown.example", "--yes"), 1),
    ],
    ids=["nobody", "nobody_to_ask", "no_address", "no_number", "no_client"],
)
def test_what_is_not_clear_is_refused_and_repeats_no_address(
    documents: Any, stored: dict[str, Any], run: Run, arguments: tuple[str, ...], code: int
) -> None:
    refused = run("gdpr", "delete", *arguments, code=code)
    assert "ann@example.com" not in refused.err
    assert "no-address" not in refused.err
    assert documents.erasures.count_documents({}) == 0


def test_an_unknown_request_is_not_found(stored: dict[str, Any], run: Run) -> None:
    assert run("--json", "gdpr", "status", "nothing", code=1).error["slug"] == "not-found"


def test_a_store_that_is_away_ends_with_an_error_and_keeps_the_request(
    documents: Any, stored: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://127.0.0.1:1/0")
    refused = run("--json", "gdpr", "delete", stored["email"], "--yes", "--timeout", "0", code=1)
    assert "Redis" in refused.error["detail"]
    row = documents.erasures.find_one({})
    assert row["status"] == "open"
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)
    assert run("--json", "gdpr", "status", row["_id"], "--wait").json["status"] == "done"
