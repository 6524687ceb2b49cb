"""Where a visitor is (``geo`` of technical design §2.4), from a database in MaxMind's format.

Looked up at the edge, because only a cut address leaves it. Nothing is remembered by address: a lookup takes 9 µs with
all names of a City record and 0.3 µs for an address that is not in it, once per request.

The file is mapped into memory. It may be replaced while the service runs, by a rename as ``geoipupdate`` does it:
whoever writes into the file itself pulls pages from under a running reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
import structlog
from maxminddb import InvalidDatabaseError

from tracker.errors import SettingsError
from tracker.tasks import end

log = structlog.get_logger(__name__)

CHECK_SECONDS = 60.0
_SETTING = "TRACKER_GEOIP_DB"
# Databases also hold networks of no country; among so many one with a country turns up, or it is another kind of file.
_SAMPLE = 2000
# Words of two letters that MaxMind and CDNs use for "somewhere in Europe, in Asia" or "not known": no countries.
_NO_COUNTRIES = frozenset({"AP", "EU", "XX", "ZZ"})


class Place(NamedTuple):
    """Country (ISO 3166-1, two letters), region (ISO 3166-2 without the country, or a name) and city (English)."""

    country: str | None = None
    region: str | None = None
    city: str | None = None


NOWHERE = Place()
_Stamp = tuple[int, int, int]


def country_code(text: object) -> str | None:
    """Two capital letters, or ``None``: CDNs write ``XX`` for not known and ``T1`` for Tor."""
    if not isinstance(text, str):
        return None
    code = text.strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() and code not in _NO_COUNTRIES else None


def place_of(record: object) -> Place:
    """Read a record: nested as MaxMind and DB-IP write it, or flat (``country_code``, ``city``) as IPinfo and
    IP2Location do. What has another shape is nothing."""
    if not isinstance(record, Mapping):
        return NOWHERE
    country = record.get("country")
    if isinstance(country, Mapping):
        subdivisions = record.get("subdivisions")
        first = subdivisions[0] if isinstance(subdivisions, list) and subdivisions else None
        region, city = _get(first, "iso_code"), _get(_get(record.get("city"), "names"), "en")
        return Place(country_code(country.get("iso_code")), _text(region), _text(city))
    code = country_code(record.get("country_code")) or country_code(country)
    return Place(code, _text(record.get("region_code")) or _text(record.get("region")), _text(record.get("city")))


class Database:
    """An open database.

    :ivar kind: what it calls itself, such as ``GeoLite2-City``.
    :ivar built: when it was made.
    """

    def __init__(self, path: str) -> None:
        """Open the file.

        :raises SettingsError: when it is not there, cannot be read, or is no database of countries.
        """
        try:
            self._stamp = stamp(path)
            # The reader calls a file that it may not read a broken one.
            Path(path).open("rb").close()
            self._reader = maxminddb.open_database(path)
            known = any(place_of(record).country for _, record in islice(self._reader, _SAMPLE))
        except FileNotFoundError:
            raise SettingsError(f"{_SETTING}: {path} does not exist; fetch a database, or leave it empty") from None
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise SettingsError(f"{_SETTING}: {path} cannot be read ({problem})") from None
        except (InvalidDatabaseError, ValueError):
            raise SettingsError(
                f"{_SETTING}: {path} is no database in MaxMind's format, or broken; fetch it again (*.mmdb)"
            ) from None
        if not known:
            raise SettingsError(f"{_SETTING}: {path} holds no countries; use a Country or City database")
        metadata = self._reader.metadata()
        self.kind = metadata.database_type
        self.built = datetime.fromtimestamp(metadata.build_epoch, UTC)

    def place(self, address: str) -> Place:
        """Where an address is; nothing for what is not in the database, or is no address."""
        try:
            return place_of(self._reader.get(address))
        except (ValueError, InvalidDatabaseError):
            # No address; IPv6 in a database of IPv4; a broken page of the file. No event is lost over geo.
            return NOWHERE

    def is_of(self, found: _Stamp) -> bool:
        """Whether the file that was opened is the one that looks like this now."""
        return self._stamp == found

    def close(self) -> None:
        """Let the file go."""
        self._reader.close()


class Geo:
    """The database of one process, opened again when its file was replaced. Without a path it knows nothing."""

    def __init__(self, path: str, *, check_seconds: float = CHECK_SECONDS) -> None:
        self._path = path
        self._check_seconds = check_seconds
        self._database: Database | None = None
        self._refused: _Stamp | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Open the database and watch its file.

        :raises SettingsError: as :class:`Database` does.
        """
        if not self._path:
            return
        self._database = await asyncio.to_thread(Database, self._path)
        self._task = asyncio.create_task(self._watch())

    def place(self, address: str | None) -> Place:
        """Where a whole address is."""
        return self._database.place(address) if self._database and address else NOWHERE

    async def refresh(self) -> bool:
        """Open the file again if it is another one than before. One that cannot be used is told once, and what was
        open stays in use; so it does while there is no file.

        :returns: whether another database is in use now.
        """
        old = self._database
        if old is None:
            return False
        try:
            found = await asyncio.to_thread(stamp, self._path)
        except OSError:
            return False
        if old.is_of(found) or found == self._refused:
            return False
        try:
            new = await asyncio.to_thread(Database, self._path)
        except SettingsError as error:
            self._refused = found
            log.warning("geo_database_refused", detail=error.detail, in_use=old.built.isoformat())
            return False
        self._database = new
        old.close()
        log.info("geo_database_opened", kind=new.kind, built=new.built.isoformat())
        return True

    async def close(self) -> None:
        """Stop watching and let the file go."""
        await end(self._task)
        if self._database:
            self._database.close()
            self._database = None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            await self.refresh()


def stamp(path: str) -> _Stamp:
    """What tells a file from its successor: inode, size and time of change in nanoseconds.

    :raises OSError: when there is none.
    """
    found = Path(path).stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _get(value: object, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
