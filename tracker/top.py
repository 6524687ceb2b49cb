"""What ``trackerctl top`` shows: the installation at one moment, and what happened between two."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar

import msgspec

from tracker.accounts import QueueState, Totals, queue_states, read_books, total
from tracker.deadletters.bounds import DeadLetterState, dead_letter_state
from tracker.deadletters.places import open_places
from tracker.health import StoreHealth, check_stores
from tracker.heartbeat import Workers, read_workers
from tracker.leads.documents import Lead
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.documents import Database
from tracker.views import document_view

_PATIENCE_SECONDS = 3.0
_LEADS = 10
_SHOWN = ("leadId", "clientId", "email", "status", "quality", "source", "createdAt", "updatedAt")
_Part = TypeVar("_Part")


class Rates(msgspec.Struct, rename="camel"):
    """Events per second between two snapshots."""

    accepted: float
    stored: float
    dropped: float
    dead_letters: float


class Snapshot(msgspec.Struct, rename="camel"):
    """The installation at ``taken_at`` (epoch seconds). What cannot be known, because a store is away, is ``None``.

    :ivar queues: by name.
    :ivar lag_seconds: how long the job that is due the longest has been due.
    :ivar leads: the newest; addresses are shortened.
    :ivar rates: since the snapshot before; ``None`` in the first.
    """

    taken_at: float
    stores: list[StoreHealth]
    events: Totals | None
    queues: dict[str, QueueState] | None
    lag_seconds: float | None
    workers: Workers | None
    dead_letters: DeadLetterState | None
    leads: list[dict[str, Any]] | None
    rates: Rates | None = None


async def take(settings: Settings, database: Database, before: Snapshot | None = None) -> Snapshot:
    """Look at everything at once; each part has 3 s.

    :param database: of a client that need not be connected yet.
    :param before: an earlier snapshot, for the rates.
    """
    stores, events, queues, workers, letters, leads = await asyncio.gather(
        check_stores(settings),
        _or_none(_events(settings)),
        _or_none(queue_states(settings)),
        _or_none(_workers(settings)),
        _or_none(_dead_letters(settings)),
        _or_none(latest_leads(database)),
    )
    lag = max((state.oldest_seconds for state in queues.values()), default=0.0) if queues is not None else None
    snapshot = Snapshot(time.time(), stores, events, queues, lag, workers, letters, leads)
    snapshot.rates = rates(before, snapshot)
    return snapshot


def rates(before: Snapshot | None, after: Snapshot) -> Rates | None:
    """What became of events between two moments; counts that went down (a replay, a purge) show as nothing."""
    if before is None or before.events is None or after.events is None:
        return None
    seconds = after.taken_at - before.taken_at
    if seconds <= 0:
        return None
    old, new = before.events, after.events

    def rate(one: int, other: int) -> float:
        return round(max(0, other - one) / seconds, 1)

    return Rates(
        accepted=rate(old.accepted, new.accepted),
        stored=rate(old.outcomes["stored"], new.outcomes["stored"]),
        dropped=rate(_dropped(old.outcomes), _dropped(new.outcomes)),
        dead_letters=rate(old.outcomes["dead_letter"], new.outcomes["dead_letter"]),
    )


async def latest_leads(database: Database, limit: int = _LEADS) -> list[dict[str, Any]]:
    """The newest leads, as far as an onlooker should see them.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    # By the time in the id, which every lead's document gets when it is inserted: no index of its own is needed.
    rows = database[Lead.Settings.name].find({}, dict.fromkeys(_SHOWN, 1)).sort("_id", -1).limit(limit)
    return [_shortened(document_view(row)) async for row in rows]


def _shortened(lead: Mapping[str, Any]) -> dict[str, Any]:
    name, at, domain = str(lead.get("email") or "").rpartition("@")
    return {**lead, "email": f"{name[:1]}…{at}{domain}" if at else None}


def _dropped(outcomes: Mapping[str, int]) -> int:
    return sum(number for name, number in outcomes.items() if name.startswith("dropped_"))


async def _events(settings: Settings) -> Totals:
    return total(await read_books(settings))


async def _workers(settings: Settings) -> Workers:
    redis = redis_store.connect(settings)
    try:
        return await read_workers(redis)
    finally:
        await redis_store.close(redis)


async def _dead_letters(settings: Settings) -> DeadLetterState:
    async with open_places(settings) as places:
        return await dead_letter_state(places, settings)


async def _or_none(part: Awaitable[_Part]) -> _Part | None:
    try:
        return await asyncio.wait_for(part, _PATIENCE_SECONDS)
    except Exception:
        return None  # which store is away, the stores' states say
