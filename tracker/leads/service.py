"""Reading leads, for the command line and the API."""

from __future__ import annotations

from datetime import datetime
from re import escape
from typing import Any, get_args

from tracker.errors import ConflictError, InvalidError, NotFoundError
from tracker.leads.documents import Lead, LeadStatus
from tracker.leads.emails import normalise_email
from tracker.paging import Cursor, Page, Sort, checked_limit, decode_cursor, encode_cursor
from tracker.views import document_view

SORTS = ("createdAt", "updatedAt")
_MIN_PREFIX = 6
_MAX_MILLISECONDS = 10_000


async def list_leads(
    *,
    client_id: str | None = None,
    status: str | None = None,
    quality: str | None = None,
    email: str | None = None,
    spam: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Leads, the newest first, as JSON-ready dictionaries (camelCase).

    :param email: compared as leads are de-duplicated.
    :param since: created at or after; ``until``: created before.
    """
    query = lead_query(
        client_id=client_id, status=status, quality=quality, email=email, spam=spam, since=since, until=until
    )
    cursor = Lead.get_pymongo_collection().find(served(query)).sort("createdAt", -1).limit(limit)
    return [document_view(row) async for row in cursor]


def lead_query(
    *,
    client_id: str | None = None,
    status: str | None = None,
    quality: str | None = None,
    email: str | None = None,
    spam: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """The filter of stored leads; the same as :func:`list_leads` takes."""
    exact = {"clientId": client_id, "status": status, "quality": quality}
    query: dict[str, Any] = {name: value for name, value in exact.items() if value}
    if email:
        query["email"] = normalise_email(email) or email
    if spam is not None:
        query["spam"] = True if spam else {"$ne": True}
    created = {operator: moment for operator, moment in (("$gte", since), ("$lt", until)) if moment}
    if created:
        query["createdAt"] = created
    return query


def served(query: dict[str, Any]) -> dict[str, Any]:
    """The same filter, such that an index gives its leads in the order of ``createdAt``.

    Every such index begins with the client or the status. Of all statuses together MongoDB merges the parts of the
    index; without any it would sort all leads.
    """
    if "clientId" in query or "status" in query:
        return query
    return {**query, "status": {"$in": list(get_args(LeadStatus))}}


async def page_leads(
    *,
    client_id: str | None = None,
    status: str | None = None,
    quality: str | None = None,
    email: str | None = None,
    form_id: str | None = None,
    source: str | None = None,
    tag: str | None = None,
    test: bool | None = None,
    crm_synced: bool | None = None,
    spam: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    sort: str = "-createdAt",
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """A page of leads; sorted by ``createdAt`` or ``updatedAt``, descending with ``-`` in front.

    :param email: compared as leads are de-duplicated.
    :param since: created at or after; ``until``: created before.
    :raises InvalidError: when the sort, limit or cursor cannot be used.
    """
    order = Sort.parse(sort, SORTS)
    exact = {"clientId": client_id, "status": status, "quality": quality, "formId": form_id, "source": source}
    query: dict[str, Any] = {name: value for name, value in exact.items() if value}
    query |= {name: value for name, value in (("test", test), ("crmSynced", crm_synced)) if value is not None}
    if tag:
        query["tags"] = tag
    if email:
        query["email"] = normalise_email(email) or email
    if spam is not None:
        query["spam"] = True if spam else {"$ne": True}
    created = {operator: moment for operator, moment in (("$gte", since), ("$lt", until)) if moment}
    if created:
        query["createdAt"] = created
    label, size = f"leads:{order}", checked_limit(limit)
    rows = await _rows(query, order, None if cursor is None else decode_cursor(cursor, label), size + 1)
    last = rows[size - 1] if len(rows) > size else None
    following = encode_cursor(last[order.name], last["leadId"], label) if last else None
    return Page([document_view(row) for row in rows[:size]], following)


async def _rows(query: dict[str, Any], order: Sort, cursor: Cursor | None, limit: int) -> list[dict[str, Any]]:
    """In the order of time and, of one time, id."""
    name, turn = order.name, -1 if order.descending else 1
    after = None
    if cursor is not None:
        if not isinstance(cursor.value, datetime) or not isinstance(cursor.id, str):
            raise InvalidError("that cursor is not of this list; begin again without one")
        after = (cursor.value, cursor.id)
    if name == "createdAt":
        return await _rows_by_index(served(query), name, turn, after, limit)
    leads = Lead.get_pymongo_collection()
    if after is not None:
        beyond = _beyond(turn)
        query = {"$and": [query, {"$or": [{name: {beyond: after[0]}}, {name: after[0], "leadId": {beyond: after[1]}}]}]}
    # No index has this order: it would cost each write of a lead.
    found = leads.find(query).sort([(name, turn), ("leadId", turn)]).limit(limit).max_time_ms(_MAX_MILLISECONDS)
    return await found.to_list()


async def _rows_by_index(
    query: dict[str, Any], name: str, turn: int, after: tuple[datetime, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Two or three queries that an index serves: to sort by the id too, MongoDB would read all leads for each page."""
    leads = Lead.get_pymongo_collection()

    async def of(moment: datetime, most: int, *more: dict[str, Any]) -> list[dict[str, Any]]:
        return await leads.find({"$and": [query, {name: moment}, *more]}).sort("leadId", turn).limit(most).to_list()

    rows: list[dict[str, Any]] = []
    if after is not None:
        rows = await of(after[0], limit, {"leadId": {_beyond(turn): after[1]}})
        query_beyond = {"$and": [query, {name: {_beyond(turn): after[0]}}]}
    else:
        query_beyond = query
    missing = limit - len(rows)
    found = await leads.find(query_beyond).sort(name, turn).limit(missing).to_list() if missing else []
    if not found:
        return rows
    # Of the last time there may be more, and which of them were found is chance.
    end = found[-1][name]
    sure = sorted(
        (row for row in found if row[name] != end), key=lambda row: (row[name], row["leadId"]), reverse=turn < 0
    )
    return [*rows, *sure, *await of(end, missing - len(sure))]


def _beyond(turn: int) -> str:
    return "$lt" if turn < 0 else "$gt"


async def get_lead(ref: str) -> dict[str, Any]:
    """One lead by its id or the beginning of it, JSON-ready.

    :raises NotFoundError: when there is none; :raises ConflictError: when several begin so.
    """
    return document_view(await find_lead(ref))


async def find_lead(ref: str) -> dict[str, Any]:
    """The stored document of the same.

    :raises NotFoundError: when there is none; :raises ConflictError: when several begin so.
    """
    query: dict[str, Any] = {"leadId": ref}
    if _MIN_PREFIX <= len(ref) < 36:
        query = {"leadId": {"$regex": f"^{escape(ref)}"}}
    rows: list[dict[str, Any]] = await Lead.get_pymongo_collection().find(query).limit(2).to_list()
    if not rows:
        raise NotFoundError(f"no lead {ref}; `trackerctl lead list` shows them")
    if len(rows) > 1:
        raise ConflictError(f"several leads begin with {ref}; give more of the id")
    return rows[0]
