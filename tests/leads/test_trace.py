"""The story of a lead on a real MongoDB."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_client, interaction, page_view, submission
from tests.pipeline.storing import found, one_lead, put
from tracker.config.records import ClientRecord
from tracker.errors import NotFoundError
from tracker.leads.trace import trace_lead
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

SECOND = timedelta(seconds=1)
VISIT = {"sessionId": "s", "visitorId": "v"}


@pytest.fixture
async def lead(store: Store, documents: Documents) -> dict[str, Any]:
    """A page view, an e-mail, a name, a submission; beside them another person's form in the same visit."""
    client: ClientRecord = a_client()
    page = {"page": {"url": "https://shop.example/contact"}}
    await put(
        store,
        client,
        page_view("https://shop.example/", NOON, id="seen", **VISIT),
        interaction(at=NOON + SECOND, id="typed", payload=page, **VISIT),
        submission(None, NOON + 2 * SECOND, id="sent", fields={"name": "Ann Lee"}, **VISIT),
        submission("bob@shop.example", NOON + 3 * SECOND, id="other", form_id="demo", **VISIT),
        page_view(at=NOON, id="elsewhere", sessionId="t", visitorId="w"),
    )
    [ann] = [lead for lead in await found(documents, "leads", client) if lead["email"] == "ann@shop.example"]
    return ann


async def test_it_tells_events_decisions_and_statuses_in_their_order(lead: dict[str, Any]) -> None:
    trace = await trace_lead(lead["leadId"][:8])
    assert trace["lead"] == {
        "leadId": lead["leadId"],
        "clientId": lead["clientId"],
        "email": "ann@shop.example",
        "status": "submitted",
        "quality": "high",
        "source": "form_submission",
        "test": False,
    }
    told = [(entry["kind"], entry.get("eventId") or entry.get("to")) for entry in trace["timeline"]]
    assert told == [
        ("event", "seen"),
        ("decision", "typed"),
        ("status", "partial"),
        ("decision", "sent"),
        ("status", "submitted"),
    ]
    seen, typed, _, sent, moved = trace["timeline"]
    assert seen["page"] == "https://shop.example/"
    assert (typed["decision"], typed["form"], typed["page"]) == ("created", "contact", "https://shop.example/contact")
    assert (sent["decision"], sent["fields"], sent["changed"]) == ("promoted", {"name": "Ann Lee"}, ["name"])
    assert (moved["from"], moved["to"]) == ("partial", "submitted")


async def test_it_is_json_as_it_is(lead: dict[str, Any]) -> None:
    trace = await trace_lead(lead["leadId"])
    assert list(trace) == ["lead", "timeline"]
    assert json.loads(json.dumps(trace)) == trace
    assert [entry["at"] for entry in trace["timeline"]] == sorted(entry["at"] for entry in trace["timeline"])


async def test_it_tells_where_the_lead_was_brought(documents: Documents, lead: dict[str, Any]) -> None:
    later = NOON + timedelta(hours=1)
    own = {"clientId": lead["clientId"], "leadId": lead["leadId"], "connectionId": "c", "entity": "Lead"}
    await documents.database["crm_attempts"].insert_many(
        [
            {**own, "at": later, "outcome": "failed", "code": "UNABLE_TO_LOCK_ROW", "crmId": None, "fields": ["Email"]},
            {**own, "at": later + SECOND, "outcome": "created", "crmId": "00Q1", "fields": ["Email"]},
            {**own, "leadId": "another", "at": later, "outcome": "created"},
        ]
    )
    *_, failed, created = (await trace_lead(lead["leadId"]))["timeline"]
    assert (failed["kind"], failed["result"], failed["code"]) == ("crm", "failed", "UNABLE_TO_LOCK_ROW")
    assert (created["result"], created["crmId"], created["fields"]) == ("created", "00Q1", ["Email"])


async def test_events_that_an_identify_attached_are_told_though_they_are_of_another_visit(
    store: Store, documents: Documents
) -> None:
    client = a_client()
    earlier = page_view(at=NOON, id="earlier", sessionId="yesterday", visitorId="v")
    identify = {"type": "identify", "id": "named", "payload": {"email": "ann@shop.example"}, **VISIT}
    await put(store, client, earlier, interaction(None, NOON + SECOND, id="plain", fields={}, **VISIT))
    await put(store, client, identify | {"timestamp": round((NOON + 2 * SECOND).timestamp() * 1000)})
    lead = await one_lead(documents, client)
    timeline = (await trace_lead(lead["leadId"]))["timeline"]
    attached = {entry["eventId"]: entry["attachedBy"] for entry in timeline if "attachedBy" in entry}
    assert attached == {"earlier": "named", "plain": "named"}


async def test_what_has_expired_leaves_its_decision(documents: Documents, lead: dict[str, Any]) -> None:
    await documents.database["events"].delete_many({"clientId": lead["clientId"]})
    timeline = (await trace_lead(lead["leadId"]))["timeline"]
    assert [entry["kind"] for entry in timeline] == ["decision", "status", "decision", "status"]


async def test_an_unknown_lead_is_refused(documents: Documents) -> None:
    with pytest.raises(NotFoundError):
        await trace_lead("00000000-0000-4000-8000-000000000000")
