"""Where addresses are: what is read from a database, what is refused, and how it is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.geo import city, write_database
from tests.fixtures.processes import wait_until_async
from tracker.errors import SettingsError
from tracker.ingest.geo import NOWHERE, Database, Geo, Place, country_code, place_of, stamp

BERLIN = Place("DE", "BE", "Berlin")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    networks = {
        "203.0.113.0/25": city("DE", "BE", "Berlin"),
        "203.0.113.128/25": city("FR"),
        "2001:db8:1::/48": city("GB", "ENG"),
    }
    return write_database(tmp_path / "geo.mmdb", networks)


@asynccontextmanager
async def watching(path: Path | str, *, check_seconds: float = 3600) -> AsyncIterator[Geo]:
    geo = Geo(str(path), check_seconds=check_seconds)
    await geo.start()
    try:
        yield geo
    finally:
        await geo.close()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.77", BERLIN),
        ("203.0.113.200", Place("FR")),
        ("2001:db8:1:2::7", Place("GB", "ENG")),
        ("198.51.100.7", NOWHERE),
        ("2001:db8:2::7", NOWHERE),
        ("testclient", NOWHERE),
        ("", NOWHERE),
    ],
)
async def test_finds_the_place_of_an_address(path: Path, address: str, place: Place) -> None:
    async with watching(path) as geo:
        assert geo.place(address) == place


async def test_knows_nothing_of_ipv6_from_a_database_of_ipv4(tmp_path: Path) -> None:
    path = write_database(tmp_path / "four.mmdb", {"203.0.113.0/24": city("DE")}, ip_version=4)
    async with watching(path) as geo:
        assert (geo.place("203.0.113.7"), geo.place("2001:db8::7")) == (Place("DE"), NOWHERE)


async def test_without_a_database_knows_nothing() -> None:
    async with watching("") as geo:
        assert (geo.place("203.0.113.77"), geo.place(None), await geo.refresh()) == (NOWHERE, NOWHERE, False)


@pytest.mark.parametrize(
    ("record", "place"),
    [
        (city("DE", "BE", "Berlin"), BERLIN),
        ({"country_code": "DE", "region": "Berlin", "city": "Berlin"}, Place("DE", "Berlin", "Berlin")),
        ({"country": "Germany", "country_code": "DE"}, Place("DE")),
        ({"country": "DE"}, Place("DE")),
        ({"registered_country": {"iso_code": "US"}}, NOWHERE),
        ({"country": {"iso_code": 7}, "subdivisions": {}, "city": {"names": []}}, NOWHERE),
        ({"country": {"iso_code": "EU"}}, NOWHERE),
        ({"autonomous_system_number": 64496}, NOWHERE),
        (None, NOWHERE),
        ("DE", NOWHERE),
    ],
)
def test_reads_the_shapes_of_the_usual_databases(record: Any, place: Place) -> None:
    assert place_of(record) == place


records = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["country", "country_code", "iso_code", "subdivisions", "city", "names", "en", "region"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(records)
def test_whatever_a_record_holds_a_place_is_two_letters_and_texts(record: Any) -> None:
    place = place_of(record)
    assert place.country is None or country_code(place.country) == place.country
    assert all(part is None or (isinstance(part, str) and part) for part in place)


@pytest.mark.parametrize(
    "text", ["XX", "T1", "ZZ", "A1", "EU", "AP", "", "D", "DEU", "ÄÖ", "de-DE", "unknown", None, 7]
)
def test_what_is_no_country_is_none(text: Any) -> None:
    assert country_code(text) is None


@given(st.text())
def test_a_country_is_two_capital_letters(text: str) -> None:
    code = country_code(text)
    assert code is None or (len(code) == 2 and code.isascii() and code.isupper() and code.isalpha())


@pytest.mark.parametrize("text", ["DE", "de", " De "])
def test_a_country_is_understood_however_it_is_written(text: str) -> None:
    assert country_code(text) == "DE"


# --- refused ------------------------------------------------------------------------------------------------------


async def test_refuses_to_start_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TRACKER_GEOIP_DB: .*gone\.mmdb does not exist; fetch a database"):
        await Geo(str(tmp_path / "gone.mmdb")).start()


async def test_refuses_to_start_on_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TRACKER_GEOIP_DB: .* cannot be read"):
        await Geo(str(tmp_path)).start()


@pytest.mark.parametrize("kept", [0, 1, 100, -1, -200])
def test_refuses_another_or_a_broken_format(path: Path, kept: int) -> None:
    broken = path.with_name("broken.mmdb")
    broken.write_bytes(b"<html>" if kept == 1 else path.read_bytes()[:kept])
    with pytest.raises(SettingsError, match=r"broken\.mmdb is no database in MaxMind's format"):
        Database(str(broken))


async def test_refuses_to_start_on_a_database_of_something_else(tmp_path: Path) -> None:
    networks = {"203.0.113.0/24": {"autonomous_system_number": 64496}}
    path = write_database(tmp_path / "asn.mmdb", networks, kind="GeoLite2-ASN")
    with pytest.raises(SettingsError, match="holds no countries; use a Country or City database"):
        await Geo(str(path)).start()


# --- renewed ------------------------------------------------------------------------------------------------------


async def test_takes_up_a_renewed_file_by_itself(path: Path) -> None:
    async with watching(path, check_seconds=0.02) as geo:
        assert geo.place("203.0.113.77") == BERLIN
        await asyncio.to_thread(write_database, path, {"203.0.113.0/24": city("AT", "9", "Vienna")})

        async def renewed() -> bool:
            return geo.place("203.0.113.77") == Place("AT", "9", "Vienna")

        await wait_until_async(renewed, interval=0.02)


async def test_leaves_a_file_that_has_not_changed_alone(path: Path) -> None:
    async with watching(path) as geo:
        assert [await geo.refresh() for _ in range(3)] == [False] * 3


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(content)
    fresh.rename(path)


async def test_a_broken_renewal_is_told_once_and_the_old_file_stays_in_use(path: Path) -> None:
    async with watching(path) as geo:
        _replace(path, b"an error page")
        with structlog.testing.capture_logs() as logs:
            assert [await geo.refresh(), await geo.refresh()] == [False, False]
        assert [(entry["event"], "geo.mmdb" in entry["detail"]) for entry in logs] == [("geo_database_refused", True)]
        assert geo.place("203.0.113.77") == BERLIN
        write_database(path, {"203.0.113.0/24": city("AT")})
        assert await geo.refresh()
        assert geo.place("203.0.113.77") == Place("AT")


async def test_a_file_that_is_gone_stays_in_use(path: Path) -> None:
    async with watching(path) as geo:
        await asyncio.to_thread(path.unlink)
        assert not await geo.refresh()
        assert geo.place("203.0.113.77") == BERLIN


def test_a_database_tells_what_it_is(path: Path) -> None:
    database = Database(str(path))
    assert (database.kind, database.built.tzinfo is not None) == ("GeoLite2-City", True)
    assert database.is_of(stamp(str(path)))
    database.close()
