"""A POST that is repeated under the same Idempotency-Key is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from tests.fixtures.world import everything_in, serving
from tests.web.manage.conftest import Api
from tests.web.manage.test_nouns import WEBHOOK
from tracker.settings import Settings
from tracker.web.manage.idempotency import KEPT_SECONDS, RUNNING_SECONDS


async def test_a_repetition_gets_the_same_answer_and_does_nothing(api: Api) -> None:
    path, key = f"/v1/clients/{api.site.client_id}/webhooks", str(uuid4())
    first = await api.call("POST", path, WEBHOOK, Idempotency_Key=key)
    # Tokens are renewed; it is the caller that counts.
    second = await api.call("POST", path, WEBHOOK, Idempotency_Key=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for name in ("Location", "ETag", "Content-Type", "Cache-Control"):
        assert first.headers[name] == second.headers[name]
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert len(api.site.service.list_webhooks(api.site.client_id)) == 1
    assert (await api.call("POST", path, WEBHOOK, Idempotency_Key=str(uuid4()))).json() != first.json()


async def test_repetitions_at_once_are_done_once(api: Api) -> None:
    path, key = f"/v1/clients/{api.site.client_id}/webhooks", str(uuid4())
    answers = await asyncio.gather(*(api.call("POST", path, WEBHOOK, Idempotency_Key=key) for _ in range(8)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert len(api.site.service.list_webhooks(api.site.client_id)) == 1


async def test_the_same_key_for_another_request_is_refused(api: Api) -> None:
    path, key = f"/v1/clients/{api.site.client_id}/webhooks", str(uuid4())
    await api.make(path, WEBHOOK, Idempotency_Key=key)
    other = await api.call("POST", path, {**WEBHOOK, "description": "another"}, Idempotency_Key=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:trackerctl:problem:invalid")
    elsewhere = f"/v1/clients/{api.other.client_id}/webhooks"
    assert (await api.call("POST", elsewhere, WEBHOOK, Idempotency_Key=key)).status_code == 422


async def test_callers_do_not_share_keys(api: Api) -> None:
    path, key = f"/v1/clients/{api.site.client_id}/webhooks", str(uuid4())
    own = f"client:{api.site.client_id}"
    made = [
        await api.make(path, WEBHOOK, Idempotency_Key=key, subject=subject, scope=scope)
        for subject, scope in (("ann", "admin"), ("bob", "admin"), ("ann", own))
    ]
    assert len({one["endpointId"] for one in made}) == 3


async def test_what_failed_may_be_repeated(api: Api) -> None:
    key = str(uuid4())
    body = {"domain": "shop.example"}
    assert (await api.call("POST", "/v1/clients", body, Idempotency_Key=key)).status_code == 409
    await api.call("DELETE", f"/v1/clients/{api.site.client_id}")
    assert (await api.call("POST", "/v1/clients", body, Idempotency_Key=key)).status_code == 201


async def test_the_kept_answer_holds_no_secret_in_the_clear_and_ends_after_a_day(api: Api, redis: Redis) -> None:
    made = await api.make(
        f"/v1/clients/{api.site.client_id}/keys", {"kind": "secret"}, Idempotency_Key="order-4711-of-ann"
    )
    names = [name async for name in redis.scan_iter("tracker:idempotency:*")]
    assert len(names) == 1
    assert RUNNING_SECONDS < await redis.ttl(names[0]) <= KEPT_SECONDS
    stored = await everything_in(redis)
    for text in (made["key"], made["keyId"], "order-4711-of-ann"):
        assert text.encode() not in stored


async def test_without_redis_a_repetition_cannot_be_promised(api_settings: Settings, api: Api) -> None:
    async with serving(api_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})) as http:
        headers = {"Authorization": f"Bearer {api.token()}", "Idempotency-Key": "k"}
        answer = await http.post("/v1/clients", json={"domain": "new.example"}, headers=headers)
        assert answer.status_code == 503
        del headers["Idempotency-Key"]
        assert (await http.post("/v1/clients", json={"domain": "new.example"}, headers=headers)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    answer = await api.call("POST", "/v1/clients", {"domain": "new.example"}, Idempotency_Key=key)
    assert answer.status_code == 422
