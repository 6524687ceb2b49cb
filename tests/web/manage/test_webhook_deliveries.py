"""Deliveries over HTTP: lists, one, sending again, examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.receiver import Receiver
from tests.fixtures.world import serving
from tests.web.manage.conftest import Api
from tests.webhooks.scene import a_delivery
from tests.webhooks.verify import verified
from tracker.webhooks.documents import WebhookDelivery


@pytest.fixture
async def hook(api: Api, receiver: Receiver) -> dict[str, Any]:
    return await api.make(f"/v1/clients/{api.site.client_id}/webhooks", {"url": receiver.url()})


async def put(client_id: str, endpoint_id: str, **more: Any) -> dict[str, Any]:
    row = a_delivery(client_id, endpoint_id, **more)
    await WebhookDelivery.get_pymongo_collection().insert_one(row)
    return row


async def test_pages_of_deliveries_hold_each_once_the_newest_first(api: Api, hook: dict[str, Any]) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    await api.get("/v1/webhook-deliveries")  # opens the store
    rows = [
        await put(api.site.client_id, hook["endpointId"], createdAt=now - timedelta(minutes=number // 2))
        for number in range(7)
    ]
    await put(api.other.client_id, hook["endpointId"])
    seen: list[str] = []
    cursor = ""
    while True:
        path = f"/v1/webhook-deliveries?clientId={api.site.client_id}&limit=2"
        page = (await api.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [one["deliveryId"] for one in page["items"]]
        if not (cursor := page["nextCursor"]):
            break
    rows.sort(key=lambda row: (row["createdAt"], row["_id"]), reverse=True)
    assert seen == [row["_id"] for row in rows]
    mine = (await api.get("/v1/webhook-deliveries", scope=f"client:{api.site.client_id}")).json()["items"]
    assert {one["clientId"] for one in mine} == {api.site.client_id}


async def test_a_delivery_is_shown_and_sent_again(api: Api, hook: dict[str, Any]) -> None:
    await api.get("/v1/webhook-deliveries")
    row = await put(api.site.client_id, hook["endpointId"])
    path = f"/v1/webhook-deliveries/{row['_id']}"
    shown = (await api.get(path)).json()
    assert (shown["status"], shown["payload"]["type"], len(shown["log"])) == ("failed", "lead.created", 1)
    assert (await api.get(path, scope=f"client:{api.other.client_id}")).status_code == 404
    answer = await api.call("POST", path + "/resend")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


async def test_an_example_says_what_the_receiver_said(api: Api, hook: dict[str, Any], receiver: Receiver) -> None:
    path = f"/v1/webhooks/{hook['endpointId']}/test"
    refused = (await api.call("POST", path)).json()
    assert (refused["delivered"], refused["error"]) == (False, "address")
    assert receiver.received == []


async def test_an_example_arrives_where_private_addresses_are_allowed(
    api: Api, hook: dict[str, Any], receiver: Receiver
) -> None:
    path = f"/v1/webhooks/{hook['endpointId']}/test"
    async with serving(api.settings.model_copy(update={"webhook_allow_private": True})) as http:
        answer = (await replace(api, http=http).call("POST", path, {"eventType": "form.submitted"})).json()
    assert (answer["delivered"], answer["status"]) == (True, 204)
    assert verified(receiver.received[0], hook["secret"])["type"] == "form.submitted"
