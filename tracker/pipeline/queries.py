"""Reading events, for the command line and the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from bson import ObjectId

from tracker.pipeline.documents import Event
from tracker.views import document_view

_POLL_SECONDS = 0.5
# Ids are made by worker processes whose clocks and commits overlap: a later look must reach back a little.
_OVERLAP_SECONDS = 10
_REMEMBERED = 20_000


async def list_events(
    *,
    client_id: str | None = None,
    event_type: str | None = None,
    session_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Events, the newest first, as JSON-ready dictionaries (camelCase)."""
    query = _query(client_id, event_type)
    if session_id:
        query["sessionId"] = session_id
    happened = {operator: moment for operator, moment in (("$gte", since), ("$lt", until)) if moment}
    if happened:
        query["timestamp"] = happened
    cursor = Event.get_pymongo_collection().find(query).sort("timestamp", -1).limit(limit)
    return [document_view(row) async for row in cursor]


async def tail_events(*, client_id: str | None = None, event_type: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Events as they are stored, from now on, for ever."""
    events = Event.get_pymongo_collection()
    seen: dict[ObjectId, None] = {}
    newest = await events.find(_query(client_id, event_type), {"_id": 1}).sort("_id", -1).limit(1).to_list()
    after = newest[0]["_id"] if newest else None
    if after is not None:
        seen[after] = None
        recent = events.find({**_query(client_id, event_type), "_id": {"$gte": _earlier(after)}}, {"_id": 1})
        seen.update({row["_id"]: None async for row in recent})
    while True:
        query = _query(client_id, event_type)
        if after is not None:
            query["_id"] = {"$gte": _earlier(after)}
        async for row in events.find(query).sort("_id", 1):
            if row["_id"] in seen:
                continue
            seen[row["_id"]] = None
            after = row["_id"] if after is None else max(after, row["_id"])
            yield document_view(row)
        for old in list(seen)[: max(0, len(seen) - _REMEMBERED)]:
            del seen[old]
        await asyncio.sleep(_POLL_SECONDS)


def _query(client_id: str | None, event_type: str | None) -> dict[str, Any]:
    query: dict[str, Any] = {}
    if client_id:
        query["clientId"] = client_id
    if event_type:
        query["eventType"] = event_type
    return query


def _earlier(object_id: ObjectId) -> ObjectId:
    seconds = max(0, int(object_id.generation_time.timestamp()) - _OVERLAP_SECONDS)
    return ObjectId(seconds.to_bytes(4, "big") + bytes(8))
