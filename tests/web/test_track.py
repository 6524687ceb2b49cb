"""``POST /v1/track/events`` on the real application, Redis and configuration database."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import (
    ADDRESS,
    ORIGIN,
    PATH,
    Site,
    everything_in,
    make_site,
    queued_batches,
    serving,
)
from tracker import migrate
from tracker.settings import Settings
from tracker.stores.relational import create_engine

EVENT = {"type": "page_view", "id": "e1", "payload": {"page": {"url": "https://www.shop.example/"}}}


async def send(
    http: httpx.AsyncClient, key: str | None, *events: Any, origin: str | None = ORIGIN, **headers: str
) -> httpx.Response:
    body: dict[str, Any] = {"events": list(events) or [EVENT]} | ({"apiKey": key} if key else {})
    own = {"origin": origin} if origin else {}
    return await http.post(PATH, content=json.dumps(body), headers={"content-type": "application/json"} | own | headers)


def problem(answer: httpx.Response, status: int, *, cors: str | None = None) -> dict[str, Any]:
    """The problem document of a refusal, checked for its form and for who may read it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    assert answer.headers.get("access-control-allow-origin") == cors
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:trackerctl:problem:")
    assert body["title"] and body["detail"]
    return body


# --- taken --------------------------------------------------------------------------------------------------------


async def test_acknowledges_what_is_in_redis(http: httpx.AsyncClient, site: Site, redis: Redis) -> None:
    answer = await send(http, site.key, EVENT, {"type": "custom", "id": "e2"}, **{"user-agent": "Mozilla/5.0"})
    assert (answer.status_code, answer.json()) == (200, {"success": True, "queued": 2})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "Origin" in answer.headers["vary"]
    [[batch]] = await queued_batches(redis)
    assert (batch.client_id, batch.test, batch.user_agent) == (site.client_id, False, "Mozilla/5.0")
    assert [event.event_id for event in batch.events] == ["e1", "e2"]


async def test_a_bad_event_is_refused_alone(http: httpx.AsyncClient, site: Site, redis: Redis) -> None:
    answer = await send(http, site.key, EVENT, {"id": "bad"}, {"type": "custom", "id": "good"}, 7)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "queued": 2,
        "rejected": [
            {"index": 1, "id": "bad", "reason": "missing_type"},
            {"index": 3, "id": None, "reason": "not_an_object"},
        ],
    }
    [[batch]] = await queued_batches(redis)
    assert [event.event_id for event in batch.events] == ["e1", "good"]
    assert await redis.hgetall(f"tracker:rejected:{site.client_id}:counts") == {
        b"missing_type": b"1",
        b"not_an_object": b"1",
    }


async def test_a_beacon_sends_plain_text(http: httpx.AsyncClient, site: Site) -> None:
    answer = await send(http, site.key, **{"content-type": "text/plain;charset=UTF-8"})
    assert answer.status_code == 200


async def test_the_key_may_stand_in_a_header_and_goes_before_the_bodys(http: httpx.AsyncClient, site: Site) -> None:
    assert (await send(http, None, **{"x-api-key": site.key})).status_code == 200
    assert (await send(http, "nonsense", **{"x-api-key": site.key})).status_code == 200


