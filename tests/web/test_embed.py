"""What pages load."""

from __future__ import annotations

import asyncio
import gzip
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import brotli
import httpx
import pytest

from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import ORIGIN, PATH, Site, make_settings, serving
from tracker import assets
from tracker.settings import Settings

SCRIPT = "/main-app.v1.js"


async def raw(http: httpx.AsyncClient, path: str, **headers: str) -> tuple[httpx.Headers, bytes]:
    """An answer before the client decodes it."""
    async with http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join([chunk async for chunk in answer.aiter_raw()])


async def test_the_browser_script_is_immutable_and_readable_for_every_site(http: httpx.AsyncClient) -> None:
    answer = await http.get(SCRIPT)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (await http.get(SCRIPT, headers={"if-none-match": answer.headers["etag"]})).status_code == 304
    assert (await http.get("/main-app.v0.js")).status_code == 404


async def test_the_browser_script_comes_compressed_as_the_browser_can_read(http: httpx.AsyncClient) -> None:
    _, plain = await raw(http, SCRIPT, **{"accept-encoding": "identity"})
    for accepted, encoding, decode in (
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=1.0, gzip;q=0.8", "br", brotli.decompress),
        ("gzip, br;q=0", "gzip", gzip.decompress),
        ("GZIP", "gzip", gzip.decompress),
        ("br;q=0, gzip; q=0.0, *", None, bytes),
        ("deflate", None, bytes),
    ):
        headers, body = await raw(http, SCRIPT, **{"accept-encoding": accepted})
        assert headers.get("content-encoding") == encoding
        assert decode(body) == plain
        assert "Accept-Encoding" in headers["vary"]
        assert len(body) < len(plain) or encoding is None


