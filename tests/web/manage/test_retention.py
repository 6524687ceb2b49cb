"""``/v1/clients/{id}/retention``."""

from __future__ import annotations

import pytest

from tests.web.manage.conftest import Api


async def test_days_are_shown_with_where_they_come_from_and_changed(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}/retention"
    shown = (await api.get(path)).json()
    assert shown["inForce"]["events"] == {"days": 90, "source": "TRACKER_RETENTION_DAYS"}
    assert shown["inForce"]["syncedLeads"] == {"days": None, "source": "default"}
    body = {"retention": {"eventsDays": 30, "syncedLeadsDays": "forever"}}
    changed = (await api.call("PUT", path, body)).json()
    assert changed == (await api.get(path)).json()
    assert changed["inForce"]["sessions"] == {"days": 30, "source": "retention.eventsDays"}
    assert changed["inForce"]["syncedLeads"] == {"days": None, "source": "retention.syncedLeadsDays"}
    assert api.site.service.get_client(api.site.client_id).settings == body
    back = {"retention": {"eventsDays": None, "syncedLeadsDays": None}}
    await api.call("PUT", path, back)
    assert api.site.service.get_client(api.site.client_id).settings == {}
    assert len(api.audit("client.update")) == 2


async def test_a_whole_answer_sent_back_changes_nothing(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}/retention"
    shown = (await api.get(path)).json()
    assert (await api.call("PUT", path, shown)).json() == shown
    assert api.audit("client.update") == []


async def test_a_change_of_an_earlier_state_is_refused(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}/retention"
    tag = (await api.get(path)).headers["ETag"]
    await api.call("PUT", path, {"retention": {"eventsDays": 30}})
    answer = await api.call("PUT", path, {"retention": {"eventsDays": 31}}, If_Match=tag)
    assert answer.status_code == 412


@pytest.mark.parametrize("days", [0, 3651, "forever", "soon", 1.5], ids=str)
async def test_days_that_cannot_be_are_refused(api: Api, days: object) -> None:
    path = f"/v1/clients/{api.site.client_id}/retention"
    answer = await api.call("PUT", path, {"retention": {"eventsDays": days}})
    assert answer.status_code == 422
    assert "eventsDays" in answer.json()["detail"]


async def test_another_clients_token_sees_nothing(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}/retention"
    for method, body in (("GET", None), ("PUT", {"retention": {"eventsDays": 1}})):
        answer = await api.call(method, path, body, scope=f"client:{api.other.client_id}")
        assert answer.status_code == 404
    assert (await api.call("PUT", path, {"retention": {"eventsDays": 1}}, scope="read")).status_code == 403
