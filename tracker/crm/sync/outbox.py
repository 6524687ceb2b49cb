"""Notes which leads are due for which account, in the transaction that changes the lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.crm.sync.due import due_at
from tracker.leads.changes import LeadChange
from tracker.stores.documents import Database


def due_updates(changes: Iterable[LeadChange], now: datetime) -> list[UpdateOne]:
    """What is to be written into ``crm_due``; a lead that is due again is marked as not synced.

    Costs a comparison for a client without a CRM.
    """
    updates = []
    for change in changes:
        client, after = change.client, change.after
        if not client.crm:
            continue
        rules = client.settings
        due = due_at(change.before, after, rules.sync_partial, now, deliver_spam=rules.deliver_spam)
        if due is None:
            continue
        after["crmSynced"] = False
        updates += [mark(one.connection_id, client.client_id, after["leadId"], due, now) for one in client.crm]
    return updates


def mark(
    connection_id: str, client_id: str, lead_id: str, due: datetime, now: datetime, *, force: bool = False
) -> UpdateOne:
    """One lead is due; if it was already, the earlier time stands.

    :param force: bring all of it over, not only what changed.
    """
    fresh: dict[str, Any] = {"token": uuid4().hex, "tries": 0}
    if force:
        fresh["force"] = True
    owner = {"connectionId": connection_id, "clientId": client_id, "leadId": lead_id, "createdAt": now}
    return UpdateOne(
        {"_id": f"{connection_id}:{lead_id}"},
        {"$set": fresh, "$min": {"dueAt": due}, "$setOnInsert": {**owner, "task": "upsert"}},
        upsert=True,
    )


def deletions(lead: Mapping[str, Any], now: datetime) -> list[UpdateOne]:
    """What is due when a lead is deleted: its records in each account it was brought to."""
    ids: dict[str, dict[str, str]] = {}
    for record in lead.get("crmRecords") or ():
        if record.get("crmId"):
            ids.setdefault(record["connectionId"], {})[record["entity"]] = record["crmId"]
    return [
        UpdateOne(
            {"_id": f"{connection_id}:{lead['leadId']}"},
            {
                "$set": {
                    "token": uuid4().hex, "tries": 0, "task": "delete", "crmIds": found, "dueAt": now,
                    "connectionId": connection_id, "clientId": lead["clientId"], "leadId": lead["leadId"],
                },
                "$setOnInsert": {"createdAt": now},
            },
            upsert=True,
        )
        for connection_id, found in ids.items()
    ]  # fmt: skip


async def stage(database: Database, updates: Sequence[UpdateOne], session: AsyncClientSession | None = None) -> None:
    """Write them."""
    if updates:
        await database["crm_due"].bulk_write(list(updates), ordered=False, session=session)
