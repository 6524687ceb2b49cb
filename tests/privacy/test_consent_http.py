"""Consent and drafts through the whole system: over HTTP, through workers, into documents and figures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.processes import wait_until
from tests.fixtures.system import System, event

ANN, BEN = "ann@mail.example", "ben@mail.example"
GRANTED = {"consent": {"state": "granted", "version": "2026-01"}}
DENIED = {"consent": {"state": "denied", "version": "2026-01"}}


def typed(email: str, session: str, kind: str = "form_interaction", **values: Any) -> dict[str, Any]:
    form = values.pop("form", "contact")
    payload = {"formId": form, "fields": {"email": email, "name": "Somebody"}}
    return event(kind, payload=payload, sessionId=session, visitorId=f"v-{session}", **values)


@pytest.fixture
def site(system: System) -> dict[str, Any]:
    made = system.new_client()
    system.cli("client", "update", made["clientId"], "--set", "consent.mode=optin")
    options = ("--name", "Contact", "--page-url", "/", "--selector", "#contact", "--draft")
    made["form"] = system.cli("form", "create", made["clientId"], *options)
    made["secret"] = system.cli("key", "issue", made["clientId"], "--kind", "secret")["key"]
    return made


def texts(system: System) -> str:
    """Everything in MongoDB, but what tells of the consent itself."""
    return str([list(system.database[name].find()) for name in system.database.list_collection_names()])


def test_an_opt_in_client_keeps_what_was_consented_to_and_nothing_else(system: System, site: dict[str, Any]) -> None:
    system.serve(TRACKER_METRICS_TOKEN="a-token-of-the-metrics")
    system.work()
    form = site["form"]["formId"]
    silent = [typed(BEN, "silent", "form_submission"), event("identify", payload={"email": BEN}, sessionId="silent")]
    draft = typed("eve@mail.example", "drafts", form=form)
    denied = typed("dan@mail.example", "denied", "form_submission", metadata=DENIED)
    granted = typed(ANN, "granted", "form_submission", metadata=GRANTED)
    answer = system.post(site["apiKey"], [*silent, draft, denied, granted])
    assert answer.json() == {"success": True, "queued": 5}
    # Servers that forward events are bound by the same rule.
    system.post(site["secret"], [typed("sam@mail.example", "server", "form_submission")])
    wait_until(lambda: system.database["events"].count_documents({}) == 6, message=system.launch.outputs)
    stored = texts(system)
    assert [name for name in ("ben", "eve", "dan", "sam") if f"{name}@mail.example" in stored] == []
    [lead] = system.database["leads"].find()
    assert (lead["email"], lead["consent"]["state"], lead["consent"]["version"]) == (ANN, "granted", "2026-01")
    reasons = {row["sessionId"]: row.get("stripped") for row in system.database["events"].find()}
    assert reasons == {
        **{"silent": "no_consent", "server": "no_consent"},
        **{"drafts": "draft", "denied": "consent_denied", "granted": None},
    }
    assert system.database["lead_drafts"].count_documents({}) == 1
    # The decision itself says nothing of a person and reaches the lead of its visit and of its visitor.
    withdrawn = event("consent", sessionId="granted", visitorId="v-granted", metadata=DENIED)
    later = event("consent", sessionId="drafts", visitorId="v-drafts", metadata=GRANTED)
    system.post(site["apiKey"], [withdrawn, later])

    def told() -> bool:
        states = {row["email"]: row["consent"]["state"] for row in system.database["leads"].find()}
        return states == {ANN: "denied", "eve@mail.example": "granted"}

    wait_until(told, message=system.launch.outputs)
    assert system.database["lead_drafts"].count_documents({}) == 0
    shown = system.cli("lead", "show", lead["leadId"])
    assert shown["consent"]["state"] == "denied"
    metrics = system.http.get("/metrics", headers={"Authorization": "Bearer a-token-of-the-metrics"}).text
    for line in ('reason="no_consent"} 3.0', 'reason="consent_denied"} 2.0', 'reason="draft"} 1.0'):
        assert f"tracker_events_stripped_total{{{line}" in metrics, metrics