async def test_gzip_is_read(http: httpx.AsyncClient, site: Site) -> None:
    body = gzip.compress(json.dumps({"apiKey": site.key, "events": [EVENT]}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip", "origin": ORIGIN}
    assert (await http.post(PATH, content=body, headers=headers)).status_code == 200


async def test_half_an_emoji_does_not_cost_the_batch(http: httpx.AsyncClient, site: Site) -> None:
    body = json.dumps({"apiKey": site.key, "events": [EVENT, {"type": "custom", "payload": {"text": "half \ud83d"}}]})
    answer = await http.post(PATH, content=body, headers={"content-type": "application/json"})
    assert answer.json() == {"success": True, "queued": 2}


@pytest.mark.parametrize(("kind", "test"), [("key", False), ("test_key", True), ("secret_key", False)])
async def test_the_key_says_whether_events_are_a_test(
    http: httpx.AsyncClient, site: Site, redis: Redis, kind: str, test: bool
) -> None:
    assert (await send(http, getattr(site, kind), origin=None)).status_code == 200
    [[batch]] = await queued_batches(redis)
    assert batch.test is test


@pytest.mark.parametrize("sent_at", [1_772_452_800_123, 0, -1, 10**400])
async def test_no_clock_of_a_browser_is_an_internal_error(http: httpx.AsyncClient, site: Site, sent_at: int) -> None:
    body = json.dumps({"apiKey": site.key, "events": [EVENT], "sentAt": sent_at})
    assert (await http.post(PATH, content=body, headers={"content-type": "application/json"})).status_code == 200


async def test_the_same_on_the_configured_kind_of_database(config_db_url: str, redis_url: str, redis: Redis) -> None:
    settings = Settings(
        config_db_url=config_db_url,
        redis_url=redis_url,
        mongodb_url="mongodb://127.0.0.1:1/",
        secret_keys="s" * 8 + "0123456789abcdefghijklmnop",
    )
    engine = create_engine(settings)
    migrate.upgrade(engine)
    site = make_site(engine, settings)
    engine.dispose()
    async with serving(settings) as http:
        assert (await send(http, site.key)).json() == {"success": True, "queued": 1}
    assert len(await queued_batches(redis)) == 1


# --- refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["", "nonsense", "[]", '{"events": 5}', '{"events": [{"a": }]}', "\x00"])
async def test_refuses_an_unreadable_body(http: httpx.AsyncClient, site: Site, body: str) -> None:
    headers = {"content-type": "application/json", "x-api-key": site.key}
    problem(await http.post(PATH, content=body, headers=headers), 400)
    problem(await http.post(PATH, content=body, headers=headers | {"origin": ORIGIN}), 400, cors="*")


@pytest.mark.parametrize("key", [None, "nonsense", "pk_live_" + "a" * 43])
async def test_refuses_a_missing_or_unknown_key(http: httpx.AsyncClient, key: str | None) -> None:
    body = problem(await send(http, key), 401, cors="*")
    assert key is None or key not in json.dumps(body)


async def test_refuses_a_revoked_key_within_a_second(http: httpx.AsyncClient, site: Site) -> None:
    assert (await send(http, site.key)).status_code == 200
    [own] = [
        each for each in site.service.list_keys(site.client_id) if each.mode == "live" and each.kind == "publishable"
    ]
    await asyncio.to_thread(site.service.revoke_key, own.key_id)

    async def refused() -> bool:
        return (await send(http, site.key)).status_code == 401

    await wait_until_async(refused, timeout=1.0, interval=0.02)
    assert (await send(http, site.test_key)).status_code == 200


async def test_refuses_a_foreign_origin_without_letting_it_read(http: httpx.AsyncClient, site: Site) -> None:
    problem(await send(http, site.key, origin="https://evil.example"), 403)
    problem(await send(http, site.key, origin="null"), 403)


async def test_refuses_a_secret_key_from_a_browser(http: httpx.AsyncClient, site: Site) -> None:
    problem(await send(http, site.secret_key), 403)


async def test_a_request_without_origin_is_taken_unless_the_client_asks_for_one(
    http: httpx.AsyncClient, site: Site
) -> None:
    assert (await send(http, site.key, origin=None)).status_code == 200
    await asyncio.to_thread(site.service.update_client, site.client_id, settings={"requireOrigin": True})

    async def strict() -> bool:
        return (await send(http, site.key, origin=None)).status_code == 403

    await wait_until_async(strict, timeout=1.0, interval=0.02)
    problem(await send(http, site.key, origin=None), 403)
    assert (await send(http, site.key)).status_code == 200


async def test_localhost_is_taken_for_a_test_key_only(http: httpx.AsyncClient, site: Site) -> None:
    assert (await send(http, site.test_key, origin="http://localhost:3000")).status_code == 200
    problem(await send(http, site.key, origin="http://localhost:3000"), 403)


async def test_refuses_a_client_that_is_switched_off(http: httpx.AsyncClient, site: Site) -> None:
    await asyncio.to_thread(site.service.set_client_active, site.client_id, False)

    async def off() -> bool:
        return (await send(http, site.key)).status_code == 403

    await wait_until_async(off, timeout=1.0, interval=0.02)


async def test_refuses_too_many_events_and_too_large_bodies(http: httpx.AsyncClient, site: Site) -> None:
    assert (await send(http, site.key, *[EVENT] * 50)).status_code == 200
    problem(await send(http, site.key, *[EVENT] * 51), 413, cors=ORIGIN)
    problem(await send(http, site.key, {"type": "custom", "payload": {"x": "x" * 1024 * 1024}}), 413, cors="*")


async def test_refuses_a_gzip_bomb(http: httpx.AsyncClient, site: Site) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    headers = {"content-type": "application/json", "content-encoding": "gzip", "x-api-key": site.key}
    problem(await http.post(PATH, content=bomb, headers=headers), 413)


async def test_refuses_other_content_types_and_encodings(http: httpx.AsyncClient, site: Site) -> None:
    problem(await send(http, site.key, **{"content-type": "text/html"}), 415, cors="*")
    problem(await send(http, site.key, **{"content-encoding": "br"}), 415, cors="*")


async def test_refuses_a_batch_without_a_valid_event_and_says_why(
    http: httpx.AsyncClient, site: Site, redis: Redis
) -> None:
    body = problem(await send(http, site.key, {"id": "x"}, 5), 422, cors=ORIGIN)
    assert [each["reason"] for each in body["rejected"]] == ["missing_type", "not_an_object"]
    empty = await http.post(
        PATH, content=json.dumps({"apiKey": site.key, "events": []}), headers={"content-type": "text/plain"}
    )
    problem(empty, 422)
    assert await queued_batches(redis) == []


async def test_a_browser_can_read_that_its_limit_is_reached(world_settings: Settings, site: Site) -> None:
    async with serving(world_settings.model_copy(update={"limit_events_per_minute": 5})) as http:
        assert (await send(http, site.key, *[EVENT] * 3)).status_code == 200
        answer = await send(http, site.key, *[EVENT] * 3)
        problem(answer, 429, cors=ORIGIN)
        assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("5", "2")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["ratelimit-reset"] == answer.headers["retry-after"]
        exposed = answer.headers["access-control-expose-headers"].lower()
        assert {"retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= set(exposed.split(", "))
        # What was refused has cost nothing, and another key has a limit of its own.
        assert (await send(http, site.key, *[EVENT] * 2)).status_code == 200
        assert (await send(http, site.test_key)).status_code == 200


async def test_refuses_batches_when_redis_is_away_and_takes_them_afterwards(
    world_settings: Settings, site: Site, private_redis: Any
) -> None:
    settings = world_settings.model_copy(update={"redis_url": private_redis.url, "redis_timeout_seconds": 0.5})
    async with serving(settings) as http:
        assert (await send(http, site.key)).status_code == 200
        private_redis.kill()
        answers = await asyncio.gather(*(send(http, site.key) for _ in range(10)))
        for answer in answers:
            problem(answer, 503, cors=ORIGIN)
            assert int(answer.headers["retry-after"]) >= 1
        await asyncio.to_thread(private_redis.restart)

        async def taken() -> bool:
            return (await send(http, site.key, {**EVENT, "id": "after"})).status_code == 200

        await wait_until_async(taken)
        async with Redis.from_url(private_redis.url) as redis:
            ids = [event.event_id for job in await queued_batches(redis) for batch in job for event in batch.events]
        assert "after" in ids


# --- across requests ----------------------------------------------------------------------------------------------


async def test_requests_at_the_same_time_are_all_stored(http: httpx.AsyncClient, site: Site, redis: Redis) -> None:
    answers = await asyncio.gather(*(send(http, site.key, *[EVENT] * 20) for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    jobs = await queued_batches(redis)
    # That they share jobs is for tests/ingest/test_commit.py: on a busy machine they may come one by one.
    assert len(jobs) <= 60
    weights = [sum(len(batch.events) for batch in job) for job in jobs]
    assert (max(weights) <= 500, sum(weights)) == (True, 1200)


async def test_neither_whole_address_nor_key_stands_anywhere_in_redis(
    http: httpx.AsyncClient, site: Site, redis: Redis
) -> None:
    keys = (site.key, site.test_key, site.secret_key)
    for key in keys:
        assert (await send(http, key, EVENT, {"id": "bad"}, origin=None)).status_code == 200
    assert (await http.get(f"/v1/config/{site.key}")).status_code == 200
    stored = await everything_in(redis)
    assert b"203.0.113.0" in stored
    assert ADDRESS.encode() not in stored
    assert not [key for key in keys if key.encode() in stored]


async def test_behind_a_trusted_proxy_the_visitors_address_counts(
    world_settings: Settings, site: Site, redis: Redis
) -> None:
    settings = world_settings.model_copy(update={"trusted_proxies": "10.0.0.0/8", "limit_ip_events_per_minute": 1})
    async with serving(settings, address="10.0.0.5") as http:
        for visitor, status in (("198.51.100.7", 200), ("198.51.100.7", 429), ("198.51.100.8", 200)):
            answer = await send(http, site.key, **{"x-forwarded-for": f"evil, {visitor}, 10.0.0.9"})
            assert answer.status_code == status
    addresses = {batch.ip_address for job in await queued_batches(redis) for batch in job}
    assert addresses == {"198.51.100.0"}


async def test_a_preflight_is_answered_for_any_page(http: httpx.AsyncClient) -> None:
    answer = await http.options(PATH, headers={"origin": ORIGIN, "access-control-request-method": "POST"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert {"Content-Type", "X-API-Key", "Content-Encoding"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )
