"""``POST /config-test/check``: the checks on the real service."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.fixtures.world import ORIGIN, SECRET, Site, everything_in, serving
from tracker import embed
from tracker.config.columns import utc_now
from tracker.settings import Settings

CHECK = "/config-test/check"


async def checks(http: httpx.AsyncClient, **question: str) -> dict[str, Any]:
    answer = await http.post(CHECK, json=question)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert SECRET not in answer.text
    return {check["id"]: check for check in answer.json()["checks"]}


async def test_a_site_that_is_right_has_nothing_to_mend(world_settings: Settings, site: Site) -> None:
    settings = world_settings.model_copy(update={"public_url": "https://track.example"})
    form = site.service.create_form(site.client_id, "Contact", "/contact", "#contact")
    site.service.create_field(form.form_id, "[name=mail]", "mail", "email", required=True)
    page = embed.embed_html(embed.Snippet(site.key, "https://track.example"))
    page += "<form id=contact><input name=mail></form>"
    async with serving(settings) as http:
        answer = (await http.post(CHECK, json={"apiKey": site.key, "origin": ORIGIN, "html": page})).json()
        script = await http.get("/main-app.v1.js", headers={"accept-encoding": "br"})
    assert answer["status"] == "ok"
    found = {check["id"]: check for check in answer["checks"]}
    assert {name: check["status"] for name, check in found.items()} == dict.fromkeys(
        ("key", "origin", "cors", "address", "script", "config", "snippet", "csp", "selectors"), "ok"
    )
    sizes = next(row["detail"] for row in found["script"]["rows"] if row["name"] == "size")
    assert sizes == f"{script.headers['content-length']} bytes with br, {len(script.content)} unpacked"


async def test_a_secret_key_is_refused_without_a_look_and_left_nowhere(
    http: httpx.AsyncClient, site: Site, redis: Redis
) -> None:
    for key in (site.secret_key, "sk_live_" + "x" * 43, site.secret_key[:20]):
        found = await checks(http, apiKey=key, origin=ORIGIN)
        assert list(found) == ["key"]
        assert "secret key" in found["key"]["detail"]
        assert "revoke" in found["key"]["remedy"]
        assert key not in str(found)
    assert site.secret_key.encode() not in await everything_in(redis)


async def test_each_state_of_a_key_is_said(http: httpx.AsyncClient, site: Site) -> None:
    assert "No client" in (await checks(http, apiKey="pk_live_" + "a" * 43))["key"]["detail"]
    assert "no API key" in (await checks(http, apiKey="nonsense"))["key"]["detail"]
    keys = {key.mode: key for key in site.service.list_keys(site.client_id) if key.kind == "publishable"}
    await asyncio.to_thread(site.service.revoke_key, keys["test"].key_id)
    await asyncio.to_thread(site.service.rotate_key, keys["live"].key_id, grace=timedelta(days=2))

    async def told(key: str, words: str) -> None:
        for _ in range(100):
            check = (await checks(http, apiKey=key))["key"]
            if words in check["detail"]:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(check)

    await told(site.test_key, "was revoked")
    day = (utc_now() + timedelta(days=2)).date().isoformat()
    await told(site.key, f"good until {day}")


async def test_a_client_that_is_switched_off_is_said(world_settings: Settings, site: Site) -> None:
    site.service.set_client_active(site.client_id, False)
    async with serving(world_settings) as http:
        found = await checks(http, apiKey=site.key)
    assert "switched off" in found["key"]["detail"]
    assert list(found) == ["key"]


async def test_a_foreign_origin_fails_where_a_browser_would(http: httpx.AsyncClient, site: Site) -> None:
    found = await checks(http, apiKey=site.key, origin="https://other.example")
    assert found["origin"]["status"] == found["cors"]["status"] == found["config"]["status"] == "error"
    assert "--origin https://other.example" in found["origin"]["remedy"]


async def test_the_origin_is_taken_from_the_page(http: httpx.AsyncClient, site: Site) -> None:
    found = await checks(http, apiKey=site.key, url="https://www.shop.example:9/x")
    assert "https://www.shop.example:9" in found["origin"]["detail"]
    assert found["page"]["status"] == "error"


async def test_a_client_that_wants_an_origin_has_its_configuration_shown_without_one(
    world_settings: Settings, site: Site
) -> None:
    site.service.update_client(site.client_id, settings={"requireOrigin": True})
    async with serving(world_settings) as http:
        assert (await checks(http, apiKey=site.key))["config"]["status"] == "ok"


async def test_a_page_is_fetched_only_with_a_valid_key_and_from_the_clients_hosts(
    world_settings: Settings, site: Site
) -> None:
    asked: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<form>")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://localhost:{server.sockets[0].getsockname()[1]}/contact"
    try:
        async with serving(world_settings.model_copy(update={"page_check_private": True})) as http:
            for key in ("pk_live_" + "a" * 43, site.secret_key, site.key):
                found = await checks(http, apiKey=key, url=url)
                assert "selectors" not in found
            assert "not the client's" in found["page"]["detail"]
            assert asked == []
            assert "1 forms" in (await checks(http, apiKey=site.test_key, url=url))["selectors"]["detail"]
            assert len(asked) == 1
        async with serving(world_settings) as http:
            found = await checks(http, apiKey=site.test_key, url=url)
        assert found["page"]["status"] == "error"
        assert len(asked) == 1
    finally:
        server.close()


async def test_checks_have_a_limit_per_address(world_settings: Settings, site: Site, redis: Redis) -> None:
    settings = world_settings.model_copy(update={"limit_page_checks_per_minute": 2})
    async with serving(settings) as http:
        statuses = [(await http.post(CHECK, json={"apiKey": site.key})).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
    async with serving(settings, address="203.0.113.99") as http:
        assert (await http.post(CHECK, json={"apiKey": site.key})).status_code == 200
    assert b"203.0.113" not in await everything_in(redis)


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"apiKey": "x" * 201}, 422),
        ({"apiKey": 1}, 400),
        ({"apiKey": "x", "origin": "not an origin"}, 422),
        ({"apiKey": "x", "url": "not a page"}, 422),
        ({"apiKey": "x", "html": "x" * (7 * 1024 * 1024)}, 413),
    ],
)
async def test_a_question_that_is_none_is_refused(http: httpx.AsyncClient, question: Any, status: int) -> None:
    assert (await http.post(CHECK, json=question)).status_code == status


async def test_html_that_is_too_large_is_said(http: httpx.AsyncClient, site: Site) -> None:
    answer = await http.post(CHECK, json={"apiKey": site.key, "html": "x" * (3 * 1024 * 1024)})
    assert answer.status_code == 422
    assert "2 MiB" in answer.json()["detail"]


async def test_the_page_prints_nothing_of_its_address(http: httpx.AsyncClient, site: Site) -> None:
    answer = await http.get("/config-test", params={"key": site.key, "url": "https://typed.example/<x>"})
    assert site.key not in answer.text
    assert "typed.example" not in answer.text
    assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
