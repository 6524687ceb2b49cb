"""Who may call the management API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fixtures.world import serving
from tests.web.manage.conftest import NOBODY, Api
from tracker.access.tokens import Scope, issue_token
from tracker.settings import Settings


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer é"])
async def test_without_a_valid_token_nothing_is_shown(api: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    answer = await api.http.get("/v1/clients", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:trackerctl:problem:unauthenticated"


async def test_a_token_of_another_installation_is_refused(api: Api) -> None:
    foreign = Settings(secret_keys="another-secret-0123456789-abcdefghij")
    token = issue_token(foreign, Scope("admin"), ttl=timedelta(minutes=5), subject="ann").token
    answer = await api.http.get("/v1/clients", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


async def test_a_token_of_a_retired_secret_works_while_that_is_listed(api_settings: Settings, api: Api) -> None:
    token = api.token()
    both = f"new-secret-0123456789-abcdefghijklm,{api_settings.secret_keys}"
    async with serving(Settings(**api_settings.model_dump() | {"secret_keys": both})) as http:
        answer = await http.get("/v1/clients", headers={"Authorization": f"bearer {token}"})
    assert answer.status_code == 200


async def test_a_reading_token_sees_everything_and_changes_nothing(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    assert len((await api.get("/v1/clients", scope="read")).json()["items"]) == 2
    for method in ("PUT", "DELETE"):
        assert (await api.call(method, path, scope="read")).status_code == 403
    assert (await api.call("POST", "/v1/clients", {"domain": "new.example"}, scope="read")).status_code == 403
    assert (await api.get(path)).json()["isActive"] is True


async def test_a_token_of_a_client_sees_and_changes_that_client(api: Api) -> None:
    own = f"client:{api.site.client_id}"
    assert [item["clientId"] for item in (await api.get("/v1/clients", scope=own)).json()["items"]] == [
        api.site.client_id
    ]
    answer = await api.call("PUT", f"/v1/clients/{api.site.client_id}", {"name": "Mine"}, scope=own)
    assert answer.json()["name"] == "Mine"


async def test_a_token_of_a_client_makes_no_clients(api: Api) -> None:
    scope = f"client:{api.site.client_id}"
    assert (await api.call("POST", "/v1/clients", {"domain": "new.example"}, scope=scope)).status_code == 403


async def test_another_clients_things_answer_as_if_they_were_not_there(api: Api) -> None:
    scope = f"client:{api.site.client_id}"
    form = await api.make(
        f"/v1/clients/{api.other.client_id}/forms", {"formName": "F", "pageUrl": "/", "formSelector": "form"}
    )
    for there, missing in ((f"/v1/clients/{api.other.client_id}", f"/v1/clients/{NOBODY}"),
                           (f"/v1/forms/{form['formId']}", f"/v1/forms/{NOBODY}")):  # fmt: skip
        hidden, unknown = await api.get(there, scope=scope), await api.get(missing, scope=scope)
        assert hidden.status_code == 404
        assert hidden.content == unknown.content


async def test_a_token_has_its_calls_a_minute(api_settings: Settings, api: Api) -> None:
    limited = api_settings.model_copy(update={"limit_management_per_minute": 3})
    token = api.token()
    async with serving(limited) as http:
        answers = [await http.get("/v1/clients", headers={"Authorization": f"Bearer {token}"}) for _ in range(4)]
        another = await http.get("/v1/clients", headers={"Authorization": f"Bearer {api.token()}"})
    # A minute that turns in between would let a fourth one pass.
    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert answers[3].status_code == 429
    assert answers[3].headers["RateLimit-Limit"] == "3"
    assert int(answers[3].headers["Retry-After"]) >= 1
    assert another.status_code == 200


async def test_an_operator_is_not_locked_out_while_redis_is_away(api_settings: Settings, api: Api) -> None:
    away = {"redis_url": "redis://127.0.0.1:1", "limit_management_per_minute": 3}
    async with serving(api_settings.model_copy(update=away)) as http:
        headers = {"Authorization": f"Bearer {api.token()}"}
        assert (await http.get("/v1/clients", headers=headers)).status_code == 200
        answer = await http.put(f"/v1/clients/{api.site.client_id}", json={"name": "Still"}, headers=headers)
        assert answer.json()["name"] == "Still"
        assert (await http.get("/v1/dead-letters", headers=headers)).status_code == 503


async def test_no_page_of_another_site_can_read_an_answer(api: Api) -> None:
    answers = [
        await api.get("/v1/clients", Origin="https://www.shop.example"),
        await api.get(f"/v1/clients/{NOBODY}", Origin="https://www.shop.example"),
        await api.http.get("/v1/clients", headers={"Origin": "https://www.shop.example"}),
        await api.http.options("/v1/clients", headers={"Origin": "https://www.shop.example"}),
    ]
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answers[0].headers["Cache-Control"] == "no-store"


async def test_the_audit_log_names_the_subject(api: Api) -> None:
    await api.make("/v1/clients", {"domain": "new.example"}, subject="dashboard")
    assert api.audit("client.create")[-1].actor == "api:dashboard"
