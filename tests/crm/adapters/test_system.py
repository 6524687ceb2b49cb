"""From a browser's submission to HubSpot and to an endpoint of the operator's own, through real processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.crm.adapters.endpoint import Endpoint
from tests.fixtures.hubspot import HubSpotServer
from tests.fixtures.processes import wait_until
from tests.fixtures.system import System, event, submission


def connect(system: System, kind: str, document: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / f"{kind}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    system.cli("crm", "connect", "localhost", kind, "--from-json", str(path))


def test_a_submission_reaches_every_account_of_the_client_once(
    system: System, hubspot: HubSpotServer, tmp_path: Path
) -> None:
    system.settings["TRACKER_CRM_GATHER_SECONDS"] = "0"
    client = system.new_client()
    with Endpoint() as endpoint:
        connect(system, "hubspot", hubspot.document(unique_property="tracker_lead_id"), tmp_path)
        connect(system, "http", endpoint.document(deletes=True), tmp_path)
        connect(system, "log", {}, tmp_path)
        # The first answer of HubSpot is lost after the contact was made.
        hubspot.fault("cut_after", "/batch/")
        system.serve()
        system.work()
        form = submission("Ann@Mail.example", sessionId="s1")
        form["payload"]["fields"] |= {"last_name": "Lee", "company": "Acme"}
        system.post(client["apiKey"], [event(sessionId="s1"), form]).raise_for_status()
        wait_until(lambda: endpoint.count("lead") == 1, timeout=40)
        # The account whose answer was lost is asked again after a pause of some seconds.
        wait_until(lambda: len(hubspot.verbs()) == 2, timeout=60)
        wait_until(lambda: system.database["crm_due"].count_documents({}) == 0, timeout=20)
        lead = system.database["leads"].find_one({}) or {}
        [contact] = hubspot.portal.contacts()
        assert (contact["email"], contact["lastname"], contact["company"]) == ("ann@mail.example", "Lee", "Acme")
        assert hubspot.verbs() == ["upsert", "upsert"]
        [(entity, lead_id)] = endpoint.records
        assert (entity, lead_id) == ("lead", lead["leadId"])
        assert endpoint.records[entity, lead_id]["fields"]["lastName"] == "Lee"
        assert lead["crmErrors"] == []

        system.cli("lead", "delete", lead["leadId"], "--yes")
        wait_until(lambda: not hubspot.portal.contacts() and not endpoint.records, timeout=40)
