"""What rebuilding keeps in ``trackerctl_meta``: which days are due, who is at work on a client, how far was looked.

One document a client, ``analytics:<clientId>``::

    {days: {"2026-01-31": <mark>}, holder: "…", until: …, run: 17, restUntil: …}

A day stays marked until it has been recomputed, so that a rebuild which is cut off is taken up again; a mark that was
renewed in the meantime stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from bson import ObjectId
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError, PyMongoError

from tracker.analytics.documents import AnalyticsDaily
from tracker.errors import ConflictError
from tracker.tasks import end

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
_LOOK_AGAIN_SECONDS = 0.2
_PREFIX = "analytics:"
_WATERMARK = "analytics-watermark"


@dataclass(frozen=True, slots=True)
class Due:
    """The marked days of a client, each with its mark."""

    client_id: str
    days: dict[date, ObjectId]


def _meta() -> AsyncCollection[dict[str, Any]]:
    return AnalyticsDaily.get_pymongo_collection().database["trackerctl_meta"]


def _id(client_id: str) -> str:
    return _PREFIX + client_id


# --- how far was looked -----------------------------------------------------------------------------------------------


async def watermark() -> datetime | None:
    """The time up to which changes were looked for, ``None`` before the first look."""
    found = await _meta().find_one({"_id": _WATERMARK})
    return found["at"] if found else None


async def advance_watermark(moment: datetime) -> None:
    """Remember that all changes before ``moment`` are marked; never goes back."""
    await _meta().update_one({"_id": _WATERMARK}, {"$max": {"at": moment}}, upsert=True)


# --- which days are due -----------------------------------------------------------------------------------------------


async def mark(client_id: str, days: Iterable[date]) -> None:
    """Note that these days are to be recomputed."""
    values = {f"days.{day.isoformat()}": ObjectId() for day in days}
    if values:
        await _meta().update_one({"_id": _id(client_id)}, {"$set": values}, upsert=True)


async def due(now: datetime) -> list[Due]:
    """Clients with marked days, without those that have a rest."""
    query = {"_id": {"$regex": f"^{_PREFIX}"}, "days": {"$nin": [None, {}]}}
    found: list[Due] = []
    async for row in _meta().find(query).sort("_id", 1):
        if row.get("restUntil") and row["restUntil"] > now:
            continue
        days = {date.fromisoformat(text): stamp for text, stamp in row["days"].items()}
        found.append(Due(row["_id"].removeprefix(_PREFIX), days))
    return found


async def unmark(client_id: str, day: date, stamp: ObjectId) -> None:
    """Take back the mark of a day that was recomputed; not one that is newer."""
    name = f"days.{day.isoformat()}"
    await _meta().update_one({"_id": _id(client_id), name: stamp}, {"$unset": {name: ""}})


async def rest(client_id: str, until: datetime) -> None:
    """Leave a client alone until then."""
    await _meta().update_one({"_id": _id(client_id)}, {"$set": {"restUntil": until}})


# --- who is at work ---------------------------------------------------------------------------------------------------


@asynccontextmanager
async def turn(client_id: str, patience: float = 0.0) -> AsyncIterator[int]:
    """Be the only one to write a client's rows; gives the number of this run, higher than any before.

    The hold is a lease that is renewed: who dies is succeeded after :data:`LEASE`. Should one that was only stopped
    for so long go on, its run has the lower number, and its rows do not replace those of the later run.

    :param patience: seconds to wait for another one's turn to end.
    :raises ConflictError: when another one is still at work then.
    """
    holder = uuid4().hex
    run = await _take(client_id, holder, patience)
    renewing = asyncio.create_task(_renew(client_id, holder))
    try:
        yield run
    finally:
        await end(renewing)
        await asyncio.shield(_meta().update_one(_held(client_id, holder), {"$unset": {"holder": "", "until": ""}}))


async def _take(client_id: str, holder: str, patience: float) -> int:
    deadline = asyncio.get_running_loop().time() + patience
    while True:
        now = datetime.now(UTC)
        free = {"_id": _id(client_id), "$or": [{"until": None}, {"until": {"$lte": now}}]}
        take = {"$set": {"holder": holder, "until": now + LEASE}, "$inc": {"run": 1}}
        try:
            row = await _meta().find_one_and_update(free, take, upsert=True, return_document=True)
            assert row is not None
            return int(row["run"])
        except DuplicateKeyError:
            if asyncio.get_running_loop().time() >= deadline:
                raise ConflictError("the figures of this client are being rebuilt already; try again later") from None
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _renew(client_id: str, holder: str) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        try:
            await _meta().update_one(_held(client_id, holder), {"$set": {"until": datetime.now(UTC) + LEASE}})
        except PyMongoError as error:
            log.warning("analytics_lease_not_renewed", error=type(error).__name__)


def _held(client_id: str, holder: str) -> dict[str, Any]:
    return {"_id": _id(client_id), "holder": holder}
