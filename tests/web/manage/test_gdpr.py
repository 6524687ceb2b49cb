"""Erasing a person over HTTP."""

from __future__ import annotations

from tests.fixtures.builders import submission
from tests.fixtures.processes import wait_until_async
from tests.web.manage.conftest import NOBODY, Api
from tests.web.manage.test_leads import a_lead
from tracker.leads.documents import Lead
from tracker.privacy.erase.runner import resume_erasures


async def test_the_person_of_a_lead_is_erased_at_its_client_alone(api: Api) -> None:
    lead = await a_lead(api)
    await api.store_events(api.other, submission("ann@shop.example"))
    answer = await api.call("DELETE", f"/v1/leads/{lead['leadId']}/gdpr-delete")
    assert answer.status_code == 202, answer.text
    view = answer.json()
    assert (view["status"], view["clientId"], view["askedBy"]) == ("open", api.site.client_id, "api:ann")
    assert "ann@shop.example" not in answer.text
    place = answer.headers["Location"]
    assert place == f"/v1/gdpr/requests/{view['requestId']}"
    assert (await api.get(place)).json() == view
    again = await api.call("DELETE", f"/v1/leads/{lead['leadId']}/gdpr-delete")
    assert again.headers["Location"] == place, "asked twice, it is one request"
    settings = api.settings.model_copy(update={"job_timeout_seconds": 0.01})
    database = Lead.get_pymongo_collection().database

    async def is_done() -> bool:
        await resume_erasures(database, settings)
        return bool((await api.get(place)).json()["status"] == "done")

    await wait_until_async(is_done)
    done = (await api.get(place)).json()
    assert done["status"] == "done"
    assert done["certificate"]["statement"]["requestId"] == view["requestId"]
    assert (await api.get(f"/v1/leads/{lead['leadId']}")).status_code == 404
    found = (await api.get(f"/v1/leads?clientId={api.other.client_id}")).json()["items"]
    assert [one["email"] for one in found] == ["ann@shop.example"]


async def test_who_may_not_is_refused(api: Api) -> None:
    lead = await a_lead(api)
    path = f"/v1/leads/{lead['leadId']}/gdpr-delete"
    own, other = f"client:{api.site.client_id}", f"client:{api.other.client_id}"
    assert (await api.call("DELETE", path, scope="read")).status_code == 403
    assert (await api.call("DELETE", path, scope=other)).status_code == 404
    assert (await api.call("DELETE", f"/v1/leads/{NOBODY}/gdpr-delete")).status_code == 404
    asked = await api.call("DELETE", path, scope=own)
    assert asked.status_code == 202
    place = asked.headers["Location"]
    assert (await api.get(place, scope="read")).status_code == 200
    assert (await api.get(place, scope=own)).status_code == 200
    assert (await api.get(place, scope=other)).status_code == 404
    assert (await api.get(f"/v1/gdpr/requests/{NOBODY}")).status_code == 404
    assert (await api.get("/v1/gdpr/requests/x")).status_code == 404
