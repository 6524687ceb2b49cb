"""``GET /v1/config/{apiKey}``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import ORIGIN, Site, serving
from tracker.settings import Settings
from tracker.web.config import etag_matches

PUBLIC = {"clientId", "domain", "forms", "features", "theme", "consent", "batching", "captureUnrecognised", "debug"}


async def get(http: httpx.AsyncClient, key: str, origin: str | None = ORIGIN, **headers: str) -> httpx.Response:
    return await http.get(f"/v1/config/{key}", headers=({"origin": origin} if origin else {}) | headers)


def refused(answer: httpx.Response, status: int, cors: str | None) -> None:
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json")
    assert answer.headers.get("access-control-allow-origin") == cors
    assert answer.json()["status"] == status


def make_form(site: Site) -> str:
    form = site.service.create_form(site.client_id, "Contact", "/contact", "#contact", partial_capture=False)
    field = site.service.create_field(form.form_id, "[name=mail]", "mail", "email", required=True)
    site.service.set_mapping(field.field_id, "Lead", "Secret_CRM_Field__c", "lower")
    return form.form_id


async def test_tells_what_the_browser_script_must_know_and_nothing_of_the_crm(
    world_settings: Settings, site: Site
) -> None:
    form_id = make_form(site)
    async with serving(world_settings) as http:
        answer = await get(http, site.key)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert set(body) == PUBLIC
    assert (body["clientId"], body["domain"]) == (site.client_id, "shop.example")
    assert body["batching"] == {"maxEvents": 50, "flushIntervalMs": 5000}
    [form] = body["forms"]
    assert (form["formId"], form["formSelector"], form["partialCapture"]) == (form_id, "#contact", False)
    [field] = form["fields"]
    assert field.pop("fieldId")
    assert field == {
        "fieldSelector": "[name=mail]", "fieldName": "mail", "fieldType": "email", "label": None, "isRequired": True
    }  # fmt: skip
    assert "Secret_CRM" not in answer.text
    assert site.key not in answer.text


async def test_what_nobody_set_about_partial_capture_is_left_to_the_script(
    world_settings: Settings, site: Site
) -> None:
    site.service.create_form(site.client_id, "A", "/a", "#a")
    site.service.create_form(site.client_id, "B", "/b", "#b", partial_capture=True)
    async with serving(world_settings) as http:
        body = (await get(http, site.key)).json()
    assert body["features"]["partialCapture"] is None
    assert [form["partialCapture"] for form in body["forms"]] == [None, True]


@pytest.mark.parametrize("chosen", [True, False])
async def test_what_the_client_chose_about_partial_capture_is_served(
    world_settings: Settings, site: Site, chosen: bool
) -> None:
    site.service.update_client(site.client_id, config={"features": {"partialCapture": chosen}})
    async with serving(world_settings) as http:
        assert (await get(http, site.key)).json()["features"]["partialCapture"] is chosen
    site.service.update_client(site.client_id, config={"features": {"partialCapture": None}})
    async with serving(world_settings) as http:
        assert (await get(http, site.key)).json()["features"]["partialCapture"] is None


async def test_a_strong_etag_saves_the_body_until_something_changes(http: httpx.AsyncClient, site: Site) -> None:
    first = await get(http, site.key)
    etag = first.headers["etag"]
    assert etag.startswith('"')
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await get(http, site.key, **{"if-none-match": header})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["access-control-allow-origin"] == ORIGIN
    assert (await get(http, site.key, **{"if-none-match": '"other"'})).status_code == 200
    await asyncio.to_thread(site.service.update_client, site.client_id, config={"debug": True})

    async def changed() -> bool:
        answer = await get(http, site.key, **{"if-none-match": etag})
        return answer.status_code == 200 and answer.json()["debug"] is True

    await wait_until_async(changed, timeout=1.0, interval=0.02)


async def test_a_new_form_is_served_by_every_process_within_a_second(world_settings: Settings, site: Site) -> None:
    async with serving(world_settings) as one, serving(world_settings) as two:
        for http in (one, two):
            assert (await get(http, site.key)).json()["forms"] == []
        await asyncio.to_thread(make_form, site)

        async def served() -> bool:
            return [len((await get(http, site.key)).json()["forms"]) for http in (one, two)] == [1, 1]

        await wait_until_async(served, timeout=1.0, interval=0.02)


async def test_the_same_places_as_for_events(http: httpx.AsyncClient, site: Site) -> None:
    refused(await get(http, "pk_live_" + "a" * 43), 401, "*")
    refused(await get(http, "nonsense", origin=None), 401, None)
    refused(await get(http, site.key, origin="https://evil.example"), 403, None)
    refused(await get(http, site.secret_key), 403, None)
    assert (await get(http, site.secret_key, origin=None)).status_code == 200
    assert (await get(http, site.test_key, origin="http://localhost:3000")).status_code == 200


async def test_reads_have_a_limit(world_settings: Settings, site: Site) -> None:
    async with serving(world_settings.model_copy(update={"limit_config_per_minute": 2})) as http:
        assert [(await get(http, site.key)).status_code for _ in range(2)] == [200, 200]
        answer = await get(http, site.key)
    refused(answer, 429, ORIGIN)
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-remaining"]) == ("2", "0")
    assert int(answer.headers["retry-after"]) >= 1


async def test_what_is_known_is_served_while_redis_is_away(
    world_settings: Settings, site: Site, private_redis: Any
) -> None:
    settings = world_settings.model_copy(update={"redis_url": private_redis.url, "redis_timeout_seconds": 0.5})
    async with serving(settings) as http:
        body = (await get(http, site.key)).json()
        private_redis.kill()
        answer = await get(http, site.key)
        assert (answer.status_code, answer.json()) == (200, body)


async def test_what_is_known_is_served_while_the_database_is_away(
    world_settings: Settings, site: Site, tmp_path: Path
) -> None:
    async with serving(world_settings) as first:
        body = (await get(first, site.key)).json()
    # A process that starts in the outage finds in Redis what the first has read.
    away = world_settings.model_copy(update={"config_db_url": f"sqlite:///{tmp_path / 'empty.db'}"})
    async with serving(away) as http:
        assert (await get(http, site.key)).json() == body
        answer = await get(http, site.key, origin=None)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ("", False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"ab"', False),
        ("a", False),
    ],
)
def test_if_none_match(header: str | None, matches: bool) -> None:
    assert etag_matches(header, '"a"') is matches
