"""Each noun of the configuration: made, shown, listed, changed, deleted; and found in the store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.manage.conftest import Api
from tracker.config.keys import hash_key
from tracker.config.views import (
    describe_client,
    describe_client_mapping,
    describe_connection,
    describe_field,
    describe_form,
    describe_key,
    describe_mapping,
    describe_webhook,
    json_ready,
)
from tracker.errors import NotFoundError

FORM = {"formName": "Contact", "pageUrl": "/contact", "formSelector": "form#contact"}
FIELD = {"fieldSelector": "[name=email]", "fieldName": "email", "fieldType": "email", "isRequired": True}
CLIENT_MAPPING = {"source": "utmCampaign", "targetEntity": "Lead", "targetField": "LeadSource", "transform": "trim"}
MAPPING = {"targetEntity": "Lead", "targetField": "Email"}
WEBHOOK = {"url": "https://crm.example.com/hooks", "eventTypes": ["lead.created"], "description": "ours"}
CRM = {"adapter": "salesforce", "credentials": {"password": "correct horse"}, "settings": {"sandbox": True}}


async def a_form(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/clients/{api.site.client_id}/forms", FORM)


async def a_field(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/forms/{(await a_form(api))['formId']}/fields", FIELD)


async def a_mapping(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/fields/{(await a_field(api))['fieldId']}/mapping", MAPPING)


async def a_client_mapping(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/clients/{api.site.client_id}/mappings", CLIENT_MAPPING)


async def a_webhook(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/clients/{api.site.client_id}/webhooks", WEBHOOK)


async def a_connection(api: Api) -> dict[str, Any]:
    return await api.make(f"/v1/clients/{api.site.client_id}/crm", CRM)


async def test_a_client_is_made_with_a_key_that_works(api: Api) -> None:
    body = {"domain": "https://Fresh.example/", "allowedOrigins": ["https://a.example"], "mode": "test"}
    answer = await api.call("POST", "/v1/clients", body)
    made = answer.json()
    assert answer.headers["Location"] == f"/v1/clients/{made['clientId']}"
    row = api.site.service.get_client("fresh.example")
    shown = {**(json_ready(describe_client(row)) or {}), "keyId": made["keyId"], "apiKey": made["apiKey"]}
    assert (made, made["domain"], made["allowedOrigins"]) == (shown, "fresh.example", ["https://a.example"])
    assert api.site.service.get_key(made["keyId"]).key_hash == hash_key(made["apiKey"])
    config = await api.http.get(f"/v1/config/{made['apiKey']}")
    assert config.json()["clientId"] == made["clientId"]


async def test_a_client_that_is_there_is_a_conflict(api: Api) -> None:
    answer = await api.call("POST", "/v1/clients", {"domain": "shop.example"})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:trackerctl:problem:conflict")


async def test_a_part_of_a_client_is_changed_and_the_rest_stays(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    before = (await api.get(path)).json()
    change = {"settings": {"defaultRegion": "GB"}, "retentionDays": 30, "isActive": False}
    after = (await api.call("PUT", path, change)).json()
    assert after == (await api.get(path)).json()
    expected = before | change | {"settings": before["settings"] | {"defaultRegion": "GB"}}
    assert after == expected | {"updatedAt": after["updatedAt"]}
    await api.call("PUT", path, {"settings": {"defaultRegion": None}, "retentionDays": None})
    row = api.site.service.get_client(api.site.client_id)
    assert (row.settings, row.retention_days) == ({}, None)


async def test_a_whole_client_sent_back_changes_nothing(api: Api) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    shown = (await api.get(path)).json()
    answer = await api.call("PUT", path, shown)
    assert (answer.status_code, answer.json()) == (200, shown)
    row = api.site.service.get_client(api.site.client_id)
    # Defaults that were only shown are still those of the running version.
    assert (row.config, row.settings) == ({}, {})
    assert api.audit("client.update") == []
    shown["config"]["features"]["chat"] = True
    assert (await api.call("PUT", path, shown)).json()["config"] == shown["config"]
    assert api.site.service.get_client(api.site.client_id).config == {"features": {"chat": True}}


async def test_a_client_is_deleted_with_all_it_has(api: Api) -> None:
    form = await a_form(api)
    assert (await api.call("DELETE", f"/v1/clients/{api.site.client_id}")).status_code == 204
    assert (await api.get(f"/v1/clients/{api.site.client_id}")).status_code == 404
    assert (await api.get(f"/v1/forms/{form['formId']}")).status_code == 404
    with pytest.raises(NotFoundError):
        api.site.service.get_client(api.site.client_id)


async def test_clients_are_listed_page_by_page(api: Api) -> None:
    for number in range(5):
        await api.make("/v1/clients", {"domain": f"n{number}.example", "name": "Many"})
    seen: list[str] = []
    path = "/v1/clients?query=MANY&sort=-domain&limit=2"
    cursor = ""
    while True:
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [item["domain"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [f"n{number}.example" for number in reversed(range(5))]


async def test_a_key_is_issued_rotated_and_revoked(api: Api) -> None:
    base = f"/v1/clients/{api.site.client_id}/keys"
    made = await api.make(base, {"kind": "secret", "expiresAt": "2090-01-31T08:00:00Z"})
    assert made["key"].startswith("sk_live_")
    row = api.site.service.get_key(made["keyId"])
    assert row.key_hash == hash_key(made["key"])
    assert made == {**describe_key(row), "key": made["key"]}
    assert "key" not in (await api.get(f"/v1/keys/{made['keyId']}")).json()
    assert made["key"] not in (await api.get(base)).text
    fresh = await api.make(f"/v1/keys/{made['keyId']}/rotate", {"graceSeconds": 0})
    assert (fresh["kind"], api.site.service.get_key(made["keyId"]).revoked_at is None) == ("secret", False)
    assert (await api.call("DELETE", f"/v1/keys/{fresh['keyId']}")).status_code == 204
    assert (await api.get(f"/v1/keys/{fresh['keyId']}")).json()["status"] == "revoked"
    assert (await api.call("POST", f"/v1/keys/{fresh['keyId']}/rotate")).status_code == 409


async def test_a_form_is_made_changed_and_deleted(api: Api) -> None:
    made = await a_form(api)
    service, path = api.site.service, f"/v1/forms/{made['formId']}"
    assert made == describe_form(service.get_form(made["formId"])) == (await api.get(path)).json()
    after = (await api.call("PUT", path, {"partialCapture": True, "isActive": False})).json()
    assert (after["partialCapture"], after["isActive"], after["formName"]) == (True, False, "Contact")
    after = (await api.call("PUT", path, after | {"partialCapture": None, "formName": "Talk"})).json()
    assert (after["partialCapture"], after["formName"]) == (None, "Talk")
    assert after == describe_form(service.get_form(made["formId"]))
    listed = (await api.get(f"/v1/clients/{api.site.client_id}/forms?isActive=false")).json()
    assert listed == {"items": [after], "nextCursor": None}
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_field_is_made_changed_and_deleted(api: Api) -> None:
    made = await a_field(api)
    service, path = api.site.service, f"/v1/fields/{made['fieldId']}"
    assert made == describe_field(service.get_field(made["fieldId"])) == (await api.get(path)).json()
    after = (await api.call("PUT", path, {"label": "E-mail", "displayOrder": 7})).json()
    assert (after["label"], after["displayOrder"], after["fieldType"]) == ("E-mail", 7, "email")
    after = (await api.call("PUT", path, {"label": None})).json()
    assert after["label"] is None
    assert (await api.get(f"/v1/forms/{made['formId']}/fields")).json()["items"] == [after]
    assert (await api.call("DELETE", path)).status_code == 204
    assert service.list_fields(made["formId"]) == []


async def test_a_mapping_is_made_once_changed_and_deleted(api: Api) -> None:
    made = await a_mapping(api)
    of_field, path = f"/v1/fields/{made['fieldId']}/mapping", f"/v1/mappings/{made['mappingId']}"
    assert made == describe_mapping(api.site.service.get_mapping(made["fieldId"])) == (await api.get(of_field)).json()
    assert (await api.call("POST", of_field, {**MAPPING, "targetField": "Other"})).status_code == 409
    after = (await api.call("PUT", path, {"transform": "lower"})).json()
    assert (after["targetField"], after["transform"]) == ("Email", "lower")
    assert (await api.call("PUT", path, {"transform": None})).json()["transform"] is None
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.get(of_field)).status_code == 404


async def test_a_clients_mapping_is_made_once_changed_and_deleted(api: Api) -> None:
    made = await a_client_mapping(api)
    base, path = f"/v1/clients/{api.site.client_id}/mappings", f"/v1/client-mappings/{made['mappingId']}"
    stored = describe_client_mapping(api.site.service.get_client_mapping(made["mappingId"]))
    assert made == stored == (await api.get(path)).json()
    assert (await api.call("POST", base, CLIENT_MAPPING)).status_code == 409
    after = (await api.call("PUT", path, {"source": "=Web", "transform": "upper"})).json()
    assert (after["source"], after["transform"], after["targetField"]) == ("=Web", "upper", "LeadSource")
    assert (await api.call("PUT", path, {"transform": None})).json()["transform"] is None
    second = await api.make(base, CLIENT_MAPPING)
    assert (await api.call("PUT", path, {"source": CLIENT_MAPPING["source"]})).status_code == 409
    listed = (await api.get(f"{base}?sort=-source")).json()["items"]
    assert [one["mappingId"] for one in listed] == [second["mappingId"], made["mappingId"]]
    assert (await api.call("DELETE", path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_mapping_that_cannot_be_used_is_refused_with_a_way_out(api: Api) -> None:
    base = f"/v1/clients/{api.site.client_id}/mappings"
    answer = await api.call("POST", base, CLIENT_MAPPING | {"transform": "trim|lowr"})
    assert (answer.status_code, "lowr at position 6" in answer.json()["detail"]) == (422, True)
    answer = await api.call("POST", base, CLIENT_MAPPING | {"source": "utm_source"})
    assert (answer.status_code, "did you mean utmSource" in answer.json()["detail"]) == (422, True)


async def test_a_webhook_is_made_changed_rotated_and_deleted(api: Api) -> None:
    made = await a_webhook(api)
    service, path = api.site.service, f"/v1/webhooks/{made['endpointId']}"
    assert made["secret"] == service.webhook_secret(made["endpointId"])
    view = {name: value for name, value in made.items() if name != "secret"}
    assert view == describe_webhook(service.get_webhook(made["endpointId"])) == (await api.get(path)).json()
    after = (await api.call("PUT", path, {"isActive": False, "eventTypes": [], "description": None})).json()
    assert (after["isActive"], after["eventTypes"], after["description"]) == (False, [], None)
    rotated = await api.call("POST", f"{path}/rotate-secret")
    assert rotated.status_code == 200
    assert rotated.json()["secret"] == service.webhook_secret(made["endpointId"]) != made["secret"]
    listed = await api.get(f"/v1/clients/{api.site.client_id}/webhooks")
    assert [item["endpointId"] for item in listed.json()["items"]] == [made["endpointId"]]
    assert "whsec_" not in listed.text
    assert (await api.call("DELETE", path)).status_code == 204
    assert service.list_webhooks(api.site.client_id) == []


async def test_a_crm_connection_is_made_changed_and_deleted_and_shows_no_credentials(api: Api) -> None:
    made = await a_connection(api)
    service, path = api.site.service, f"/v1/crm/{made['connectionId']}"
    assert made == describe_connection(service.get_crm(made["connectionId"])) == (await api.get(path)).json()
    assert service.crm_credentials(made["connectionId"]) == CRM["credentials"]
    answer = await api.call("PUT", path, {"credentials": {"password": "battery staple"}, "settings": {"sandbox": None}})
    assert (answer.status_code, answer.json()["settings"]) == (200, {})
    assert service.crm_credentials(made["connectionId"]) == {"password": "battery staple"}
    for shown in (answer.text, (await api.get("/v1/audit")).text, (await api.get(path)).text):
        assert "battery" not in shown
        assert "correct horse" not in shown
    assert (await api.call("DELETE", path)).status_code == 204
    assert service.list_crm(api.site.client_id) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"domain": "x.example", "colour": "red"}, "colour"),
        ({"name": "X"}, "domain"),
        ({"domain": 7}, "$.domain"),
        ({"domain": "x.example", "mode": "hunter2"}, "$.mode"),
        ({"domain": "x.example", "settings": {"nonsense": 1}}, "nonsense"),
        ({"domain": "not a domain"}, "domain"),
    ],
)
async def test_a_wrong_body_is_refused_by_the_name_of_the_member(api: Api, body: dict[str, Any], named: str) -> None:
    answer = await api.call("POST", "/v1/clients", body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:trackerctl:problem:invalid")
    assert named in answer.json()["detail"]
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"domain=x.example", "application/x-www-form-urlencoded", 415),
        (b'{"name": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
        (b'{"domain": "\\ud800.example"}', "application/json", 400),
    ],
)
async def test_what_is_no_json_is_refused_as_a_problem(api: Api, content: bytes, kind: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {api.token()}", "Content-Type": kind}
    answer = await api.http.post("/v1/clients", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"clientId": "11111111-1111-4111-8111-111111111111"}, 422, "clientId"),
        ({"createdAt": None}, 422, "createdAt"),
        ({"updatedAt": "2020-01-01T00:00:00.000Z", "name": "X"}, 412, "updatedAt"),
        ({"colour": "red"}, 422, "colour"),
        ({"name": None}, 422, "$.name"),
        ({"isActive": 1}, 422, "$.isActive"),
    ],
)
async def test_what_cannot_be_changed_is_refused_and_nothing_is_changed(
    api: Api, body: dict[str, Any], status: int, named: str
) -> None:
    path = f"/v1/clients/{api.site.client_id}"
    before = (await api.get(path)).json()
    answer = await api.call("PUT", path, body)
    assert (answer.status_code, named in answer.json()["detail"]) == (status, True)
    assert (await api.get(path)).json() == before


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x", "sort=secret", "isActive=maybe"])
async def test_a_wrong_parameter_is_refused_by_name(api: Api, query: str) -> None:
    answer = await api.get(f"/v1/clients?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_a_forms_drafts_are_switched_on_and_off(api: Api) -> None:
    made = await api.make(f"/v1/clients/{api.site.client_id}/forms", {**FORM, "draft": True})
    path = f"/v1/forms/{made['formId']}"
    assert (made["draft"], made["metadata"]) == (True, {"draft": True})
    assert (await api.call("PUT", path, made)).json() == made
    assert (await api.call("PUT", path, {"draft": False})).json()["draft"] is False
    answer = await api.call("PUT", path, {"metadata": {"draft": "yes"}})
    assert (answer.status_code, "draft" in answer.json()["detail"]) == (422, True)
