"""Pages of events and sessions, for the API.

Their indexes hold client and time, but not the id that decides between documents of the same time. So a page is read by
time alone, and only the documents of the one time at which it is cut are read in the order of their ids: the index
serves it all, however many there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from beanie import Document
from bson import ObjectId
from bson.errors import InvalidId

from tracker.errors import InvalidError
from tracker.paging import Page, Sort, checked_limit, decode_cursor, encode_cursor
from tracker.pipeline.documents import Event, Session
from tracker.views import document_view

# Without a client in the filter no index may fit; what takes longer than this is refused as an outage is.
_MAX_MILLISECONDS = 10_000


async def page_events(
    *,
    client_id: str | None = None,
    event_type: str | None = None,
    session_id: str | None = None,
    visitor_id: str | None = None,
    lead_id: str | None = None,
    form_id: str | None = None,
    test: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: str = "-timestamp",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """A page of events; sorted by ``timestamp``, descending with ``-`` in front.

    :param since: happened at or after; ``until``: before. Aware.
    :raises InvalidError: when the sort, limit or cursor cannot be used.
    """
    exact = {
        "clientId": client_id,
        "eventType": event_type,
        "sessionId": session_id,
        "visitorId": visitor_id,
        "leadId": lead_id,
        "formId": form_id,
        "test": test,
    }
    order = Sort.parse(sort, ("timestamp",))
    return await _page(Event, _query(exact, order.name, since, until), order, limit, cursor)


async def page_sessions(
    *,
    client_id: str | None = None,
    session_id: str | None = None,
    visitor_id: str | None = None,
    test: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: str = "-startedAt",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """A page of sessions; sorted by ``startedAt``, descending with ``-`` in front.

    :param since: began at or after; ``until``: before. Aware.
    :raises InvalidError: when the sort, limit or cursor cannot be used.
    """
    exact = {"clientId": client_id, "sessionId": session_id, "visitorId": visitor_id, "test": test}
    order = Sort.parse(sort, ("startedAt",))
    return await _page(Session, _query(exact, order.name, since, until), order, limit, cursor)


def _query(exact: Mapping[str, Any], time: str, since: datetime | None, until: datetime | None) -> list[dict[str, Any]]:
    conditions: list[dict[str, Any]] = [{name: value} for name, value in exact.items() if value is not None]
    if since:
        conditions.append({time: {"$gte": since}})
    if until:
        conditions.append({time: {"$lt": until}})
    return conditions


async def _page(
    document: type[Document], conditions: list[dict[str, Any]], order: Sort, limit: int, cursor: str | None
) -> Page:
    size, label = checked_limit(limit), f"{document.Settings.name}:{order}"
    beyond, turn = ("$lt", -1) if order.descending else ("$gt", 1)

    async def find(*more: dict[str, Any], by: str, number: int) -> list[dict[str, Any]]:
        parts = [*conditions, *more]
        found = document.get_pymongo_collection().find({"$and": parts} if parts else {})
        return await found.sort(by, turn).limit(number).max_time_ms(_MAX_MILLISECONDS).to_list()

    rows: list[dict[str, Any]] = []
    further: list[dict[str, Any]] = []
    if cursor is not None:
        at, last_id = _place(cursor, label)
        # MongoDB keeps milliseconds, and so does a cursor.
        rows = await find({order.name: at}, {"_id": {beyond: last_id}}, by="_id", number=size + 1)
        further = [{order.name: {beyond: at}}]
    if (wanted := size + 1 - len(rows)) > 0:
        rest = await find(*further, by=order.name, number=wanted)
        whole = [row for row in rest if len(rest) < wanted or row[order.name] != rest[-1][order.name]]
        whole.sort(key=lambda row: (row[order.name], row["_id"]), reverse=order.descending)
        if len(whole) < len(rest):
            # Of the time at which the page is cut, any of its documents may have come.
            cut = rest[-1][order.name]
            whole += await find({order.name: cut}, by="_id", number=wanted - len(whole))
        rows += whole
    last = rows[size - 1] if len(rows) > size else None
    following = encode_cursor(last[order.name], str(last["_id"]), label) if last else None
    return Page([document_view(row) for row in rows[:size]], following)


def _place(cursor: str, label: str) -> tuple[datetime, ObjectId]:
    found = decode_cursor(cursor, label)
    try:
        if isinstance(found.value, datetime):
            return found.value, ObjectId(str(found.id))
    except InvalidId:
        pass
    raise InvalidError("that cursor is not of this list; begin again without one")
