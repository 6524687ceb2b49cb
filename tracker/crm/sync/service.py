"""What operators ask of the sync, and tell it: how it stands, bring these leads over again, what would change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from pymongo import UpdateOne

from tracker.crm.base import Record, Usage, Value
from tracker.crm.fit import check_values
from tracker.crm.sync import circuit
from tracker.crm.sync.account import Account
from tracker.crm.sync.due import is_wanted
from tracker.crm.sync.outbox import mark
from tracker.crm.sync.parcels import Parcel, pack
from tracker.stores.documents import Database

_PAGE = 500


class AccountStatus(msgspec.Struct, rename="camel"):
    """How it stands with one account.

    :ivar waiting: leads that are due or will be; ``oldest_due_at``: since when the first of them is.
    :ivar failed: leads whose last try ended in an error that does not pass by itself.
    :ivar circuit: why and until when the account is left alone.
    :ivar exhausted_at: when its calls are used up if it goes on like this.
    """

    connection_id: str
    waiting: int
    oldest_due_at: datetime | None
    failed: int
    circuit: dict[str, Any] | None
    usage: dict[str, Any] | None
    exhausted_at: datetime | None
    totals: dict[str, int]
    last_success_at: datetime | None


class Preview(msgspec.Struct, rename="camel"):
    """What a sync of one lead would do to one record: ``{field: [value in the CRM, new value]}``.

    :ivar action: ``create``, ``update``, ``nothing`` or ``refuse``; the last with ``errors``.
    """

    lead_id: str
    entity: str
    action: str
    crm_id: str | None = None
    changes: dict[str, tuple[Any, Value]] = {}
    errors: list[str] = []


async def status_of(database: Database, connection_id: str, client_id: str) -> AccountStatus:
    """Read it.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    state = await database["crm_state"].find_one({"_id": connection_id}) or {}
    own = {"connectionId": connection_id}
    oldest = await database["crm_due"].find_one(own, {"dueAt": 1}, sort=[("dueAt", 1)])
    usage = state.get("usage")
    heard = Usage(usage["used"], usage["limit"], usage["windowSeconds"]) if usage else None
    found, now = state.get("circuit"), datetime.now(UTC)
    return AccountStatus(
        connection_id=connection_id,
        waiting=await database["crm_due"].count_documents(own),
        oldest_due_at=oldest["dueAt"] if oldest else None,
        failed=await database["leads"].count_documents(failed_query(client_id)),
        circuit=found if found and found["until"] > now else None,
        usage=usage,
        exhausted_at=circuit.exhausted_at(state.get("samples") or (), heard, now),
        totals=state.get("totals") or {},
        last_success_at=state.get("lastSuccessAt"),
    )


def failed_query(client_id: str) -> dict[str, Any]:
    """Leads that are not in the CRM as they are, and of which the CRM or the mapping said why."""
    return {"clientId": client_id, "crmSynced": False, "crmErrors.0": {"$exists": True}, "test": {"$ne": True}}


def backfill_query(client_id: str, since: datetime | None, *, failed: bool) -> dict[str, Any]:
    """Leads that a backfill takes."""
    query = failed_query(client_id) if failed else {"clientId": client_id, "test": {"$ne": True}}
    return query | ({"createdAt": {"$gte": since}} if since else {})


async def mark_all(
    database: Database,
    client_id: str,
    connection_ids: Sequence[str],
    query: dict[str, Any],
    sync_partial: str,
    *,
    force: bool = False,
    deliver_spam: bool = False,
) -> AsyncIterator[int]:
    """Note all leads of a query as due for these accounts; yields how many are noted so far.

    May be ended at any time and begun again: what is noted is done once.
    """
    noted, updates = 0, []
    names = dict.fromkeys(("leadId", "status", "email", "crmRecords", "formProgress", "spam"), 1)
    async for lead in database["leads"].find(query, names).sort("createdAt", 1):
        if not is_wanted(lead, sync_partial, deliver_spam=deliver_spam):
            continue
        now = datetime.now(UTC)
        updates += [mark(one, client_id, lead["leadId"], now, now, force=force) for one in connection_ids]
        noted += 1
        if noted % _PAGE == 0:
            await _flush(database, updates)
            updates = []
            yield noted
    await _flush(database, updates)
    yield noted


async def _flush(database: Database, updates: list[UpdateOne]) -> None:
    if updates:
        await database["crm_due"].bulk_write(updates, ordered=False)


async def preview(database: Database, account: Account, query: dict[str, Any], limit: int) -> list[Preview]:
    """What a sync of the newest of these leads would change in the CRM. Reads only.

    :raises CrmError: when the account does not answer.
    """
    found: list[Preview] = []
    records: list[Record] = []
    async for lead in database["leads"].find(query).sort("createdAt", -1).limit(limit):
        wishes = account.client.settings
        if not is_wanted(lead, wishes.sync_partial, deliver_spam=wishes.deliver_spam):
            continue
        parcel = Parcel({"force": True}, lead)
        pack(parcel, account.plan.map(lead), account.id)
        if parcel.refused:
            texts = [error.message for error in parcel.refused]
            found.append(Preview(lead["leadId"], "", "refuse", errors=texts))
        records += parcel.records
    return [*found, *await _compared(account, records)]


async def _compared(account: Account, records: Sequence[Record]) -> list[Preview]:
    if not records:
        return []
    reads = account.adapter.capabilities.reads
    there = await account.adapter.fetch(records) if reads else [None] * len(records)
    result = []
    for record, existing in zip(records, there, strict=True):
        entity = await account.entity(record.entity)
        faults = check_values(entity, record.whole, new=existing is None) if entity else []
        before = existing.fields if existing else {}
        changes = {name: (before.get(name), value) for name, value in record.whole.items() if before.get(name) != value}
        action = "refuse" if faults else "create" if existing is None else "update" if changes else "nothing"
        crm_id = existing.crm_id if existing else None
        texts = [fault.message for fault in faults]
        result.append(Preview(record.lead_id, record.entity, action, crm_id, changes, texts))
    return result
