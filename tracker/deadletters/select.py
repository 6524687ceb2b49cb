"""Finding dead letters: by filter, in pages, or by an id or its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from tracker.deadletters.entries import BY_TIME, ENTRIES, UNREADABLE, UNREADABLE_BY_TIME, DeadLetter
from tracker.deadletters.places import Place
from tracker.errors import ConflictError, NotFoundError
from tracker.stores.redis import AsyncRedis

Kind = Literal["event", "job"]

PAGE = 200
"""Entries in one round trip. At 32 KiB an event that is 6 MiB at most."""

UNREADABLE_JOB = "unreadable job"
UNREADABLE_ENTRY = "unreadable entry"
MIN_PREFIX = 6
_IDS = 5_000


class Shelf(NamedTuple):
    """Where entries of a kind are: a hash by id, and the ids by time."""

    kind: Kind
    entries: str
    times: str


EVENTS = Shelf("event", ENTRIES, BY_TIME)
JOBS = Shelf("job", UNREADABLE, UNREADABLE_BY_TIME)
SHELVES = (EVENTS, JOBS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dead letter as it is read; times are epoch seconds.

    :ivar last_at: ``None`` for a job that an earlier version put away without its time.
    :ivar letter: ``None`` for a job, and for an entry that this version cannot read.
    :ivar data: what Redis holds, byte by byte: by it is told whether the entry has changed since.
    """

    id: str
    shelf: Shelf
    client_id: str | None
    error: str
    attempts: int
    first_at: float | None
    last_at: float | None
    letter: DeadLetter | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are meant; what is ``None`` does not matter.

    :ivar error: part of the error, in any case.
    :ivar since: failed last at or after this time (epoch seconds); ``until``: before.
    """

    client_id: str | None = None
    kind: Kind | None = None
    error: str | None = None
    since: float | None = None
    until: float | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is meant."""
        if self.client_id is not None and entry.client_id != self.client_id:
            return False
        if self.error is not None and self.error.lower() not in entry.error.lower():
            return False
        moment = entry.last_at or 0.0
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def shelves(self) -> Sequence[Shelf]:
        """Where to look: a job has no client, because it could not be read."""
        found = SHELVES if self.client_id is None else (EVENTS,)
        return [shelf for shelf in found if self.kind in (None, shelf.kind)]


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries that a filter takes, and how many were looked at for them."""

    looked_at: int
    entries: list[Entry]


async def pages(place: Place, wanted: Filter, *, newest_first: bool = False) -> AsyncIterator[Page]:
    """All entries of a server that a filter takes, the oldest first.

    Ids are read before entries: what fails again while its page is worked on does not come a second time.
    """
    for shelf in wanted.shelves():
        ids = [one async for one in _ids(place.redis, shelf, wanted, newest_first)]
        for start in range(0, len(ids), PAGE):
            some = ids[start : start + PAGE]
            entries = await read(place.redis, shelf, some)
            yield Page(len(some), [entry for entry in entries if wanted.takes(entry)])


async def newest_entries(places: Sequence[Place], wanted: Filter, limit: int) -> list[Entry]:
    """The latest ones that a filter takes, of all servers, the newest first; reads no more than that needs."""
    found: list[Entry] = []
    for place in places:
        for shelf in wanted.shelves():
            own: list[Entry] = []
            some: list[tuple[str, float | None]] = []
            async for one in _ids(place.redis, shelf, wanted, newest_first=True):
                some.append(one)
                if len(some) == min(PAGE, limit):
                    own += [entry for entry in await read(place.redis, shelf, some) if wanted.takes(entry)]
                    some = []
                    if len(own) >= limit:
                        break
            own += [entry for entry in await read(place.redis, shelf, some) if wanted.takes(entry)]
            found += own[:limit]
    return sorted(found, key=lambda entry: entry.last_at or 0.0, reverse=True)[:limit]


async def size(places: Sequence[Place], wanted: Filter) -> int:
    """How many entries will be looked at for a filter."""
    total = 0
    for place in places:
        for shelf in wanted.shelves():
            total += int(await place.redis.zcount(shelf.times, *_bounds(wanted)))
    return total


async def resolve(places: Sequence[Place], ref: str) -> tuple[Place, Entry] | None:
    """The entry with this id, or with the only id that begins so.

    :returns: ``None`` when there is none of this id (any more).
    :raises ConflictError: when several ids begin so.
    """
    for place in places:
        for shelf in SHELVES:
            if entries := await read(place.redis, shelf, [(ref, await place.redis.zscore(shelf.times, ref))]):
                return place, entries[0]
    if len(ref) < MIN_PREFIX:
        return None
    found = [(place, shelf, one) for place in places for shelf in SHELVES for one in await _matching(place, shelf, ref)]
    if len(found) > 1:
        raise ConflictError(f"several dead letters begin with {ref}; give more of the id")
    for place, shelf, one in found:
        for entry in await read(place.redis, shelf, [(one, await place.redis.zscore(shelf.times, one))]):
            return place, entry
    return None


async def get_entry(places: Sequence[Place], ref: str) -> tuple[Place, Entry]:
    """As :func:`resolve`.

    :raises NotFoundError: when there is none.
    """
    found = await resolve(places, ref)
    if found is None:
        raise NotFoundError(f"no dead letter {ref}; `trackerctl dlq list` shows them")
    return found


async def read(redis: AsyncRedis, shelf: Shelf, ids: Sequence[tuple[str, float | None]]) -> list[Entry]:
    """The entries of these ids that are (still) there; one round trip."""
    if not ids:
        return []
    rows = await redis.hmget(shelf.entries, [one for one, _ in ids])  # type: ignore[misc]
    return [_entry(shelf, one, at, row) for (one, at), row in zip(ids, rows, strict=True) if row is not None]


def _entry(shelf: Shelf, entry_id: str, at: float | None, data: bytes) -> Entry:
    if shelf is JOBS:
        return Entry(entry_id, shelf, None, UNREADABLE_JOB, 1, at, at, None, data)
    try:
        letter = msgspec.msgpack.decode(data, type=DeadLetter)
    except msgspec.DecodeError:
        return Entry(entry_id, shelf, None, UNREADABLE_ENTRY, 0, None, at, None, data)
    return Entry(
        entry_id, shelf, letter.client_id, letter.error, letter.attempts, letter.first_at, letter.last_at, letter, data
    )


async def _ids(
    redis: AsyncRedis, shelf: Shelf, wanted: Filter, newest_first: bool
) -> AsyncIterator[tuple[str, float | None]]:
    low, high = _bounds(wanted)
    start, number = 0, PAGE if newest_first else _IDS
    while True:
        if newest_first:
            rows = await redis.zrevrangebyscore(shelf.times, high, low, start, number, withscores=True)
        else:
            rows = await redis.zrangebyscore(shelf.times, low, high, start, number, withscores=True)
        for name, at in rows:
            yield name.decode(), at
        if len(rows) < number:
            break
        start += number
    if shelf is JOBS and wanted.since is None:
        for name in await without_time(redis):
            yield name, None


async def without_time(redis: AsyncRedis) -> list[str]:
    """Jobs that an earlier version put away, which kept no time."""
    async with redis.pipeline(transaction=True) as pipe:
        pipe.hkeys(UNREADABLE)
        pipe.zrange(UNREADABLE_BY_TIME, 0, -1)
        names, timed = await pipe.execute()
    return [name.decode() for name in set(names).difference(timed)]


async def _matching(place: Place, shelf: Shelf, prefix: str) -> list[str]:
    pattern = "".join(f"\\{char}" if char in "*?[]\\^-" else char for char in prefix) + "*"
    found = [name.decode() async for name, _ in place.redis.zscan_iter(shelf.times, match=pattern, count=2_000)]
    if shelf is JOBS:
        found += [name for name in await without_time(place.redis) if name.startswith(prefix)]
    return sorted(set(found))


def _bounds(wanted: Filter) -> tuple[str | float, str | float]:
    low = "-inf" if wanted.since is None else wanted.since
    return low, "+inf" if wanted.until is None else f"({wanted.until}"
