"""Erases a person's leads, and writes down in the same transaction who must be told.

The ids under which CRMs know a lead are read by the transaction that deletes it. No worker sends the lead to an account
meanwhile: this process holds the accounts' leases, so that no CRM gets a record whose id nobody has noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.config.records import ClientRecord
from tracker.crm.sync.lease import AccountLease
from tracker.crm.sync.outbox import deletions, stage
from tracker.privacy.erase.mentions import strip_mentions
from tracker.privacy.erase.work import WaitingError, Work
from tracker.privacy.owned import parts
from tracker.stores.documents import all_or_nothing
from tracker.webhooks.outbox import deliveries as delivery_rows
from tracker.webhooks.outbox import forget_lead
from tracker.webhooks.outbox import stage as stage_deliveries
from tracker.webhooks.payloads import deletion, delivery_id, endpoints_for

_LOOK_AGAIN_SECONDS = 0.25
LEASE_PATIENCE_SECONDS = 45.0
"""Longer than the lease of a worker that died."""


async def delete_leads(work: Work) -> None:
    """Delete the leads; note what their CRM accounts and webhooks are to be told."""
    for client_id, leads in sorted(work.notes.found.leads.items()):
        own = {"clientId": client_id, "leadId": {"$in": sorted(leads)}}
        if not await work.database["leads"].find_one(own, {"_id": 1}):
            continue
        client = await asyncio.to_thread(work.tools.config.client_record, client_id)
        async with held_accounts(work, client_id, await _accounts(work, client_id, leads, client)):
            for lead_id in sorted(leads):
                await _delete_lead(work, client_id, lead_id, client)
                await work.tools.reached("leads")
    await strip_mentions(work, "leads")


async def _delete_lead(work: Work, client_id: str, lead_id: str, client: ClientRecord | None) -> None:
    database, now = work.database, datetime.now(UTC)
    key = {"clientId": client_id, "leadId": lead_id}
    adapters = {one.connection_id: one.adapter for one in client.crm} if client else {}

    async def write(session: AsyncClientSession | None) -> int:
        lead = await database["leads"].find_one(key, session=session)
        if lead is None:
            return 0
        told = delivery_rows(deletion(lead, now), client, now) if client else []
        await forget_lead(database, client_id, lead_id, session)
        await database["crm_due"].delete_many({**key, "task": "upsert"}, session=session)
        await stage(database, deletions(lead, now), session)
        await stage_deliveries(database, told, session)
        await database["leads"].delete_one({"_id": lead["_id"]}, session=session)
        await work.update(
            {
                "$inc": {"counts.leads": 1},
                "$push": {
                    "crm": {"$each": _to_tell(lead, adapters)},
                    "webhooks": {"$each": _told(lead, client, now) if client else []},
                },
            },
            session,
        )
        return 1

    work.removed += await all_or_nothing(database, write)


def _to_tell(lead: dict[str, Any], adapters: dict[str, str]) -> list[dict[str, Any]]:
    connections = {one["connectionId"] for one in lead.get("crmRecords") or () if one.get("crmId")}
    return [
        {
            "connectionId": connection,
            "adapter": adapters.get(connection),
            "clientId": lead["clientId"],
            "leadId": lead["leadId"],
            "state": "pending",
        }
        for connection in sorted(connections)
    ]


def _told(lead: dict[str, Any], client: ClientRecord, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "endpointId": endpoint.endpoint_id,
            "deliveryId": delivery_id(endpoint.endpoint_id, message),
            "clientId": lead["clientId"],
            "leadId": lead["leadId"],
            "state": "pending",
        }
        for message in deletion(lead, now)
        for endpoint in endpoints_for(message, client)
    ]


async def _accounts(work: Work, client_id: str, leads: set[str], client: ClientRecord | None) -> list[str]:
    """Accounts to which one of the leads was brought, or may be being brought now."""
    own: dict[str, Any] = {"clientId": client_id, "leadId": {"$in": sorted(leads)}}
    found = set(await work.database["crm_due"].distinct("connectionId", own))
    found |= set(await work.database["leads"].distinct("crmRecords.connectionId", own))
    found |= {one.connection_id for one in client.crm} if client else set()
    return sorted(found - {None})


@asynccontextmanager
async def held_accounts(work: Work, client_id: str, connections: list[str]) -> AsyncIterator[None]:
    """Hold these accounts, so that nobody sends anything to them.

    :raises WaitingError: when a worker keeps one for long.
    """
    holder = asyncio.current_task()
    assert holder is not None
    async with AsyncExitStack() as stack:
        # Always in the same order: two that wait for each other would wait for ever.
        for connection in connections:
            lease = AccountLease(work.database, connection, client_id, f"erasure-{uuid4().hex}")
            deadline = asyncio.get_running_loop().time() + LEASE_PATIENCE_SECONDS
            while await lease.take(holder) is None:
                if asyncio.get_running_loop().time() > deadline:
                    what = f"a worker is busy with the CRM account {connection}"
                    raise WaitingError(what, datetime.now(UTC) + timedelta(seconds=30))
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            stack.push_async_callback(lease.release)
        yield


async def delete_attempts(work: Work, *, also_answers: bool = False) -> None:
    """What CRMs said of the leads; errors of CRMs repeat values. Answers to deletions stay until they are noted."""
    answers = {"$or": [{"outcome": "deleted"}, {"code": "NOT_DELETED"}]}
    for client_id, leads in work.notes.found.leads.items():
        for some in parts(leads):
            query: dict[str, Any] = {"clientId": client_id, "leadId": {"$in": some}}
            await work.remove("crm_attempts", query if also_answers else {**query, "$nor": [answers]})
            await work.remove("crm_due", {**query, "task": "upsert"})
