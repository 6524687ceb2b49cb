"""Countries on the real application: from the database, else from a trusted proxy's header, else none."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tests.fixtures.geo import city, write_database
from tests.fixtures.world import ORIGIN, PATH, Site, everything_in, queued_batches, serving
from tracker.errors import SettingsError
from tracker.ingest.geo import Place
from tracker.queue import QueuedBatch
from tracker.settings import Settings, load_settings
from tracker.web import server

VISITOR = "203.0.113.77"
PROXY = "10.0.0.5"
EVENT = {"type": "page_view", "id": "e1", "payload": {"page": {"url": "https://www.shop.example/"}}}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write_database(tmp_path / "geo.mmdb", {"203.0.113.0/24": city("DE", "BE", "Berlin")})


async def sent(
    http: httpx.AsyncClient, redis: Redis, key: str, *more: tuple[str, str], origin: str | None = ORIGIN
) -> QueuedBatch:
    """Send an event and return what was queued."""
    await redis.flushall()
    headers = [("content-type", "application/json"), *([("origin", origin)] if origin else []), *more]
    answer = await http.post(PATH, content=json.dumps({"apiKey": key, "events": [EVENT]}), headers=headers)
    assert answer.status_code == 200, answer.text
    [[batch]] = await queued_batches(redis)
    return batch


def place(batch: QueuedBatch) -> Place:
    return Place(batch.country, batch.region, batch.city)


async def test_looks_up_the_whole_address_and_keeps_the_cut_one(
    world_settings: Settings, site: Site, redis: Redis, database: Path
) -> None:
    settings = world_settings.model_copy(update={"geoip_db": str(database)})
    async with serving(settings, address=VISITOR) as http:
        batch = await sent(http, redis, site.key)
        assert (place(batch), batch.ip_address) == (Place("DE", "BE", "Berlin"), "203.0.113.0")
        stored = await everything_in(redis)
    assert b"203.0.113.0" in stored
    assert VISITOR.encode() not in stored


async def test_looks_up_the_visitor_behind_trusted_proxies(
    world_settings: Settings, site: Site, redis: Redis, database: Path
) -> None:
    settings = world_settings.model_copy(update={"geoip_db": str(database), "trusted_proxies": "10.0.0.0/8"})
    async with serving(settings, address=PROXY) as http:
        # Two lines are one list: the first proxy has passed on what it got, the second has added a line.
        lines = (("x-forwarded-for", f"198.51.100.9, {VISITOR}"), ("x-forwarded-for", "10.0.0.9"))
        assert place(await sent(http, redis, site.key, *lines)).city == "Berlin"
    async with serving(settings, address="198.51.100.7") as http:
        stranger = await sent(http, redis, site.key, ("x-forwarded-for", VISITOR))
        assert (place(stranger), stranger.ip_address) == (Place(), "198.51.100.0")
        other = await sent(http, redis, site.key, ("forwarded", f"for={VISITOR}"))
        assert (place(other), other.ip_address) == (Place(), "198.51.100.0")


async def test_a_servers_own_address_is_not_looked_up(
    world_settings: Settings, site: Site, redis: Redis, database: Path
) -> None:
    changes = {"geoip_db": str(database), "trusted_proxies": "203.0.113.77", "geo_country_header": "cf-ipcountry"}
    async with serving(world_settings.model_copy(update=changes), address=VISITOR) as http:
        batch = await sent(http, redis, site.secret_key, ("cf-ipcountry", "FR"), origin=None)
        assert (place(batch), batch.server) == (Place(), True)
        assert (await sent(http, redis, site.key)).server is False


@pytest.mark.parametrize(
    ("address", "headers", "found"),
    [
        (PROXY, [("cf-ipcountry", "FR")], Place("FR")),
        (PROXY, [("CF-IPCountry", "fr")], Place("FR")),
        (PROXY, [("cf-ipcountry", "XX")], Place()),
        (PROXY, [("cf-ipcountry", "T1")], Place()),
        (PROXY, [("cf-ipcountry", "")], Place()),
        (PROXY, [("x-other-country", "FR")], Place()),
        (PROXY, [], Place()),
        # The database knows better; only where it is silent the header speaks.
        (PROXY, [("cf-ipcountry", "FR"), ("x-forwarded-for", VISITOR)], Place("DE", "BE", "Berlin")),
        (PROXY, [("cf-ipcountry", "FR"), ("x-forwarded-for", "198.51.100.7")], Place("FR")),
        # Anyone else's is ignored.
        ("198.51.100.7", [("cf-ipcountry", "FR")], Place()),
        ("198.51.100.7", [("cf-ipcountry", "FR"), ("x-forwarded-for", PROXY)], Place()),
    ],
)
async def test_the_header_is_believed_from_trusted_proxies_and_comes_second(
    world_settings: Settings,
    site: Site,
    redis: Redis,
    database: Path,
    address: str,
    headers: list[tuple[str, str]],
    found: Place,
) -> None:
    changes = {"geoip_db": str(database), "trusted_proxies": "10.0.0.0/8", "geo_country_header": "cf-ipcountry"}
    async with serving(world_settings.model_copy(update=changes), address=address) as http:
        assert place(await sent(http, redis, site.key, *headers)) == found


async def test_without_either_there_is_no_geo(http: httpx.AsyncClient, site: Site, redis: Redis) -> None:
    assert place(await sent(http, redis, site.key, ("cf-ipcountry", "FR"))) == Place()


# --- settings -----------------------------------------------------------------------------------------------------


async def test_the_application_does_not_start_on_a_database_that_is_not_there(
    world_settings: Settings, tmp_path: Path
) -> None:
    settings = world_settings.model_copy(update={"geoip_db": str(tmp_path / "gone.mmdb")})
    refused = pytest.RaisesExc(SettingsError, match="does not exist; fetch a database")
    with pytest.RaisesGroup(refused, flatten_subgroups=True):
        async with serving(settings):
            pytest.fail("it has started")


async def test_serve_refuses_before_it_starts_a_process(world_settings: Settings, tmp_path: Path) -> None:
    settings = world_settings.model_copy(update={"geoip_db": str(tmp_path / "gone.mmdb")})
    with pytest.raises(SettingsError, match="does not exist; fetch a database"):
        await asyncio.to_thread(server.serve, settings, "127.0.0.1", 0, 1)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"geo_country_header": "CF-IPCountry"}, "name them in TRACKER_TRUSTED_PROXIES"),
        ({"geo_country_header": "CF IPCountry:", "trusted_proxies": "10.0.0.1"}, "is no name of a header"),
    ],
)
def test_a_header_that_could_not_be_believed_is_refused_with_a_hint(
    values: dict[str, Any], problem: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=f"TRACKER_GEO_COUNTRY_HEADER: .*{problem}"):
        load_settings(**values)
    assert load_settings(geo_country_header="CF-IPCountry", trusted_proxies="::1").geo_country_header == "cf-ipcountry"
