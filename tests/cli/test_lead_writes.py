"""``trackerctl lead update``, ``delete`` and ``sync``."""

from __future__ import annotations

from typing import Any

import pytest

from cli.context import actor
from tests.cli.conftest import Run
from tests.cli.test_leads_and_events import event, lead


@pytest.fixture
def stored(documents: Any, client: dict[str, Any]) -> dict[str, Any]:
    """A lead with two events, and another lead with one."""
    first, second = lead(1, client["clientId"]), lead(2, client["clientId"])
    documents.leads.insert_many([first, second])
    documents.events.insert_many(
        [event(n, client["clientId"], leadId=one["leadId"]) for n, one in enumerate((first, first, second))]
    )
    return first


def test_a_correction_by_hand_is_stored_and_shown(documents: Any, stored: dict[str, Any], run: Run) -> None:
    values = ("--set", "company=Acme = Co", "--set", "status=submitted", "--set", "email=Right@Example.com")
    changed = run("--json", "lead", "update", stored["leadId"], *values, "--tag", "vip", "--tag", "north").json
    assert changed == run("--json", "lead", "show", stored["leadId"]).json
    row = documents.leads.find_one({"leadId": stored["leadId"]})
    assert (row["company"], row["status"], row["email"]) == ("Acme = Co", "submitted", "right@example.com")
    assert (row["tags"], row["edits"]["company"]["by"]) == (["vip", "north"], actor())


def test_null_takes_a_correction_back(stored: dict[str, Any], run: Run) -> None:
    run("lead", "update", stored["leadId"], "--set", "name=Somebody Else", "--tag", "vip")
    back = run("--json", "lead", "update", stored["leadId"], "--set", "name=null", "--tag", "").json
    assert (back["name"], "tags" in back, "edits" in back) == ("Visitor 1", False, False)


def test_the_audit_log_names_what_was_changed_by_whom(stored: dict[str, Any], run: Run) -> None:
    run("lead", "update", stored["leadId"], "--set", "notes=called twice")
    [entry] = run("--json", "audit", "list", "--action", "lead").json
    assert (entry["action"], entry["after"], entry["actor"]) == ("lead.update", {"changed": ["notes"]}, actor())
    assert "called" not in run("audit", "list").out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 2),
        (("--set", "company"), 2),
        (("--set", "clientId=x"), 1),
        (("--set", "status=won"), 1),
        (("--set", "email=ann"), 1),
    ],
)
def test_what_cannot_be_changed_is_refused(
    stored: dict[str, Any], run: Run, options: tuple[str, ...], code: int
) -> None:
    before = run("--json", "lead", "show", stored["leadId"]).json
    run("lead", "update", stored["leadId"], *options, code=code)
    assert run("--json", "lead", "show", stored["leadId"]).json == before


def test_deleting_names_the_events_and_takes_them_along(documents: Any, stored: dict[str, Any], run: Run) -> None:
    assert "2 events" in run("lead", "delete", stored["leadId"], code=2).err
    dry = run("--json", "lead", "delete", stored["leadId"], "--dry-run").json
    assert (dry["events"], dry["deleted"], documents.leads.count_documents({})) == (2, False, 2)
    gone = run("--json", "lead", "delete", stored["leadId"], "--yes").json
    assert (gone["leadId"], gone["events"], gone["deleted"]) == (stored["leadId"], 2, True)
    assert [row["leadId"] for row in documents.leads.find()] == [row["leadId"] for row in documents.events.find()]
    assert [entry["action"] for entry in run("--json", "audit", "list", "-n", "1").json] == ["lead.delete"]
    assert run("--json", "lead", "delete", stored["leadId"], "--yes", code=1).error["slug"] == "not-found"


def test_a_sync_is_noted_and_a_missing_crm_is_told(documents: Any, stored: dict[str, Any], run: Run) -> None:
    ran = run("lead", "sync", stored["leadId"])
    assert "no active CRM connection" in ran.err
    assert documents.leads.find_one({"leadId": stored["leadId"]})["syncRequestedAt"] is not None
    run("crm", "create", "example.com", "--adapter", "salesforce", "--credentials", "-", stdin='{"token": "t"}')
    again = run("--json", "lead", "sync", stored["leadId"])
    assert again.err == ""
    assert again.json["syncRequestedAt"] > "2000"


def test_spam_is_listed_apart_refused_by_sync_and_cleared_by_hand(
    documents: Any, stored: dict[str, Any], run: Run
) -> None:
    lead_id = stored["leadId"]
    documents.leads.update_one({"leadId": lead_id}, {"$set": {"spam": True, "spamReasons": ["links"]}})
    assert [one["leadId"] for one in run("--json", "lead", "list", "--spam").json] == [lead_id]
    assert lead_id not in {one["leadId"] for one in run("--json", "lead", "list", "--no-spam").json}
    assert ", spam" in run("lead", "list", "--spam").out
    refused = run("lead", "sync", lead_id, code=None)
    assert refused.code != 0
    assert "links" in refused.err and "--not-spam" in refused.err
    assert run("--json", "lead", "update", lead_id, "--not-spam").json["spam"] is False
    run("lead", "sync", lead_id)
    assert run("--json", "lead", "list", "--spam").json == []
    assert run("--json", "lead", "update", lead_id, "--set", "spam=null").json["spam"] is True
    assert run("--json", "lead", "update", lead_id, "--set", "spam=false").json["spam"] is False
