"""Gives up on partial leads that nobody touches any more (decisions §9)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.config.records import ClientRecord
from tracker.crm.sync.outbox import due_updates
from tracker.crm.sync.outbox import stage as stage_due
from tracker.leads.changes import LeadChange, has_listeners
from tracker.leads.merge import ABANDONED, MAX_HISTORY, longer_history
from tracker.stores.documents import Database, all_or_nothing
from tracker.webhooks.outbox import lead_deliveries, stage

ClientOf = Callable[[str], Awaitable[ClientRecord | None]]
_AT_ONCE = 100


async def close_abandoned(
    database: Database, now: datetime, pause: timedelta, client_of: ClientOf | None = None
) -> int:
    """Make the source of every partial lead that was last touched before ``now - pause`` ``abandoned_form``.

    One statement: a submission that comes at the same time wins or promotes the lead afterwards, and running it twice
    changes nothing. The next interaction takes it back. Only the leads of clients with webhooks or a CRM are taken one
    hundred at a time, with what these are told of them.

    :param client_of: finds clients by id, to tell their webhooks and CRM accounts; ``None`` tells nobody.
    :returns: how many leads there were.
    :raises UnavailableError: when a client cannot be looked up now; nothing of it is lost.
    """
    due: dict[str, Any] = {
        "status": "partial",
        "source": "form_interaction",
        "lastInteractionAt": {"$lt": now - pause},
    }
    entry: dict[str, Any] = {
        "at": now,
        "decision": "abandoned",
        "reason": f"untouched for {round(pause.total_seconds() / 60)} minutes",
        "status": "partial",
    }
    told: list[str] = []
    closed = 0
    for client_id in await database["leads"].distinct("clientId", due) if client_of else ():
        client = await client_of(client_id) if client_of else None
        if client is not None and has_listeners(client):
            told.append(client_id)
            closed += await _close_and_tell(database, {**due, "clientId": client_id}, entry, client)
    rest = {**due, "clientId": {"$nin": told}} if told else due
    return closed + (await database["leads"].update_many(rest, _update(entry))).modified_count


def _update(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "$set": {"source": ABANDONED, "abandonedAt": entry["at"]},
        "$max": {"updatedAt": entry["at"]},
        "$push": {"history": {"$each": [entry], "$slice": -MAX_HISTORY}},
    }


async def _close_and_tell(database: Database, due: dict[str, Any], entry: dict[str, Any], client: ClientRecord) -> int:
    """The same with listeners: what is told is of the leads that were changed, as they were then."""

    async def write(session: AsyncClientSession | None) -> int:
        leads = await database["leads"].find(due, session=session).limit(_AT_ONCE).to_list()
        if not leads:
            return 0
        ids = [lead["_id"] for lead in leads]
        await database["leads"].update_many({**due, "_id": {"$in": ids}}, _update(entry), session=session)
        changes = [LeadChange(lead, _closed(lead, entry), client) for lead in leads]
        await stage_due(database, due_updates(changes, entry["at"]), session)
        await stage(database, lead_deliveries(changes, entry["at"]), session)
        return len(leads)

    closed = 0
    while number := await all_or_nothing(database, write):
        closed += number
    return closed


def _closed(lead: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    return {
        **lead,
        "source": ABANDONED,
        "abandonedAt": entry["at"],
        "updatedAt": max(lead["updatedAt"], entry["at"]),
        "history": longer_history(lead["history"], entry),
    }
