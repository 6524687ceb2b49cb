"""Pages for an operator who has just installed it."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest

from tests.fixtures.world import Site


@pytest.mark.parametrize("by", ["id", "domain"])
async def test_the_demo_is_tracked_for_the_client_that_is_named(http: httpx.AsyncClient, site: Site, by: str) -> None:
    answer = await http.get("/demo", params={"client": site.client_id if by == "id" else "shop.example"})
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html")
    assert f"/script/{site.client_id}.js" in answer.text
    assert "<form" in answer.text
    assert "{{" not in answer.text


async def test_without_a_demo_client_the_page_says_how_to_make_one(http: httpx.AsyncClient) -> None:
    answer = await http.get("/demo")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (404, "text/html")
    assert "trackerctl client create" in answer.text


async def test_the_demo_client_is_the_default(http: httpx.AsyncClient, site: Site) -> None:
    demo = site.service.create_client("localhost", mode="test")
    answer = await http.get("/demo")
    assert answer.status_code == 200
    assert demo.client.client_id in answer.text


@pytest.mark.parametrize(
    "ref", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{clientId}}", "../../etc", "a" * 5000]
)
async def test_what_is_asked_for_is_never_html(http: httpx.AsyncClient, ref: str) -> None:
    answer = await http.get(f"/demo?client={quote(ref)}")
    assert 400 <= answer.status_code < 500
    assert "<script>alert" not in answer.text
    assert "<img" not in answer.text
