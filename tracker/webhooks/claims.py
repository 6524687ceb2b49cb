"""Who has a delivery in its hands: a lease on its document, which ends by itself when its worker dies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo import ReturnDocument

from tracker.stores.documents import Database
from tracker.webhooks.outbox import COLLECTION

MARGIN = timedelta(seconds=20)
"""How long writing an attempt down may take beyond the longest attempt, before somebody else sends it again."""


async def claim(
    database: Database, now: datetime, lease: timedelta, without: Collection[str] = ()
) -> dict[str, Any] | None:
    """Take the delivery that has been due the longest, ``None`` when there is none.

    :param lease: for so long it is this caller's.
    :param without: endpoints that have enough in work.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    query: dict[str, Any] = {"status": "pending", "nextAttemptAt": {"$lte": now}}
    if without:
        query["endpointId"] = {"$nin": sorted(without)}
    found: dict[str, Any] | None = await database[COLLECTION].find_one_and_update(
        query,
        {"$set": {"lease": uuid4().hex, "nextAttemptAt": now + lease}},
        sort=[("nextAttemptAt", 1)],
        return_document=ReturnDocument.AFTER,
    )
    return found


async def give_back(database: Database, rows: Collection[Mapping[str, Any]], due: datetime) -> None:
    """Leave claimed deliveries to whoever comes; no attempt is counted."""
    if rows:
        await database[COLLECTION].update_many(
            {"_id": {"$in": [row["_id"] for row in rows]}, "lease": {"$in": [row["lease"] for row in rows]}},
            {"$set": {"lease": None, "nextAttemptAt": due}},
        )


async def abandon(database: Database, row: Mapping[str, Any], because: str) -> None:
    """Give a claimed delivery up without an attempt: its endpoint is off or gone."""
    values = {"status": "failed", "failedBecause": because, "lease": None, "nextAttemptAt": None}
    await database[COLLECTION].update_one({"_id": row["_id"], "lease": row["lease"]}, {"$set": values})


async def postpone(database: Database, endpoint_id: str, now: datetime, until: datetime) -> None:
    """Put off what else is due for an endpoint that does not answer, so that it does not stand in the others' way."""
    await database[COLLECTION].update_many(
        {"status": "pending", "nextAttemptAt": {"$lte": now}, "endpointId": endpoint_id},
        {"$set": {"nextAttemptAt": until}},
    )
