"""Pages for an operator who has just installed it."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.world import Site, serving
from tracker.settings import Settings
from tracker.web.pages.render import fill

TRACKED = ("/demo", "/example", "/example/quote", "/example/tour", "/example/tour/plans", "/example/widget")
PAGES = (*TRACKED, "/config-test")


@pytest.mark.parametrize("path", TRACKED)
@pytest.mark.parametrize("by", ["id", "domain"])
async def test_a_page_is_tracked_for_the_client_that_is_named(
    http: httpx.AsyncClient, site: Site, by: str, path: str
) -> None:
    answer = await http.get(path, params={"client": site.client_id if by == "id" else "shop.example"})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert f"/script/{site.client_id}.js" in answer.text
    assert "<form" in answer.text or "call-back-form" in answer.text
    assert "{{" not in answer.text
    links = re.findall(r'href="(/(?:demo|example)[^"]*)"', answer.text)
    assert links
    assert all(link.endswith(f"client={site.client_id}") for link in links), "a link loses the client"


@pytest.mark.parametrize("path", ["/demo", "/example"])
async def test_without_a_demo_client_the_page_says_how_to_make_one(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html")
    assert "trackerctl client create" in answer.text


async def test_the_demo_client_is_the_default(http: httpx.AsyncClient, site: Site) -> None:
    demo = site.service.create_client("localhost", mode="test")
    for path in ("/demo", "/demo?client=", "/example"):
        answer = await http.get(path)
        assert answer.status_code == 200
        assert demo.client.client_id in answer.text


@pytest.mark.parametrize(
    "ref", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{clientId}}", "../../etc", "a" * 5000]
)
@pytest.mark.parametrize("path", ["/demo", "/example/quote"])
async def test_what_is_asked_for_is_never_html(http: httpx.AsyncClient, path: str, ref: str) -> None:
    answer = await http.get(f"{path}?client={quote(ref)}")
    assert 400 <= answer.status_code < 500
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text


async def test_an_unknown_page_of_the_example_is_none(http: httpx.AsyncClient, site: Site) -> None:
    for path in ("/example/nothing", "/example/tour/nothing", "/example/../demo.html", "/example/quote/x"):
        assert (await http.get(f"{path}?client={site.client_id}")).status_code == 404


async def test_the_contact_form_leads_to_another_page(http: httpx.AsyncClient, site: Site) -> None:
    data = {"email": "ada@example.com"}
    answer = await http.post(f"/example/thanks?client={site.client_id}", data=data)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/example/thanks?client={site.client_id}")
    assert (await http.get(answer.headers["location"])).status_code == 200
    hostile = await http.post("/example/thanks", params={"client": "//evil.example\r\nx: y"}, data=data)
    assert hostile.headers["location"].startswith("/example/thanks?client=%2F%2Fevil")


def directives(answer: httpx.Response) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["content-security-policy"].split(";")]
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_strict_policy_and_holds_to_it(world_settings: Settings, site: Site, path: str) -> None:
    settings = world_settings.model_copy(update={"public_url": "https://track.example"})
    async with serving(settings) as http:
        answer = await http.get(path, params={"client": site.client_id})
    policy = directives(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["connect-src"] == ["'self'", "https://track.example"]
    assert policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    # Nothing inline, and nothing from elsewhere.
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on\w+=|javascript:", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_file_that_a_page_names_is_served(http: httpx.AsyncClient, site: Site, path: str) -> None:
    text = (await http.get(path, params={"client": site.client_id})).text
    files = set(re.findall(r'(?:src|href)="(/(?:pages|script)/[^"]+)"', text))
    assert "/pages/pages.css" in files
    for file in files:
        answer = await http.get(file)
        assert answer.status_code == 200, file
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = await http.get(file, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["demo.html", "__init__.py", "..%2Frender.py", "nothing.js"])
async def test_no_other_file_is_served(http: httpx.AsyncClient, name: str) -> None:
    assert (await http.get(f"/pages/{name}")).status_code == 404


async def test_the_demo_knows_the_names_of_the_installation(world_settings: Settings, site: Site) -> None:
    named = {"global_name": "SiteForms", "ingest_path": "forms/send"}
    async with serving(world_settings.model_copy(update=named)) as http:
        text = (await http.get("/demo", params={"client": site.client_id})).text
    assert 'data-global-name="SiteForms" data-ingest-path="forms/send"' in text


@given(st.text(), st.text())
def test_what_fills_a_slot_is_no_slot(one: str, two: str) -> None:
    assert fill("a {{one}} b {{two}}", {"one": one, "two": two}) == f"a {one} b {two}"
    assert fill("{{one}}", {"one": "{{two}}", "two": "x"}) == "{{two}}"
