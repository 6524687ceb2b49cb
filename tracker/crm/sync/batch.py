"""Brings a batch of leads to one account and writes down what came of it.

A crash may come between any two of the writes: first what the CRM said goes onto the lead, then the entry out of the
outbox. A batch that is taken again finds on the lead what went over and sends nothing twice; what was sent and not
written down is found again in the CRM by the adapter.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import DeleteOne, InsertOne, UpdateOne

from tracker.crm.base import Record, Result
from tracker.crm.fit import check_values
from tracker.crm.sync.account import Account
from tracker.crm.sync.parcels import Parcel, lead_update, mapped_entity, pack
from tracker.stores.documents import Database

MOST_TRIES = 8
CALL_FAILED = "CALL_FAILED"
_FIRST_SECONDS, _MOST_SECONDS = 30.0, 3600.0
_KEPT = timedelta(days=30)


async def bring(database: Database, account: Account, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Do what is due for these entries of the outbox, all of them of this account.

    :param rows: stored `CrmDue` documents.
    :returns: number of leads by outcome: ``created``, ``updated``, ``unchanged``, ``held``, ``failed``, ``later``,
        ``deleted``, ``gone``.
    :raises CrmError: when the account does not do it; nothing was written down then, and all is still due.
    """
    counts: dict[str, int] = {}
    to_delete = [row for row in rows if row.get("task") == "delete"]
    if to_delete:
        _add(counts, await _delete(database, account, to_delete))
    parcels, gone = await _parcels(database, account, [row for row in rows if row.get("task") != "delete"])
    started = time.monotonic()
    await _send(account, parcels)
    seconds = (time.monotonic() - started) / max(1, len(parcels))
    await _write_down(database, account, parcels, gone, seconds)
    for parcel in parcels:
        _add(counts, {_outcome(parcel): 1})
    if gone:
        _add(counts, {"gone": len(gone)})
    return counts


async def _parcels(
    database: Database, account: Account, rows: Sequence[dict[str, Any]]
) -> tuple[list[Parcel], list[dict[str, Any]]]:
    """The leads of the entries with what is to go over; and entries whose lead is not there any more, or has turned out
    to be spam since: it is due again when it is cleared."""
    if not rows:
        return [], []
    query = {"clientId": account.client.client_id, "leadId": {"$in": [row["leadId"] for row in rows]}}
    if not account.client.settings.deliver_spam:
        query["spam"] = {"$ne": True}
    leads = {lead["leadId"]: lead async for lead in database["leads"].find(query)}
    parcels = [Parcel(row, leads[row["leadId"]]) for row in rows if row["leadId"] in leads]
    for parcel in parcels:
        pack(parcel, account.plan.map(parcel.lead), account.id)
        await _check_fit(account, parcel)
    return parcels, [row for row in rows if row["leadId"] not in leads]


async def _check_fit(account: Account, parcel: Parcel) -> None:
    fitting: list[Record] = []
    for record in parcel.records:
        # A converted lead goes on as a contact, which lacks some of its fields; the adapter knows which.
        converted = mapped_entity(parcel, record, account.id) != record.entity
        entity = None if converted else await account.entity(record.entity)
        faults = check_values(entity, record.fields, new=record.crm_id is None) if entity else []
        parcel.refused += faults
        if not faults:
            fitting.append(record)
    parcel.records = fitting


async def _send(account: Account, parcels: Sequence[Parcel]) -> None:
    wanted = [(parcel, record) for parcel in parcels for record in parcel.records]
    most = account.adapter.capabilities.max_batch
    for start in range(0, len(wanted), most):
        part = wanted[start : start + most]
        results = await account.adapter.upsert([record for _, record in part])
        for (parcel, record), result in zip(part, results, strict=True):
            parcel.results[mapped_entity(parcel, record, account.id)] = result


async def _write_down(
    database: Database, account: Account, parcels: Sequence[Parcel], gone: Iterable[dict[str, Any]], seconds: float
) -> None:
    now = datetime.now(UTC)
    elsewhere = await _due_elsewhere(database, account, parcels)
    leads = [
        UpdateOne(
            {"_id": parcel.lead["_id"]},
            lead_update(parcel, account.id, now, due_elsewhere=parcel.lead["leadId"] in elsewhere),
        )
        for parcel in parcels
    ]
    if leads:
        await database["leads"].bulk_write(leads, ordered=False)
    told = [(parcel, result) for parcel in parcels for result in _told(parcel)]
    attempts = [InsertOne(_attempt(account, parcel, result, seconds, now)) for parcel, result in told]
    if attempts:
        await database["crm_attempts"].bulk_write(attempts, ordered=False)
    due = [_settled(parcel, now) for parcel in parcels]
    due += [DeleteOne({"_id": row["_id"], "token": row["token"]}) for row in gone]
    if due:
        await database["crm_due"].bulk_write(due, ordered=False)


