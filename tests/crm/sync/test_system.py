"""From a browser's submission to a record in Salesforce, through real processes; and what killed workers leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.depth import examples
from tests.fixtures.processes import service_environment, wait_until
from tests.fixtures.salesforce import SalesforceOrg
from tests.fixtures.system import System, event, submission

NUMBER = examples(ci=1_000, deep=10_000)


@pytest.fixture
def org() -> Iterator[SalesforceOrg]:
    with SalesforceOrg() as org:
        yield org


@pytest.fixture
def crm_system(system: System, org: SalesforceOrg) -> System:
    """Workers that trust the org's certificate and do not wait for company."""
    system.settings["REQUESTS_CA_BUNDLE"] = org.ca_bundle
    system.settings["TRACKER_CRM_GATHER_SECONDS"] = "0"
    return system


def connect(system: System, org: SalesforceOrg, tmp_path: Path, **more: Any) -> dict[str, Any]:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(org.credentials("jwt", external_id_field="Tracker_Id__c", **more)))
    connected: dict[str, Any] = system.cli("crm", "connect", "localhost", "salesforce", "--from-json", str(path))
    return connected


def the_lead(system: System) -> dict[str, Any]:
    found = system.database["leads"].find_one({})
    assert found is not None
    return found


def many_leads(system: System, client_id: str, number: int) -> None:
    now = datetime.now(UTC)
    system.database["leads"].insert_many(
        [
            {
                "leadId": f"lead-{each:05}", "clientId": client_id, "email": f"p{each}@mail.example",
                "lastName": f"Person {each}", "status": "submitted", "quality": "high", "source": "web_form",
                "fields": {}, "createdAt": now, "updatedAt": now, "lastInteractionAt": now, "crmSynced": False,
            }
            for each in range(number)
        ]
    )  # fmt: skip


def test_a_submission_becomes_a_salesforce_lead_and_follows_its_changes(
    crm_system: System, org: SalesforceOrg, tmp_path: Path
) -> None:
    system = crm_system
    client = system.new_client()
    connect(system, org, tmp_path)
    system.serve()
    system.work()
    first = submission("Ann@Mail.example", sessionId="s1")
    first["payload"]["fields"] |= {"last_name": "Lee", "company": "Acme"}
    system.post(client["apiKey"], [event(sessionId="s1"), first]).raise_for_status()
    [record] = wait_until(lambda: org.records("Lead"), timeout=40)
    assert (record["Email"], record["LastName"], record["Company"]) == ("ann@mail.example", "Lee", "Acme")
    lead = wait_until(lambda: (one := the_lead(system)).get("crmSynced") and one, timeout=20)
    assert lead["crmId"] == record["Id"]
    assert lead["crmErrors"] == []
    assert record["Tracker_Id__c"] == lead["leadId"]

    record["LastName"] = "Corrected by sales"
    before = len(org.records("Lead"))
    system.cli("lead", "update", lead["leadId"], "--set", "company=Acme Ltd")
    wait_until(lambda: org.records("Lead")[0]["Company"] == "Acme Ltd", timeout=40)
    assert len(org.records("Lead")) == before == 1

    trace = system.cli("lead", "trace", lead["leadId"])
    assert [entry["result"] for entry in trace["timeline"] if entry["kind"] == "crm"] == ["created", "updated"]
    system.cli("lead", "delete", lead["leadId"], "--yes")
    wait_until(lambda: org.records("Lead") == [], timeout=40)


def test_a_test_key_s_lead_stays_here(crm_system: System, org: SalesforceOrg, tmp_path: Path) -> None:
    system = crm_system
    system.new_client()
    connect(system, org, tmp_path)
    key = system.cli("key", "issue", "localhost", "--kind", "publishable", "--mode", "test")["key"]
    system.serve()
    system.work()
    system.post(key, [submission("ann@mail.example")]).raise_for_status()
    system.wait_drained()
    wait_until(lambda: system.database["leads"].count_documents({}) == 1, timeout=20)
    assert system.database["crm_due"].count_documents({}) == 0


def test_workers_killed_on_the_way_make_no_second_record(
    crm_system: System, org: SalesforceOrg, tmp_path: Path
) -> None:
    system, number = crm_system, NUMBER
    client = system.new_client()
    connect(system, org, tmp_path)
    many_leads(system, client["clientId"], number)
    org.latency = 0.2
    assert system.cli("crm", "sync", "localhost", "--all", "--yes", "--no-wait")["leads"] == number
    for part in (1, number // 3):
        worker = system.work()
        wait_until(lambda least=part: len(org.records("Lead")) >= least, timeout=60)
        worker.kill()
        # Instead of waiting for the lease of the dead to end.
        system.database["crm_state"].update_many({}, {"$set": {"lease": None}})
    system.work()
    wait_until(lambda: system.database["crm_due"].count_documents({}) == 0, timeout=90)
    # A batch that was cut off is sent again, and each worker signs in and reads the fields.
    assert len(org.api_calls) <= 60
    records = org.records("Lead")
    assert len(records) == number
    assert len({record["Tracker_Id__c"] for record in records}) == number
    assert system.database["leads"].count_documents({"crmSynced": True}) == number
    [status] = system.cli("crm", "status", "localhost")
    assert (status["waiting"], status["failed"], status["circuit"]) == (0, 0, None)


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    crm_system: System, org: SalesforceOrg, tmp_path: Path
) -> None:
    system = crm_system
    client = system.new_client()
    connect(system, org, tmp_path)
    many_leads(system, client["clientId"], 2)
    command = [sys.executable, "-m", "cli.main", "--json", "crm", "sync", "localhost", "--all", "--dry-run"]
    ran = subprocess.run(
        command, env=service_environment(**system.settings), cwd=system.folder, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    previews = json.loads(ran.stdout)
    assert {one["action"] for one in previews} == {"create"}
    assert previews[0]["changes"]["Email"][0] is None
    assert org.records("Lead") == []
    assert system.database["crm_due"].count_documents({}) == 0


def test_credentials_that_are_not_good_are_told_and_nothing_is_stored(
    crm_system: System, org: SalesforceOrg, tmp_path: Path
) -> None:
    system = crm_system
    system.new_client()
    path = tmp_path / "account.json"
    path.write_text(json.dumps(org.credentials("client_credentials") | {"consumer_secret": "wrong-hunter2"}))
    command = [
        *(sys.executable, "-m", "cli.main", "crm", "connect", "localhost", "salesforce", "--from-json", str(path))
    ]
    ran = subprocess.run(
        command, env=service_environment(**system.settings), cwd=system.folder, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "hunter2" not in ran.stdout + ran.stderr
    assert system.cli("crm", "list") == []
