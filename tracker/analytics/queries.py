"""Reading daily figures, for the command line and the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tracker.analytics.documents import DIMENSIONS, METRICS, AnalyticsDaily


async def list_rows(
    *,
    client_id: str | None = None,
    form_id: str | None = None,
    test: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Stored rows, the newest days first and in a day those with the most views, as JSON-ready dictionaries.

    :param since: the day of this moment and later ones; ``until``: days that begin before it.
    """
    query = _query(client_id, test, since, until)
    if form_id:
        query["formId"] = form_id
    shown = dict.fromkeys(("clientId", *DIMENSIONS, *METRICS), 1)
    cursor = AnalyticsDaily.get_pymongo_collection().find(query, {"_id": 0, **shown})
    order = [("date", -1), ("views", -1), ("clientId", 1), ("formId", 1), ("source", 1), ("medium", 1), ("campaign", 1)]
    return [_ordered(row) async for row in cursor.sort(order).limit(limit)]


async def totals(
    client_id: str, *, by: str, test: bool = False, since: datetime | None = None, until: datetime | None = None
) -> list[dict[str, Any]]:
    """A client's figures added up: days in order from the newest, anything else from the most views and leads down.

    :param by: one of :data:`tracker.analytics.documents.DIMENSIONS`.
    """
    pipeline: list[dict[str, Any]] = [
        {"$match": _query(client_id, test, since, until)},
        {"$group": {"_id": f"${by}", **{name: {"$sum": f"${name}"} for name in METRICS}}},
        {"$sort": {"_id": -1} if by == "date" else {"views": -1, "leads": -1, "_id": 1}},
    ]
    async with await AnalyticsDaily.get_pymongo_collection().aggregate(pipeline) as cursor:
        return [{by: row["_id"], **{name: row[name] for name in METRICS}} async for row in cursor]


def _query(client_id: str | None, test: bool, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    query: dict[str, Any] = {"clientId": client_id, "test": test} if client_id else {"test": test}
    days: dict[str, str] = {}
    if since:
        days["$gte"] = since.date().isoformat()
    if until:
        days["$lte"] = (until - timedelta(microseconds=1)).date().isoformat()
    if days:
        query["date"] = days
    return query


def _ordered(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("clientId", *DIMENSIONS, *METRICS)}
