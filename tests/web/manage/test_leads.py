"""Leads, events, sessions and figures over HTTP."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.fixtures.builders import NOON, interaction, page_view, submission
from tests.fixtures.world import serving
from tests.web.manage.conftest import NOBODY, Api
from tracker.leads.edits import count_events
from tracker.leads.service import get_lead
from tracker.pipeline.documents import Event
from tracker.settings import Settings
from tracker.views import document_view

HOUR = timedelta(hours=1)


async def a_lead(api: Api, email: str = "ann@shop.example", **more: Any) -> dict[str, Any]:
    await api.store_events(api.site, submission(email, fields={"company": "Shop"}, **more))
    (found,) = (await api.get(f"/v1/leads?clientId={api.site.client_id}&email={email}")).json()["items"]
    lead: dict[str, Any] = found
    return lead


async def test_a_lead_is_shown_as_the_command_line_shows_it(api: Api) -> None:
    lead = await a_lead(api)
    assert (lead["email"], lead["company"], lead["status"]) == ("ann@shop.example", "Shop", "submitted")
    answer = await api.get(f"/v1/leads/{lead['leadId']}")
    assert answer.json() == lead == await get_lead(lead["leadId"])
    assert (await api.get(f"/v1/leads/{lead['leadId']}", If_None_Match=answer.headers["ETag"])).status_code == 304
    assert (await api.get(f"/v1/leads/{lead['leadId'][:12]}")).status_code == 404


async def test_leads_are_filtered_and_listed_page_by_page(api: Api) -> None:
    for number in range(5):
        await api.store_events(api.site, submission(f"n{number}@shop.example"))
    await api.store_events(api.site, interaction("open@shop.example"))
    await api.store_events(api.other, submission("other@other.example"))
    base = f"/v1/leads?clientId={api.site.client_id}&status=submitted&limit=2"
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get(base + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [lead["email"] for lead in page["items"]]
        cursor = page["nextCursor"]
    assert sorted(seen) == [f"n{number}@shop.example" for number in range(5)]
    scope = f"client:{api.other.client_id}"
    assert [lead["email"] for lead in (await api.get("/v1/leads", scope=scope)).json()["items"]] == [
        "other@other.example"
    ]
    assert (await api.get(base, scope=scope)).status_code == 404


async def test_a_lead_is_corrected_by_hand_and_taken_back(api: Api) -> None:
    lead = await a_lead(api)
    path = f"/v1/leads/{lead['leadId']}"
    answer = await api.call("PUT", path, {"company": "Acme", "tags": ["called"], "notes": "at noon"})
    after = answer.json()
    assert (after["company"], after["tags"], after["notes"]) == ("Acme", ["called"], "at noon")
    assert answer.headers["ETag"] == (await api.get(path)).headers["ETag"]
    assert api.audit("lead.update")[-1].actor == "api:ann"
    assert "Acme" not in str(api.audit("lead.update")[-1].after)
    await api.store_events(api.site, submission(fields={"company": "Later"}, at=NOON + HOUR))
    assert (await api.get(path)).json()["company"] == "Acme"
    back = (await api.call("PUT", path, {"company": None})).json()
    assert back["company"] == "Later"
    whole = await api.call("PUT", path, back)
    assert (whole.status_code, whole.json()) == (200, back)


@pytest.mark.parametrize(
    ("body", "named"),
    [({"email": "hunter2"}, "email"), ({"status": "hunter2"}, "status"), ({"crmId": "hunter2"}, "crmId"),
     ({"clientId": NOBODY}, "clientId"), ({"tags": "hunter2"}, "tags")],
)  # fmt: skip
async def test_what_cannot_be_set_is_refused_by_name(api: Api, body: dict[str, Any], named: str) -> None:
    lead = await a_lead(api)
    answer = await api.call("PUT", f"/v1/leads/{lead['leadId']}", body)
    assert (answer.status_code, named in answer.json()["detail"]) == (422, True)
    assert "hunter2" not in answer.text


async def test_a_stale_change_of_a_lead_is_refused(api: Api) -> None:
    lead = await a_lead(api)
    path = f"/v1/leads/{lead['leadId']}"
    tag = (await api.get(path)).headers["ETag"]
    await api.store_events(api.site, submission(fields={"phone": "+49 30 901820"}, at=NOON + HOUR))
    for method, body in (("PUT", {"company": "Acme"}), ("DELETE", None)):
        assert (await api.call(method, path, body, If_Match=tag)).status_code == 412
    tag = (await api.get(path)).headers["ETag"]
    assert (await api.call("PUT", path, {"company": "Acme"}, If_Match=tag)).status_code == 200


async def test_a_lead_is_deleted_with_its_events(api: Api) -> None:
    lead = await a_lead(api)
    assert await count_events(lead) == 1
    assert (await api.call("DELETE", f"/v1/leads/{lead['leadId']}")).status_code == 204
    assert (await api.get(f"/v1/leads/{lead['leadId']}")).status_code == 404
    assert await count_events(lead) == 0
    assert api.audit("lead.delete")[-1].target_id == lead["leadId"]


async def test_a_sync_is_noted_once_under_one_key(api: Api) -> None:
    lead = await a_lead(api)
    path, key = f"/v1/leads/{lead['leadId']}/sync", str(uuid4())
    first = await api.call("POST", path, Idempotency_Key=key)
    assert (first.status_code, first.json()) == (202, await get_lead(lead["leadId"]))
    assert first.json()["syncRequestedAt"]
    again = await api.call("POST", path, Idempotency_Key=key)
    assert again.json() == first.json()
    assert len(api.audit("lead.sync")) == 1


@pytest.mark.parametrize("turn", ["timestamp", "-timestamp"])
async def test_events_of_one_time_are_neither_repeated_nor_lost_between_pages(api: Api, turn: str) -> None:
    moments = [NOON + HOUR * number for number in (0, 1, 1, 1, 1, 2, 3, 3)]
    await api.store_events(api.site, *(page_view(at=moment) for moment in moments))
    await api.store_events(api.other, page_view())
    stored = [document_view(row) async for row in Event.get_pymongo_collection().find({"clientId": api.site.client_id})]
    for limit in (1, 2, 3, 8):
        seen: list[dict[str, Any]] = []
        cursor = ""
        while cursor is not None:
            path = f"/v1/events?clientId={api.site.client_id}&sort={turn}&limit={limit}"
            page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
            assert len(page["items"]) <= limit
            seen += page["items"]
            cursor = page["nextCursor"]
        times = [event["timestamp"] for event in seen]
        assert times == sorted(times, reverse=turn.startswith("-"))
        assert sorted(seen, key=lambda event: event["eventId"]) == sorted(stored, key=lambda event: event["eventId"])


async def test_events_and_sessions_are_filtered(api: Api) -> None:
    visit = {"sessionId": f"s-{uuid4()}", "visitorId": f"v-{uuid4()}"}
    await api.store_events(api.site, page_view(**visit), submission(**visit), page_view(at=NOON - HOUR))
    base = f"/v1/events?clientId={api.site.client_id}"
    counts = {
        "": 3,
        "&eventType=form_submission": 1,
        f"&sessionId={visit['sessionId']}": 2,
        f"&visitorId={visit['visitorId']}&eventType=page_view": 1,
        f"&since={NOON.isoformat().replace('+', '%2B')}": 2,
        f"&until={NOON:%Y-%m-%dT%H:%M:%SZ}": 1,
        "&test=true": 0,
    }
    for query, number in counts.items():
        assert len((await api.get(base + query)).json()["items"]) == number, query
    lead = (await api.get(f"/v1/leads?clientId={api.site.client_id}")).json()["items"][0]
    assert len((await api.get(f"/v1/events?leadId={lead['leadId']}")).json()["items"]) >= 1
    sessions = (await api.get(f"/v1/sessions?clientId={api.site.client_id}")).json()["items"]
    assert [one["sessionId"] for one in sessions] == [visit["sessionId"]]
    assert (await api.get(f"/v1/sessions?visitorId={visit['visitorId']}")).json()["items"] == sessions
    scope = f"client:{api.other.client_id}"
    for path in (f"/v1/events?sessionId={visit['sessionId']}", f"/v1/sessions?visitorId={visit['visitorId']}"):
        assert (await api.get(path, scope=scope)).json()["items"] == []


async def test_while_mongodb_is_away_the_configuration_is_still_managed(api_settings: Settings, api: Api) -> None:
    away = api_settings.model_copy(update={"mongodb_url": "mongodb://127.0.0.1:1/", "mongodb_timeout_seconds": 0.3})
    async with serving(away) as http:
        headers = {"Authorization": f"Bearer {api.token()}"}
        for answer in await asyncio.gather(*(http.get("/v1/leads", headers=headers) for _ in range(5))):
            assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
            assert int(answer.headers["Retry-After"]) > 0
        assert (await http.get("/v1/clients", headers=headers)).status_code == 200


async def test_spam_is_filtered_and_cleared(api: Api) -> None:
    base = f"/v1/leads?clientId={api.site.client_id}"
    honest = await a_lead(api)
    spam = await a_lead(api, "bot@shop.example", payload={"honeypot": True})
    assert (spam["spam"], spam["spamReasons"], "spam" in honest) == (True, ["honeypot"], False)
    assert [one["leadId"] for one in (await api.get(base + "&spam=true")).json()["items"]] == [spam["leadId"]]
    assert [one["leadId"] for one in (await api.get(base + "&spam=false")).json()["items"]] == [honest["leadId"]]
    path = f"/v1/leads/{spam['leadId']}"
    refused = await api.call("POST", path + "/sync")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:trackerctl:problem:conflict")
    assert (await api.call("PUT", path, {"spam": "no"})).status_code in (400, 422)
    assert (await api.call("PUT", path, {"spam": False})).json()["spam"] is False
    assert (await api.call("POST", path + "/sync")).status_code == 202
