"""Finds the days whose figures may have changed, and marks them.

Every change of a session or a lead comes with an event that is stored in the same transaction, so the events that were
stored since the last look lead to all of it. What is deleted by hand or on request is not seen here: who deletes calls
:func:`tracker.analytics.service.rebuild_days`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pymongo
from bson import ObjectId

from tracker.analytics import state
from tracker.analytics.aggregate import FORM_EVENTS, REACH
from tracker.analytics.documents import AnalyticsDaily
from tracker.leads.documents import Lead
from tracker.pipeline.documents import Event, Session

# Ids of events are made before their transaction commits, by workers whose clocks differ; a transaction may last 60 s.
OVERLAP = timedelta(minutes=3)
# How far an event that comes late may take the beginning of its lead back (`tracker.leads.merge`).
_LEAD_MOVES = timedelta(hours=12)
_CHUNK = 1000
LONGEST_SECONDS = 1800
"""Longest that one aggregation may take; the connection's own time limit is for the small calls of the event path."""

Changed = dict[str, set[date]]


@dataclass(frozen=True, slots=True)
class _Group:
    """New events of one client, session, lead and day: those of forms, or the others."""

    client_id: str
    session_id: str | None
    lead_id: str | None
    first: datetime
    last: datetime
    of_form: bool


async def mark_changes(now: datetime) -> None:
    """Mark what changed since the last look, and what is older now than its attempts may wait."""
    since = await state.watermark()
    changed = await _everything() if since is None else await _changed_since(since - OVERLAP)
    for client_id, days in (await _aged(now)).items():
        changed[client_id] |= days
    for client_id, days in sorted(changed.items()):
        await state.mark(client_id, days)
    await state.advance_watermark(now)


async def clients() -> list[str]:
    """Every client that has events, sessions, leads or figures, by id."""
    found: set[str] = set()
    for document in (Event, Session, Lead, AnalyticsDaily):
        found.update(await document.get_pymongo_collection().distinct("clientId"))
    return sorted(found)


async def span(client_id: str) -> list[date]:
    """The days from a client's first event, session, lead or row to the last; empty when there is none."""
    ends: list[date] = []
    for document, name in ((Event, "timestamp"), (Session, "startedAt"), (Lead, "createdAt"), (AnalyticsDaily, "date")):
        for direction in (1, -1):
            # A document that somebody made by hand, without a time, must not stop everybody's figures.
            query = {"clientId": client_id, name: {"$type": ["date", "string"]}}
            rows = document.get_pymongo_collection().find(query, {"_id": 0, name: 1})
            ends += [_day(row[name]) async for row in rows.sort([("clientId", direction), (name, direction)]).limit(1)]
    return list(days_between(min(ends), max(ends))) if ends else []


def days_between(first: date, last: date) -> Iterator[date]:
    """Both included."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def days_of_lead(created_at: datetime) -> Iterator[date]:
    """The days that a lead was ever counted in: an event that comes late takes its beginning back."""
    return days_between(created_at.date(), (created_at + _LEAD_MOVES).date())


async def _everything() -> Changed:
    changed: Changed = defaultdict(set)
    for client_id in await clients():
        changed[client_id].update(await span(client_id))
    return changed


async def _aged(now: datetime) -> Changed:
    changed: Changed = defaultdict(set)
    # Not those of closed days: they stay as they are, and would be found again each time.
    query = {"agesAt": {"$lte": now}, "openUntil": {"$gt": now + REACH}}
    async for row in AnalyticsDaily.get_pymongo_collection().find(query, {"_id": 0, "clientId": 1, "date": 1}):
        changed[row["clientId"]].add(_day(row["date"]))
    return changed


async def _changed_since(since: datetime) -> Changed:
    changed: Changed = defaultdict(set)
    key = {
        "clientId": "$clientId",
        "sessionId": "$sessionId",
        "leadId": "$leadId",
        "day": {"$dateTrunc": {"date": "$timestamp", "unit": "day"}},
        "ofForm": {"$in": ["$eventType", list(FORM_EVENTS)]},
    }
    pipeline: list[dict[str, Any]] = [
        {"$match": {"_id": {"$gte": ObjectId.from_datetime(since)}}},
        {"$group": {"_id": key, "first": {"$min": "$timestamp"}, "last": {"$max": "$timestamp"}}},
    ]
    groups: list[_Group] = []
    with pymongo.timeout(LONGEST_SECONDS):
        async with await Event.get_pymongo_collection().aggregate(pipeline, allowDiskUse=True) as cursor:
            async for row in cursor:
                groups.append(_group(row))
                if len(groups) == _CHUNK:
                    await _add(changed, groups)
                    groups = []
    await _add(changed, groups)
    return changed


def _group(row: dict[str, Any]) -> _Group:
    key = row["_id"]
    return _Group(
        key["clientId"], key.get("sessionId"), key.get("leadId"), row["first"], row["last"], of_form=key["ofForm"]
    )


async def _add(changed: Changed, groups: Sequence[_Group]) -> None:
    by_client: dict[str, list[_Group]] = defaultdict(list)
    for group in groups:
        # An attempt belongs to the day before where it began there, and shows in the day after where it goes on.
        reach = REACH if group.of_form else timedelta()
        changed[group.client_id].update(days_between((group.first - reach).date(), (group.last + reach).date()))
        by_client[group.client_id].append(group)
    for client_id, own in by_client.items():
        leads = {group.lead_id for group in own if group.lead_id}
        changed[client_id] |= await _of_sessions(client_id, own, leads)
        changed[client_id] |= await _of_leads(client_id, sorted(leads))


async def _of_sessions(client_id: str, groups: Sequence[_Group], leads: set[str]) -> set[date]:
    """The days of sessions that begin elsewhere, or otherwise, than before; adds the leads that they remember."""
    firsts: dict[str, datetime] = {}
    for group in groups:
        if group.session_id:
            firsts[group.session_id] = min(group.first, firsts.get(group.session_id, group.first))
    if not firsts:
        return set()
    days: set[date] = set()
    query = {"clientId": client_id, "sessionId": {"$in": list(firsts)}}
    wanted = dict.fromkeys(("sessionId", "startedAt", "endedAt", "touchAt", "leads.leadId"), 1)
    async for row in Session.get_pymongo_collection().find(query, {"_id": 0, **wanted}):
        if firsts[row["sessionId"]] <= (row.get("touchAt") or row["startedAt"]):
            days.update(days_between(row["startedAt"].date(), row["endedAt"].date()))
            leads.update(entry["leadId"] for entry in row.get("leads") or ())
    return days


async def _of_leads(client_id: str, lead_ids: Sequence[str]) -> set[date]:
    if not lead_ids:
        return set()
    days: set[date] = set()
    query = {"clientId": client_id, "leadId": {"$in": list(lead_ids)}}
    async for row in Lead.get_pymongo_collection().find(query, {"_id": 0, "createdAt": 1}):
        days.update(days_of_lead(row["createdAt"]))
    return days


def _day(value: datetime | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value.date()
