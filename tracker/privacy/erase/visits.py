"""Erases a person's events and visits; a visit that others share loses what was theirs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.analytics import state
from tracker.analytics.aggregate import REACH
from tracker.analytics.changes import days_between, days_of_lead
from tracker.privacy.erase.mentions import strip, strip_mentions
from tracker.privacy.erase.work import Work
from tracker.privacy.locate import event_queries
from tracker.privacy.owned import parts
from tracker.privacy.scan import scan
from tracker.stores.documents import all_or_nothing

_AT_ONCE = 500
_READ = dict.fromkeys(("clientId", "sessionId", "eventType", "timestamp", "payload.page.url", "payload.page.path"), 1)


async def note_days(work: Work) -> None:
    """Note and mark the days whose figures the person's leads and visits are part of."""
    found = work.notes.found
    days: dict[str, set[date]] = defaultdict(set)
    for client, leads in found.leads.items():
        for some in parts(leads):
            async for lead in work.database["leads"].find(
                {"clientId": client, "leadId": {"$in": some}}, {"createdAt": 1}
            ):
                days[client].update(days_of_lead(lead["createdAt"]))
    by_client: dict[str, set[str]] = defaultdict(set)
    for client, session in found.sessions | found.shared_sessions:
        by_client[client].add(session)
    for client, sessions in by_client.items():
        for some in parts(sessions):
            own = {"clientId": client, "sessionId": {"$in": some}}
            async for visit in work.database["sessions"].find(own, {"startedAt": 1, "endedAt": 1}):
                days[client].update(days_between(visit["startedAt"].date(), visit["endedAt"].date()))
    for client, some_days in days.items():
        await _touch(work, client, some_days)


async def delete_events(work: Work) -> None:
    """The person's events; of others' events that hold an address, the value."""
    for query in event_queries(work.notes.found):
        while rows := await work.database["events"].find(query, _READ).limit(_AT_ONCE).to_list():
            await _delete(work, rows)
    # Those that were looked through need not be again; others were inserted since.
    recent = {"_id": {"$gte": work.since}} if work.since else {}
    batch: list[dict[str, Any]] = []
    async for row in scan(work.database["events"], work.needles, {**work.notes.subject.client_query, **recent}):
        if work.notes.found.is_of_another(row):
            await strip(work, "events", row)
            continue
        batch.append(row)
        if len(batch) >= _AT_ONCE:
            await _delete(work, batch)
            batch = []
    await _delete(work, batch)


async def _delete(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    days: dict[str, set[date]] = defaultdict(set)
    for row in rows:
        # An attempt at a form shows in the day before or after as well, where it began or goes on there.
        near = days_between((row["timestamp"] - REACH).date(), (row["timestamp"] + REACH).date())
        days[row["clientId"]].update(near)
    for client, some in days.items():
        await _touch(work, client, some)

    async def write(session: AsyncClientSession | None) -> int:
        events = work.database["events"]
        wanted = {"_id": {"$in": [row["_id"] for row in rows]}}
        # Another process may have deleted some: each is taken off its visit once.
        there = {row["_id"] async for row in events.find(wanted, {"_id": 1}, session=session)}
        updates = _visit_updates(work, [row for row in rows if row["_id"] in there])
        deleted = (await events.delete_many(wanted, session=session)).deleted_count
        if updates:
            await work.database["sessions"].bulk_write(updates, ordered=False, session=session)
        if deleted:
            await work.update({"$inc": {"counts.events": deleted}}, session)
        return int(deleted)

    work.removed += await all_or_nothing(work.database, write)
    await _delete_empty(work, rows)
    await work.tools.reached("events")


def _visit_updates(work: Work, rows: Sequence[dict[str, Any]]) -> list[UpdateOne]:
    """What visits that stay lose with these events."""
    by_visit: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        key = (row["clientId"], row.get("sessionId") or "")
        if key[1] and key not in work.notes.found.sessions:
            by_visit[key].append(row)
    updates = []
    for (client, session), own in by_visit.items():
        kinds = Counter(row["eventType"] for row in own)
        views = [row for row in own if row["eventType"] == "page_view"]
        change: dict[str, Any] = {
            "$inc": {
                "eventCount": -len(own),
                "pageViewCount": -kinds["page_view"],
                "formSubmissions": -kinds["form_submission"],
            }
        }
        if views:
            urls = {_url(row) for row in views}
            times = {row["timestamp"] for row in views}
            change["$pull"] = {"pageViews": {"timestamp": {"$in": sorted(times)}, "url": {"$in": sorted(urls)}}}
        updates.append(UpdateOne({"clientId": client, "sessionId": session}, change))
    return updates


def _url(row: dict[str, Any]) -> str:
    page = (row.get("payload") or {}).get("page") or {}
    return str(page.get("url") or page.get("path") or "")


async def _delete_empty(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    """Visits of which nothing is left."""
    by_client: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.get("sessionId"):
            by_client[row["clientId"]].add(row["sessionId"])
    for client, sessions in by_client.items():
        await work.remove(
            "sessions", {"clientId": client, "sessionId": {"$in": sorted(sessions)}, "eventCount": {"$lte": 0}}
        )


async def delete_sessions(work: Work) -> None:
    """Visits that are the person's alone; others forget the person's leads."""
    found = work.notes.found
    for name, keys in (("sessionId", found.sessions), ("visitorId", found.visitors)):
        by_client: dict[str, set[str]] = defaultdict(set)
        for client, one in keys:
            by_client[client].add(one)
        for client, ids in by_client.items():
            others = {"$not": {"$elemMatch": {"leadId": {"$nin": sorted(found.leads.get(client, ()))}}}}
            for some in parts(ids):
                await work.remove("sessions", {"clientId": client, name: {"$in": some}, "leads": others})
    for client, leads in found.leads.items():
        for some in parts(leads):
            await work.database["sessions"].update_many(
                {"clientId": client, "leads.leadId": {"$in": some}}, {"$pull": {"leads": {"leadId": {"$in": some}}}}
            )
    await strip_mentions(work, "sessions")


async def _touch(work: Work, client: str, days: set[date]) -> None:
    new = days - work.notes.days.get(client, set())
    await work.touch_days(client, days)
    if new:
        await state.mark(client, new)
