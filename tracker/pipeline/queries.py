"""Reading events and sessions, for the command line and the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from re import escape
from typing import Any

from bson import ObjectId

from tracker.errors import ConflictError, NotFoundError
from tracker.pipeline.documents import Event, Session
from tracker.tasks import pause
from tracker.views import document_view

_POLL_SECONDS = 0.5
# Ids are made by worker processes whose clocks and commits overlap: a later look must reach back a little.
_OVERLAP_SECONDS = 10
_REMEMBERED = 20_000
_MIN_PREFIX = 6
# How the pipeline keeps its own place in a session; no fact about the visit.
_INTERNAL = ("waiting", "settled", "identifiedAt")


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
        await pause(_POLL_SECONDS)


async def list_sessions(
    *,
    client_id: str | None = None,
    visitor_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Visits, the latest begun first, as JSON-ready dictionaries (camelCase).

    :param since: begun at or after; ``until``: begun before.
    """
    query: dict[str, Any] = {"clientId": client_id or {"$in": await _clients()}}
    if visitor_id:
        query["visitorId"] = visitor_id
    begun = {operator: moment for operator, moment in (("$gte", since), ("$lt", until)) if moment}
    if begun:
        query["startedAt"] = begun
    cursor = Session.get_pymongo_collection().find(query).sort("startedAt", -1).limit(limit)
    return [_session_view(row) async for row in cursor]


async def get_session(ref: str, client_id: str | None = None) -> dict[str, Any]:
    """One visit by its id or the beginning of it, JSON-ready. Ids are only unique within a client.

    :raises NotFoundError: when there is none.
    :raises ConflictError: when several begin so, or several clients have it.
    """
    owner = {"clientId": client_id or {"$in": await _clients()}}
    sessions = Session.get_pymongo_collection()
    rows = await sessions.find({**owner, "sessionId": ref}).limit(2).to_list()
    if not rows and len(ref) >= _MIN_PREFIX:
        rows = await sessions.find({**owner, "sessionId": {"$regex": f"^{escape(ref)}"}}).limit(2).to_list()
    if not rows:
        raise NotFoundError(f"no session {ref}; `trackerctl session list` shows them")
    if len(rows) > 1:
        raise ConflictError(f"several sessions begin with {ref}; give more of the id, or --client")
    return _session_view(rows[0])


async def _clients() -> list[str]:
    """Clients that have sessions, read from the index. All indexes begin with the client, so a query names them all."""
    found: list[str] = await Session.get_pymongo_collection().distinct("clientId")
    return found


def _session_view(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document_view(row).items() if name not in _INTERNAL}


async def first_event(client_id: str) -> dict[str, Any]:
    """The event of a client that was stored first; waits for one as long as there is none."""
    events = Event.get_pymongo_collection()
    while True:
        found = await events.find({"clientId": client_id}).sort("timestamp", 1).limit(1).to_list()
        if found:
            return document_view(found[0])
        await pause(_POLL_SECONDS)


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
