"""Deletes leads that nobody has touched for longer than their client keeps them.

A lead's period begins anew with each event and each change by hand. Who is due goes with its events, what waits to tell
of it, and what CRMs said of it, as ``lead delete`` has it, and webhooks hear ``lead.deleted``; but a CRM keeps its
record: its own retention decides about that. A lead that waits for a CRM, or that a CRM holds, goes like all others: a
period is a promise to people, and no outage of others prolongs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.analytics import state
from tracker.analytics.aggregate import REACH
from tracker.analytics.changes import days_between, days_of_lead
from tracker.config.records import ClientRecord
from tracker.privacy.retention import Periods
from tracker.stores.documents import Database, all_or_nothing
from tracker.webhooks.outbox import deliveries, forget_lead
from tracker.webhooks.outbox import stage as stage_deliveries
from tracker.webhooks.payloads import deletion

_AT_ONCE = 100
_KNOWN_TO_CRM: list[dict[str, Any]] = [
    {"crmSynced": True},
    {"crmId": {"$nin": [None, ""]}},
    {"crmRecords.0": {"$exists": True}},
]


def leads_query(client_id: str, *, synced: bool, untouched_since: datetime | None = None) -> dict[str, Any]:
    """Leads that a CRM has, or those that none has; only those that nobody touched since then."""
    query: dict[str, Any] = {"clientId": client_id, "$or" if synced else "$nor": _KNOWN_TO_CRM}
    if untouched_since is not None:
        # The index is over the beginning, which is never later.
        query |= {"createdAt": {"$lt": untouched_since}, "updatedAt": {"$lt": untouched_since}}
    return query


def due_queries(client_id: str, periods: Periods, now: datetime) -> dict[str, dict[str, Any]]:
    """What is due at ``now``, by the names that views use; without kinds that are kept for ever."""
    found = {}
    for name, synced, period in (
        ("unsyncedLeads", False, periods.unsynced_leads),
        ("syncedLeads", True, periods.synced_leads),
    ):
        if (cutoff := period.cutoff(now)) is not None:
            found[name] = leads_query(client_id, synced=synced, untouched_since=cutoff)
    return found


async def delete_due(
    database: Database, client_id: str, client: ClientRecord | None, periods: Periods, now: datetime
) -> Counter[str]:
    """Delete a client's leads that are due, some at a time; may be ended at any point and run beside itself.

    :param client: whose webhooks are told; ``None`` for one that was deleted.
    :returns: how many leads of each kind, and how many of their events.
    :raises pymongo.errors.PyMongoError: when MongoDB is away; what was deleted until then stays so.
    """
    gone: Counter[str] = Counter()
    for name, query in due_queries(client_id, periods, now).items():
        while leads := await database["leads"].find(query).limit(_AT_ONCE).to_list():
            number, events = await _delete(database, leads, query, client)
            gone[name] += number
            gone["events"] += events
    return +gone


async def _delete(
    database: Database, leads: Sequence[dict[str, Any]], query: dict[str, Any], client: ClientRecord | None
) -> tuple[int, int]:
    client_id = leads[0]["clientId"]
    days = await _days(database, leads)
    # Before and after: a rebuild may have seen the days before the events were gone.
    await state.mark(client_id, days)

    async def write(session: AsyncClientSession | None) -> tuple[int, int]:
        # Whoever came back meanwhile is not due any more. An event that joins the lead at this very moment conflicts
        # with this, is tried again, and begins a new one.
        due = {**query, "_id": {"$in": [lead["_id"] for lead in leads]}}
        going = await database["leads"].find(due, session=session).to_list()
        if not going:
            return 0, 0
        await database["leads"].delete_many({"_id": {"$in": [lead["_id"] for lead in going]}}, session=session)
        events = await database["events"].delete_many(_events_of(going), session=session)
        await _forget(database, going, client, session)
        return len(going), events.deleted_count

    done = await all_or_nothing(database, write)
    await state.mark(client_id, days)
    return done


def _events_of(leads: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The events of these leads. No index knows leads, but none of their events is later than their last change."""
    last = max(lead["updatedAt"] for lead in leads)
    ids = [lead["leadId"] for lead in leads]
    return {"clientId": leads[0]["clientId"], "timestamp": {"$lte": last}, "leadId": {"$in": ids}}


async def _forget(
    database: Database, leads: Sequence[dict[str, Any]], client: ClientRecord | None, session: AsyncClientSession | None
) -> None:
    """All that hangs on leads and is no lead and no event."""
    client_id, ids = leads[0]["clientId"], [lead["leadId"] for lead in leads]
    last = max(lead["updatedAt"] for lead in leads)
    await database["sessions"].update_many(
        {"clientId": client_id, "startedAt": {"$lte": last}, "leads.leadId": {"$in": ids}},
        {"$pull": {"leads": {"leadId": {"$in": ids}}}},
        session=session,
    )
    own: dict[str, Any] = {"clientId": client_id, "leadId": {"$in": ids}}
    await database["crm_due"].delete_many({**own, "task": {"$ne": "delete"}}, session=session)
    await database["crm_attempts"].delete_many(own, session=session)
    for lead_id in ids:
        await forget_lead(database, client_id, lead_id, session)
    if client is not None and client.webhooks:
        now = datetime.now(UTC)
        told = [row for lead in leads for row in deliveries(deletion(lead, now), client, now)]
        await stage_deliveries(database, told, session)


async def _days(database: Database, leads: Sequence[dict[str, Any]]) -> Iterable[date]:
    """The days whose figures these leads and their events are part of."""
    days = {day for lead in leads for day in days_of_lead(lead["createdAt"])}
    async for event in database["events"].find(_events_of(leads), {"_id": 0, "timestamp": 1}):
        # An attempt at a form shows in the day before or after as well, where it began or goes on there.
        days.update(days_between((event["timestamp"] - REACH).date(), (event["timestamp"] + REACH).date()))
    return days