async def _due_elsewhere(database: Database, account: Account, parcels: Sequence[Parcel]) -> set[str]:
    """Leads of which other accounts of the client are still to be told."""
    others = [one.connection_id for one in account.client.crm if one.connection_id != account.id]
    if not others:
        return set()
    wanted = [parcel.lead["leadId"] for parcel in parcels]
    query = {"clientId": account.client.client_id, "leadId": {"$in": wanted}, "connectionId": {"$in": others}}
    return {row["leadId"] async for row in database["crm_due"].find(query, {"leadId": 1})}


def _settled(parcel: Parcel, now: datetime) -> DeleteOne | UpdateOne:
    """Out of the outbox, unless the lead is due again since, or the same may be taken later."""
    same = {"_id": parcel.row["_id"], "token": parcel.row["token"]}
    # A part of a large batch whose call failed was never looked at: no try is spent.
    looked_at = any(error.code != CALL_FAILED for error in parcel.errors)
    tries = int(parcel.row.get("tries") or 0) + looked_at
    if not parcel.may_pass or tries >= MOST_TRIES:
        return DeleteOne(same)
    seconds = min(_MOST_SECONDS, _FIRST_SECONDS * 2.0 ** max(0, tries - 1))
    return UpdateOne(same, {"$set": {"tries": tries, "dueAt": now + timedelta(seconds=seconds)}})


def _outcome(parcel: Parcel) -> str:
    if parcel.errors:
        held = any(result.outcome == "held" for result in parcel.results.values())
        return "held" if held else "later" if parcel.may_pass else "failed"
    outcomes = {result.outcome for result in parcel.results.values()}
    return next((name for name in ("created", "updated") if name in outcomes), "unchanged")


def _told(parcel: Parcel) -> list[Result]:
    refused = [Result(parcel.lead["leadId"], "failed", "", None, error) for error in parcel.refused]
    return [*refused, *parcel.results.values()]


def _attempt(account: Account, parcel: Parcel, result: Result, seconds: float, now: datetime) -> dict[str, Any]:
    """Names of fields and never values: the trace of a lead outlives a correction of it."""
    sent = next((record for record in parcel.records if record.entity == result.entity), None)
    names = sorted(sent.fields) if sent else list(result.error.fields) if result.error else []
    return {
        "connectionId": account.id,
        "clientId": account.client.client_id,
        "leadId": result.lead_id,
        "entity": result.entity,
        "at": now,
        "fields": names,
        "outcome": result.outcome,
        "crmId": result.crm_id,
        "code": result.error.code if result.error else None,
        "message": result.error.message if result.error else None,
        "seconds": round(seconds, 3),
        "expiresAt": now + _KEPT,
    }


async def _delete(database: Database, account: Account, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    by_entity: dict[str, list[str]] = {}
    for row in rows:
        for entity, crm_id in (row.get("crmIds") or {}).items():
            by_entity.setdefault(entity, []).append(crm_id)
    failed: set[str] = set()
    if account.adapter.capabilities.deletes:
        for entity, ids in by_entity.items():
            results = await account.adapter.delete(entity, ids)
            failed |= {crm_id for crm_id, result in zip(ids, results, strict=True) if result.error is not None}
    else:
        failed = {crm_id for ids in by_entity.values() for crm_id in ids}
    now, counts = datetime.now(UTC), {"deleted": 0, "failed": 0}
    writes: list[DeleteOne] = []
    attempts: list[InsertOne[dict[str, Any]]] = []
    for row in rows:
        bad = failed & set((row.get("crmIds") or {}).values())
        counts["failed" if bad else "deleted"] += 1
        writes.append(DeleteOne({"_id": row["_id"], "token": row["token"]}))
        attempts.append(
            InsertOne(
                {
                    "connectionId": account.id, "clientId": row["clientId"], "leadId": row["leadId"],
                    "entity": ",".join(sorted(row.get("crmIds") or {})), "at": now, "fields": [],
                    "outcome": "failed" if bad else "deleted", "crmId": None, "code": "NOT_DELETED" if bad else None,
                    "message": "the CRM did not delete it; delete it there by hand" if bad else None,
                    "seconds": 0.0, "expiresAt": now + _KEPT,
                }
            )
        )  # fmt: skip
    await database["crm_attempts"].bulk_write(attempts, ordered=False)
    await database["crm_due"].bulk_write(writes, ordered=False)
    return {name: number for name, number in counts.items() if number}


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, number in more.items():
        counts[name] = counts.get(name, 0) + number
