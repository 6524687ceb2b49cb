"""What the OpenAPI document says is true: of every operation, for every token, whatever is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from redis.asyncio import Redis

from tests.deadletters.letters import a_letter, bury
from tests.fixtures.builders import submission
from tests.web.manage.conftest import NOBODY, Api
from tests.web.manage.test_nouns import CLIENT_MAPPING, CRM, FIELD, FORM, MAPPING, WEBHOOK
from tests.webhooks.scene import a_delivery
from tracker.app import create_app
from tracker.web.manage import guard
from tracker.webhooks.documents import WebhookDelivery

Operation = tuple[str, str, dict[str, Any]]
METHODS = ("get", "put", "post", "delete")


def managed(document: dict[str, Any]) -> Iterator[Operation]:
    """Method, path and description of each operation that needs a token."""
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations and operations[method].get("security"):
                yield method.upper(), path, operations[method]


async def of_both(api: Api, redis: Redis) -> dict[str, str]:
    """Ids of the other client's things, by the names that paths give them."""
    client = api.other.client_id
    form = await api.make(f"/v1/clients/{client}/forms", FORM)
    field = await api.make(f"/v1/forms/{form['formId']}/fields", FIELD)
    mapping = await api.make(f"/v1/fields/{field['fieldId']}/mapping", MAPPING)
    wide = await api.make(f"/v1/clients/{client}/mappings", CLIENT_MAPPING)
    webhook = await api.make(f"/v1/clients/{client}/webhooks", WEBHOOK)
    connection = await api.make(f"/v1/clients/{client}/crm", CRM)
    key = await api.make(f"/v1/clients/{client}/keys", {})
    await api.store_events(api.other, submission("other@other.example"))
    lead = (await api.get(f"/v1/leads?clientId={client}")).json()["items"][0]
    (letter,) = await bury(redis, a_letter(client))
    delivery = a_delivery(client, webhook["endpointId"])
    await WebhookDelivery.get_pymongo_collection().insert_one(delivery)
    erasure = (await api.call("DELETE", f"/v1/leads/{lead['leadId']}/gdpr-delete")).json()
    return {
        "client_id": client,
        "form_id": form["formId"],
        "field_id": field["fieldId"],
        "mapping_id": mapping["mappingId"],
        "client_mapping_id": wide["mappingId"],
        "endpoint_id": webhook["endpointId"],
        "delivery_id": delivery["_id"],
        "connection_id": connection["connectionId"],
        "key_id": key["keyId"],
        "lead_id": lead["leadId"],
        "letter_id": letter.id,
        "request_id": erasure["requestId"],
    }


async def described(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = (await api.http.get("/schema/openapi.json")).json()
    return document


async def test_every_operation_refuses_who_has_no_token(api: Api) -> None:
    operations = list(managed(await described(api)))
    assert len(operations) > 50
    for method, path, _ in operations:
        answer = await api.http.request(method, re.sub(r"\{\w+\}", NOBODY, path))
        assert answer.status_code == 401, (method, path)


async def test_every_route_of_the_management_is_described(api: Api) -> None:
    described_ones = {(method, path) for method, path, _ in managed(await described(api))}
    served = {
        (method, route.path.replace(":str", ""))
        for route in create_app(api.settings).routes
        for handler in getattr(route, "route_handlers", ())
        if guard.check_access in (handler.resolve_guards() or ())
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert described_ones == served


async def test_a_token_of_a_client_finds_nothing_of_another_one(api: Api, redis: Redis) -> None:
    ids, scope = await of_both(api, redis), f"client:{api.site.client_id}"
    tried = 0
    for method, path, operation in managed(await described(api)):
        names = re.findall(r"\{(\w+)\}", path)
        queries = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        if names:
            address = path.format(**ids)
        elif "clientId" in queries:
            address = f"{path}?clientId={api.other.client_id}"
        else:
            continue
        body = {} if method in ("PUT", "POST") else None
        answer = await api.call(method, address, body, scope=scope)
        assert answer.status_code == 404, (method, path, answer.text)
        # Nor does it learn whether there is such a thing.
        nobody = re.sub(r"\{\w+\}", NOBODY, path) if names else f"{path}?clientId={NOBODY}"
        assert (await api.call(method, nobody, body, scope=scope)).content == answer.content, (method, path)
        tried += 1
    assert tried > 45
    for name, value in ids.items():
        found = next(path for _, path, _ in managed(await described(api)) if path.endswith(f"{{{name}}}"))
        assert (await api.get(found.format(**{name: value}))).status_code == 200, "something was changed"


async def test_lists_without_a_filter_show_a_token_of_a_client_its_own_only(api: Api, redis: Redis) -> None:
    await of_both(api, redis)
    for method, path, operation in managed(await described(api)):
        if method == "GET" and "{" not in path:
            answer = await api.get(path, scope=f"client:{api.site.client_id}")
            assert answer.status_code == 200, (path, answer.text)
            assert api.other.client_id not in answer.text, (path, operation["operationId"])


async def test_examples_of_bodies_are_taken(api: Api, redis: Redis) -> None:
    ids = await of_both(api, redis)
    tried = 0
    for method, path, operation in managed(await described(api)):
        example = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        if example is None:
            continue
        if operation["operationId"] == "createMapping":
            await api.call("DELETE", f"/v1/mappings/{ids['mapping_id']}")
        if operation["operationId"] == "updateMapping":
            ids["mapping_id"] = (await api.get(f"/v1/fields/{ids['field_id']}/mapping")).json()["mappingId"]
        answer = await api.call(method, path.format(**ids), example)
        assert answer.status_code in (200, 201, 202), (method, path, answer.text)
        assert str(answer.status_code) in operation["responses"]
        tried += 1
    assert tried > 12
