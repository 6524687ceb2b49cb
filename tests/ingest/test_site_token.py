"""Site tokens: what they are bound to, when they are over, what is refused."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import ORIGIN, PATH, SECRET, Site, queued_batches, serving
from tracker.ingest.site_token import SKEW_SECONDS, TOKEN_CHARS, SiteTokens, TokenState, origin_of
from tracker.ingest.token_counts import TokenCounts, read_token_counts
from tracker.settings import Settings

NOW = 1_790_000_000.0
LIFE = 7_200
BOUND = ("client", "key", ORIGIN)
TOKENS = SiteTokens([SECRET], LIFE)
TOKEN = TOKENS.mint(*BOUND, NOW)


def test_is_compact_and_says_nothing_of_whom_it_is_for() -> None:
    assert len(TOKEN) == TOKEN_CHARS <= 90
    assert TOKEN.replace("-", "").replace("_", "").isalnum()


def test_is_the_same_for_a_quarter_of_its_life_so_that_answers_can_be_cached() -> None:
    bucket = NOW // (LIFE // 4) * (LIFE // 4)
    assert TOKENS.mint(*BOUND, bucket) == TOKENS.mint(*BOUND, bucket + LIFE / 4 - 1)
    assert TOKENS.mint(*BOUND, bucket) != TOKENS.mint(*BOUND, bucket + LIFE / 4)


@given(age=st.floats(0, LIFE * 3 / 4), minted=st.floats(1.7e9, 2.2e9))
def test_is_good_for_three_quarters_of_its_life_whenever_it_was_minted(age: float, minted: float) -> None:
    token = TOKENS.mint(*BOUND, minted)
    assert TOKENS.state(token, *BOUND, minted + age) is TokenState.VALID
    assert TOKENS.state(token, *BOUND, minted + LIFE + SKEW_SECONDS + 1) is TokenState.EXPIRED


def test_clocks_of_two_servers_may_differ() -> None:
    bucket = NOW // (LIFE // 4) * (LIFE // 4)
    token = TOKENS.mint(*BOUND, bucket)
    assert TOKENS.state(token, *BOUND, bucket - SKEW_SECONDS) is TokenState.VALID
    assert TOKENS.state(token, *BOUND, bucket - SKEW_SECONDS - 1) is TokenState.WRONG


@pytest.mark.parametrize(
    "bound",
    [
        ("other", "key", ORIGIN),
        ("client", "other", ORIGIN),
        ("client", "key", "https://shop.example"),
        ("client", "key", "http://www.shop.example"),
        ("client", "key", ORIGIN + ":8443"),
        ("client", "key", ""),
        ("clientkey", "", ORIGIN),
    ],
)
def test_is_good_for_no_other_client_key_or_origin(bound: tuple[str, str, str]) -> None:
    assert TOKENS.state(TOKEN, *bound, NOW) is TokenState.WRONG


@given(place=st.integers(0, TOKEN_CHARS - 1), letter=st.sampled_from("AZaz09-_=+/ é"))
def test_a_changed_token_is_wrong(place: int, letter: str) -> None:
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    expected = TokenState.VALID if changed == TOKEN else TokenState.WRONG
    assert TOKENS.state(changed, *BOUND, NOW) is expected


@given(token=st.text(max_size=200))
def test_what_is_no_token_is_refused_without_an_error(token: str) -> None:
    assert TOKENS.state(token, *BOUND, NOW) in (TokenState.WRONG, TokenState.MISSING)


def test_a_retired_secret_still_reads_and_a_foreign_one_never() -> None:
    rotated = SiteTokens(["another-secret-0123456789-klmnopqrst", SECRET], LIFE)
    foreign = SiteTokens(["another-secret-0123456789-klmnopqrst"], LIFE)
    assert rotated.state(TOKEN, *BOUND, NOW) is TokenState.VALID
    assert rotated.mint(*BOUND, NOW) != TOKEN
    assert foreign.state(TOKEN, *BOUND, NOW) is TokenState.WRONG


@pytest.mark.parametrize(
    ("origin", "referer", "expected"),
    [
        ("https://shop.example", None, "https://shop.example"),
        (None, "https://shop.example/a?b#c", "https://shop.example"),
        (None, "https://user:pass@Shop.Example:443/", "https://shop.example"),
        ("http://shop.example:8080", "https://other.example/", "http://shop.example:8080"),
        (None, "http://[::1]:80/x", "http://[::1]"),
        ("null", None, None),
        ("null", "https://shop.example/", None),
        (None, "https://bücher.example/", None),
        (None, "https://[", None),
        (None, "https://shop.example:99999", None),
        (None, None, None),
    ],
)
def test_the_origin_of_a_request(origin: str | None, referer: str | None, expected: str | None) -> None:
    assert origin_of(origin, referer) == expected


# ------------------------------------------------------------------------------------------------------- over HTTP


async def asking(site: Site, mode: str) -> None:
    await asyncio.to_thread(site.service.update_client, site.client_id, settings={"siteTokens": mode})


async def config_of(http: httpx.AsyncClient, site: Site, **headers: str) -> httpx.Response:
    return await http.get(f"/v1/config/{site.key}", headers={"origin": ORIGIN} | headers)


async def post(http: httpx.AsyncClient, key: str, token: str | None = None, **headers: str) -> httpx.Response:
    body: dict[str, Any] = {"apiKey": key, "events": [{"type": "page_view"}], "siteToken": token}
    return await http.post(PATH, json={name: value for name, value in body.items() if value}, headers=headers)


def old_token(settings: Settings, site: Site, origin: str = ORIGIN) -> str:
    """Of a page that was opened yesterday."""
    [key] = [one for one in site.service.list_keys(site.client_id) if one.kind == "publishable" and one.mode == "live"]
    tokens = SiteTokens(settings.secrets, settings.site_token_life_minutes * 60)
    return tokens.mint(site.client_id, key.key_id, origin, time.time() - 86_400)


async def test_a_client_that_asks_for_none_gets_none_and_takes_all(http: httpx.AsyncClient, site: Site) -> None:
    answer = await config_of(http, site)
    assert "siteToken" not in answer.json()
    assert "c.siteToken" not in (await http.get(f"/script/{site.client_id}.js", headers={"referer": ORIGIN})).text
    assert (await post(http, site.key, origin=ORIGIN)).status_code == 200


async def test_a_page_of_the_client_gets_a_token_that_is_taken_from_it_alone(
    world_settings: Settings, site: Site
) -> None:
    await asking(site, "require")
    async with serving(world_settings) as http:
        token = (await config_of(http, site)).json()["siteToken"]
        assert (await post(http, site.key, token, origin=ORIGIN)).status_code == 200
        for answer in (
            await post(http, site.key, origin=ORIGIN),
            await post(http, site.key, token, origin="https://shop.example"),
            await post(http, site.key, token),
            await post(http, site.test_key, token, origin=ORIGIN),
            await post(http, site.key, old_token(world_settings, site), origin=ORIGIN),
        ):
            assert (answer.status_code, answer.json()["type"]) == (401, "urn:trackerctl:problem:site-token")
            assert answer.headers["retry-after"] == "1"
            assert token not in answer.text
        # A browser must be able to read it, or it could not get a fresh one.
        refused = await post(http, site.key, origin=ORIGIN)
        assert refused.headers["access-control-allow-origin"] == ORIGIN
        assert (await post(http, site.secret_key)).status_code == 200


async def test_a_preferring_client_takes_marks_and_counts_what_has_none(
    world_settings: Settings, site: Site, redis: Redis
) -> None:
    await asking(site, "prefer")
    async with serving(world_settings) as http:
        token = (await config_of(http, site)).json()["siteToken"]
        assert (await post(http, site.key, token, origin=ORIGIN)).status_code == 200
        assert (await post(http, site.key, origin=ORIGIN)).status_code == 200
        assert (await post(http, site.key, "forged" + token[6:], origin=ORIGIN)).status_code == 200
        # What was good once is renewed rather than marked: a tab may be open for days.
        assert (await post(http, site.key, old_token(world_settings, site), origin=ORIGIN)).status_code == 401

        async def counted() -> bool:
            return await read_token_counts(redis) == {"missing": 1, "wrong": 1, "expired": 1}

        await wait_until_async(counted, timeout=10)
    marks = [batch.no_token for job in await queued_batches(redis) for batch in job]
    assert sorted(marks) == [False, True, True]


async def test_the_loader_brings_a_token_for_the_page_that_loads_it(world_settings: Settings, site: Site) -> None:
    await asking(site, "require")
    async with serving(world_settings) as http:
        path = f"/script/{site.client_id}.js"
        answer = await http.get(path, headers={"referer": ORIGIN + "/"})
        token = answer.text.partition('c.siteToken = "')[2][:TOKEN_CHARS].replace("\\u", "")
        assert token == (await config_of(http, site)).json()["siteToken"]
        assert (await post(http, site.key, token, origin=ORIGIN)).status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert {name.strip() for name in answer.headers["vary"].split(",")} >= {"Referer"}
        same = {"referer": ORIGIN + "/", "if-none-match": answer.headers["etag"]}
        assert (await http.get(path, headers=same)).status_code == 304
        other = {"referer": "https://shop.example/", "if-none-match": answer.headers["etag"]}
        assert (await http.get(path, headers=other)).status_code == 200
        for referer in ("https://evil.example/", "https://shop.example.evil.example/", "nonsense"):
            assert "siteToken" not in (await http.get(path, headers={"referer": referer})).text
        # A snippet is kept and pasted; it must not carry what is over tomorrow.
        assert "siteToken" not in (await http.get(f"/script/{site.client_id}/embed", headers={"referer": ORIGIN})).text


async def test_a_configuration_with_a_token_can_be_cached(world_settings: Settings, site: Site) -> None:
    await asking(site, "prefer")
    async with serving(world_settings) as http:
        first = await config_of(http, site)
        etag = first.headers["etag"]
        assert (await config_of(http, site, **{"if-none-match": etag})).status_code == 304
        other = await http.get(f"/v1/config/{site.key}", headers={"origin": "https://shop.example"})
        assert other.headers["etag"] != etag
        assert first.headers["vary"] == "Origin"
        # A page on the service's own origin sends none with a GET.
        plain = await http.get(f"/v1/config/{site.key}", headers={"referer": ORIGIN + "/page"})
        assert plain.json()["siteToken"] == first.json()["siteToken"]
        assert "Referer" in plain.headers["vary"]
        assert "siteToken" not in (await http.get(f"/v1/config/{site.key}")).json()
        assert "siteToken" not in (await http.get(f"/v1/config/{site.secret_key}")).json()


async def test_counts_survive_a_redis_that_is_away(redis: Redis) -> None:
    away = Redis.from_url("redis://127.0.0.1:1/")
    counts = TokenCounts(away)
    counts.note(TokenState.MISSING, 3)
    await counts.flush()
    counts._redis = redis
    await counts.flush()
    await counts.flush()
    assert (await read_token_counts(redis))["missing"] == 3
    await away.aclose()
