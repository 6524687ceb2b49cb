"""A token of one client leads the tracker nowhere inside the operator's network."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.manage.conftest import Api

OWN_ENDPOINT: dict[str, Any] = {
    "adapter": "http",
    "credentials": {},
    "settings": {"url": "https://crm.example.com/leads"},
}
INSIDE: list[dict[str, Any]] = [
    OWN_ENDPOINT | {"settings": {"url": "http://169.254.169.254/", "allow_private": True}},
    {"adapter": "hubspot", "credentials": {"token": "t"}, "settings": {"base_url": "http://x", "allow_private": True}},
    {"adapter": "salesforce", "credentials": {}, "settings": {"auth": "password", "domain": "localhost:8443"}},
    {"adapter": "salesforce", "credentials": {}, "settings": {"auth": "password", "domain": "10.0.0.1"}},
    {
        "adapter": "Salesforce",
        "credentials": {},
        "settings": {"auth": "session", "instance_url": "https://vault.internal"},
    },
]


@pytest.mark.parametrize("body", INSIDE, ids=lambda body: f"{body['adapter']}-{len(str(body))}")
async def test_refuses_an_account_inside_to_a_token_of_one_client(api: Api, body: dict[str, Any]) -> None:
    path = f"/v1/clients/{api.site.client_id}/crm"
    own = f"client:{api.site.client_id}"
    answer = await api.call("POST", path, body, scope=own)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:trackerctl:problem:forbidden")
    assert (await api.get(path)).json()["items"] == []
    assert (await api.call("POST", path, body)).status_code == 201  # an operator may


async def test_refuses_to_lead_an_account_inside_later(api: Api) -> None:
    own = f"client:{api.site.client_id}"
    made = await api.make(f"/v1/clients/{api.site.client_id}/crm", OWN_ENDPOINT, scope=own)
    path = f"/v1/crm/{made['connectionId']}"
    changes = {"settings": {"allow_private": True}}
    assert (await api.call("PUT", path, changes, scope=own)).status_code == 403
    assert (await api.call("PUT", path, changes)).status_code == 200
    # What an operator has led inside is not given other credentials or another path there either.
    assert (await api.call("PUT", path, {"credentials": {"a": "b"}}, scope=own)).status_code == 403
    assert (await api.call("PUT", path, {"isActive": False}, scope=own)).status_code == 200


async def test_takes_an_account_on_the_internet_from_a_token_of_one_client(api: Api) -> None:
    own = f"client:{api.site.client_id}"
    for settings in ({"auth": "password"}, {"auth": "password", "domain": "acme.my.salesforce.com"}):
        body = {"adapter": "salesforce", "credentials": {}, "settings": settings}
        assert (await api.call("POST", f"/v1/clients/{api.site.client_id}/crm", body, scope=own)).status_code == 201