async def test_the_loader_names_the_key_and_loads_the_script(world_settings: Settings, site: Site) -> None:
    settings = world_settings.model_copy(update={"public_url": "https://track.example"})
    async with serving(settings) as http:
        answer = await http.get(f"/script/{site.client_id}.js")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/javascript")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert site.key in answer.text
        assert "https://track.example/main-app.v1.js" in answer.text
        assert site.secret_key not in answer.text
        again = await http.get(f"/script/{site.client_id}.js", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_the_snippet_pins_the_script_where_asked(http: httpx.AsyncClient, site: Site) -> None:
    plain = await http.get(f"/script/{site.client_id}/embed")
    assert plain.headers["content-type"].startswith("text/html")
    assert site.key in plain.text
    assert "integrity" not in plain.text
    _, script = await raw(http, SCRIPT, **{"accept-encoding": "identity"})
    pinned = await http.get(f"/script/{site.client_id}/embed?integrity=true")
    assert f"sha384-{b64encode(sha384(script).digest()).decode()}" in pinned.text.replace("\\u002f", "/")


@pytest.mark.parametrize("path", ["/script/nobody.js", "/script/nobody/embed", "/script/nobody.txt", "/script/nobody"])
async def test_a_stranger_is_told_nothing_of_unknown_clients(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "application/problem+json")


async def test_a_client_that_is_switched_off_is_like_an_unknown_one(http: httpx.AsyncClient, site: Site) -> None:
    unknown = (await http.get("/script/nobody.js")).content
    await asyncio.to_thread(site.service.set_client_active, site.client_id, False)

    async def off() -> bool:
        return (await http.get(f"/script/{site.client_id}.js")).content == unknown

    await wait_until_async(off, timeout=1.0, interval=0.02)


async def test_a_rotated_key_is_in_the_loader_within_a_second(http: httpx.AsyncClient, site: Site) -> None:
    [own] = [
        each for each in site.service.list_keys(site.client_id) if (each.kind, each.mode) == ("publishable", "live")
    ]
    fresh = await asyncio.to_thread(site.service.rotate_key, own.key_id)

    async def printed() -> bool:
        return fresh.plaintext in (await http.get(f"/script/{site.client_id}.js")).text

    await wait_until_async(printed, timeout=1.0, interval=0.02)


async def test_a_new_current_secret_breaks_no_page(world_settings: Settings, site: Site) -> None:
    fresh = make_settings().secret_keys[::-1]
    settings = world_settings.model_copy(update={"secret_keys": f"{fresh},{make_settings().secret_keys}"})
    async with serving(settings) as http:
        assert site.key in (await http.get(f"/script/{site.client_id}.js")).text


NAMED = {"script_name": "site-forms.js", "global_name": "SiteForms", "ingest_path": "forms/send"}


async def test_the_script_is_served_under_the_name_of_the_installation_and_its_own(
    world_settings: Settings, site: Site
) -> None:
    async with serving(world_settings.model_copy(update=NAMED)) as http:
        own, named = await http.get(SCRIPT), await http.get("/site-forms.js")
        assert (named.status_code, named.content, named.headers["etag"]) == (200, own.content, own.headers["etag"])
        assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
        loader = (await http.get(f"/script/{site.client_id}.js")).text
        assert "/site-forms.js" in loader
        assert 'c.globalName = "SiteForms"' in loader
        assert 'c.ingestPath = "forms/send"' in loader


async def test_without_such_a_name_there_is_no_such_script(http: httpx.AsyncClient) -> None:
    assert (await http.get("/site-forms.js")).status_code == 404
    assert (await http.post("/forms/send")).status_code == 404


async def test_events_are_taken_on_the_path_of_the_installation_and_on_the_usual_one(
    world_settings: Settings, site: Site
) -> None:
    body = {"apiKey": site.key, "events": [{"type": "page_view"}]}
    async with serving(world_settings.model_copy(update=NAMED)) as http:
        for path in ("/forms/send", PATH):
            answer = await http.post(path, json=body, headers={"origin": ORIGIN})
            assert (answer.status_code, answer.json()) == (200, {"success": True, "queued": 1})
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            preflight = await http.options(path, headers={"origin": ORIGIN})
            assert (preflight.status_code, preflight.headers["access-control-allow-methods"]) == (204, "POST")


async def test_the_loader_tells_the_consent_mode_and_changes_with_it(http: httpx.AsyncClient, site: Site) -> None:
    assert 'mode: "none"' in (await http.get(f"/script/{site.client_id}.js")).text
    await asyncio.to_thread(site.service.update_client, site.client_id, config={"consent": {"mode": "optin"}})

    async def told() -> bool:
        return 'mode: "optin"' in (await http.get(f"/script/{site.client_id}.js")).text

    await wait_until_async(told, timeout=1.0, interval=0.02)
    assert 'mode: "optin"' in (await http.get(f"/script/{site.client_id}/embed")).text


async def test_the_debug_overlay_is_served_where_the_installation_carries_it(
    http: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "_FOLDERS", (tmp_path,))
    assets._asset.cache_clear()
    try:
        assert (await http.get("/debug-overlay.v1.js")).status_code == 404
        (tmp_path / "debug-overlay.v1.js").write_text("void 0;")
        answer = await http.get("/debug-overlay.v1.js")
        assert (answer.status_code, answer.text) == (200, "void 0;")
        assert answer.headers["content-type"].startswith("application/javascript")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cache-control"] == "public, max-age=300"
    finally:
        assets._asset.cache_clear()


async def test_pages_of_a_client_that_asks_for_consent_load_the_script_that_keeps_a_record(
    world_settings: Settings, site: Site
) -> None:
    site.service.update_client(site.client_id, config={"consent": {"mode": "optin"}})
    async with serving(world_settings) as http:
        loader = (await http.get(f"/script/{site.client_id}.js")).text
        assert 's.src = "http://127.0.0.1:8000/main-app.v1.js?record=consent"' in loader
        _, plain = await raw(http, SCRIPT, **{"accept-encoding": "identity"})
        _, recording = await raw(http, f"{SCRIPT}?record=consent", **{"accept-encoding": "identity"})
        assert b"consent:" in recording and recording != plain
        _, other = await raw(http, f"{SCRIPT}?record=anything", **{"accept-encoding": "identity"})
        assert other == plain
        pinned = await http.get(f"/script/{site.client_id}/embed?integrity=true")
        assert f"sha384-{b64encode(sha384(recording).digest()).decode()}" in pinned.text.replace("\\u002f", "/")


async def test_what_asks_the_database_is_limited_by_address(world_settings: Settings, site: Site) -> None:
    limited = world_settings.model_copy(update={"limit_ip_reads_per_minute": 3})
    async with serving(limited, "2001:db8:1:2::1") as http:
        for path in (f"/script/{site.client_id}.js", f"/script/{site.client_id}/embed", f"/v1/config/{site.key}"):
            assert (await http.get(path)).status_code == 200
    # Another address of the same subscriber; a server with its secret key is none.
    async with serving(limited, "2001:db8:1:2:ffff::9") as http:
        for path in (f"/script/{site.client_id}.js", f"/script/{site.client_id}/embed", f"/v1/config/{site.key}"):
            answer = await http.get(path)
            assert (answer.status_code, answer.headers["ratelimit-limit"]) == (429, "3")
        assert (await http.get(f"/v1/config/{site.secret_key}")).status_code == 200
    async with serving(limited, "2001:db8:1:3::1") as http:
        assert (await http.get(f"/script/{site.client_id}.js")).status_code == 200
