"""Reads what is a person's from MongoDB and the audit log, one document at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from sqlmodel import Session, col, select

from tracker.config.models import AuditEntry
from tracker.privacy.disclosure.scope import Row, Scope
from tracker.privacy.drafts import open_draft
from tracker.privacy.erase.work import COLLECTION as ERASURES
from tracker.privacy.locate import DRAFTS
from tracker.privacy.owned import parts
from tracker.privacy.subject import Found, Key, Subject
from tracker.privacy.suppressions import Address, find_suppression, mark_ids

_AT_ONCE = 200
# What the installation keeps for itself; of the values behind `sent` there are hashes alone.
_INNER = {"current": 0, "attributeAt": 0, "crmRecords": 0}


async def leads(scope: Scope) -> AsyncIterator[Row]:
    """Leads, with what people changed by hand, their history and consent."""
    async for row in _of_leads(scope, "leads", _INNER):
        # Which other lead an event might have joined says something about somebody else.
        row["history"] = [{k: v for k, v in one.items() if k != "otherLeadId"} for one in row.get("history") or []]
        yield scope.shown(row)


async def sessions(scope: Scope) -> AsyncIterator[Row]:
    """Visits. Of one that others share only which it is: its counts and pages are theirs as well."""
    rows = scope.tools.database["sessions"]
    for client, ids in _by_client(scope.found.sessions).items():
        for some in parts(ids):
            async for row in rows.find({"clientId": client, "sessionId": {"$in": some}}).sort("startedAt", 1):
                yield scope.shown(row)
    for client, session in sorted(scope.found.shared_sessions):
        yield {"clientId": client, "sessionId": session, "shared": True}


async def events(scope: Scope) -> AsyncIterator[Row]:
    """Events in the order of their times; only their ids are in memory together."""
    rows = scope.tools.database["events"]
    for client, ids in _by_client(scope.found.events).items():
        times: list[tuple[Any, str]] = []
        for some in parts(ids):
            query = {"clientId": client, "eventId": {"$in": some}}
            times += [
                (row["timestamp"], row["eventId"]) async for row in rows.find(query, {"timestamp": 1, "eventId": 1})
            ]
        ordered = [event_id for _, event_id in sorted(times)]
        for start in range(0, len(ordered), _AT_ONCE):
            page = ordered[start : start + _AT_ONCE]
            async for row in rows.find({"clientId": client, "eventId": {"$in": page}}).sort("timestamp", 1):
                # It may have joined somebody's lead since it was found.
                if not scope.found.is_of_another(row):
                    yield scope.shown(row)


async def drafts(scope: Scope) -> AsyncIterator[Row]:
    """Drafts, opened. One of somebody else who wrote of the person is a mention."""
    vault = scope.tools.vault
    for draft_id in sorted(scope.found.drafts, key=str):
        row = await scope.tools.database[DRAFTS].find_one({"_id": draft_id})
        if row is None:
            continue
        opened = open_draft(row, vault)
        own = scope.is_in_own(row["clientId"], row.get("visitorId"), row.get("sessionId"))
        if not own and scope.names_others(opened):
            scope.mention("drafts")
            continue
        kept = {name: row.get(name) for name in ("clientId", "formId", "sessionId", "visitorId", "test")}
        times = {name: row.get(name) for name in ("createdAt", "updatedAt", "expiresAt")}
        yield scope.shown({**kept, **opened, **times})


async def crm_records(scope: Scope) -> AsyncIterator[Row]:
    """What each CRM account was given: the record there, the names of the fields, and when."""
    async for lead in _of_leads(scope, "leads", {"clientId": 1, "leadId": 1, "crmRecords": 1}, only=True):
        for record in lead.get("crmRecords") or []:
            connection = record.get("connectionId")
            fields = [sent[0] for sent in record.get("sent") or []]
            known = {name: record.get(name) for name in ("entity", "crmId", "mappedTo", "at")}
            ids = {"clientId": lead["clientId"], "leadId": lead["leadId"], "connectionId": connection}
            yield scope.shown({**ids, "crm": scope.adapters.get(str(connection)), **known, "fields": fields})


async def crm_attempts(scope: Scope) -> AsyncIterator[Row]:
    """Each call to a CRM: which fields went over and what came back, without values."""
    async for row in _of_leads(scope, "crm_attempts"):
        yield scope.shown({**row, "crm": scope.adapters.get(str(row["connectionId"]))})


async def crm_due(scope: Scope) -> AsyncIterator[Row]:
    """What CRM accounts are to be told yet."""
    async for row in _of_leads(scope, "crm_due", {"token": 0}):
        yield scope.shown({**row, "crm": scope.adapters.get(str(row["connectionId"]))})


async def deliveries(scope: Scope) -> AsyncIterator[Row]:
    """Messages to webhooks: what was sent to whom, when, and what came back."""
    rows = scope.tools.database["webhook_deliveries"]
    own = scope.found.lead_keys
    for some in parts(scope.found.deliveries):
        async for row in rows.find({"_id": {"$in": some}}, {"lease": 0}).sort("createdAt", 1):
            if (row["clientId"], row.get("leadId")) not in own:
                scope.mention("webhook_deliveries")
                continue
            yield scope.shown({**row, "deliveryId": row["_id"], "recipient": scope.hosts.get(row["endpointId"])})


async def suppressions(scope: Scope) -> AsyncIterator[Row]:
    """Whether the installation was told not to know an address, and marks of erasures."""
    database, hasher, client = scope.tools.database, scope.tools.hasher, scope.subject.client_id
    for address in addresses(scope.subject):
        kind, value = address
        row = await find_suppression(database, hasher, address, client_id=client)
        for found in [row] if row else []:
            times = {name: found.get(name) for name in ("clientId", "createdAt", "expiresAt")}
            yield scope.shown({"reason": "suppressed", "kind": kind, "hash": hasher.one(kind, value), **times})
        marks = {"_id": {"$in": mark_ids(hasher, "erased", address, {"", client or ""})}}
        async for mark in database["suppressions"].find(marks):
            yield scope.shown({"reason": "erased", "kind": kind, **{n: mark.get(n) for n in ("before", "expiresAt")}})


async def erasures(scope: Scope) -> AsyncIterator[Row]:
    """Requests for an erasure, known by keyed hashes."""
    hasher = scope.tools.hasher
    scopes = {"", scope.subject.client_id or ""}
    hashes = [
        one
        for kind, value in addresses(scope.subject)
        for where in sorted(scopes)
        for one in hasher.all(kind, value, where)
    ]
    names = ("clientId", "status", "askedAt", "endedAt", "counts")
    async for row in scope.tools.database[ERASURES].find({"subject.hash": {"$in": hashes}}).sort("askedAt", 1):
        yield scope.shown({"requestId": row["_id"], **{name: row.get(name) for name in names}})


async def audit(scope: Scope) -> AsyncIterator[Row]:
    """What operators did with the person's leads, without who they are: that is somebody else."""
    ids = sorted({lead for _, lead in scope.found.lead_keys})
    for start in range(0, len(ids), _AT_ONCE):
        for row in await asyncio.to_thread(_audit_page, scope, ids[start : start + _AT_ONCE]):
            yield scope.shown(row)


def addresses(subject: Subject) -> list[Address]:
    """The addresses and browsers that the person was asked for by."""
    found: list[Address] = [("email", one) for one in sorted(subject.emails)]
    found += [("phone", one) for one in sorted(subject.phones)]
    return found + [("visitor", one) for one in sorted(subject.visitors)]


async def _of_leads(
    scope: Scope, collection: str, names: Mapping[str, int] | None = None, *, only: bool = False
) -> AsyncIterator[Row]:
    rows = scope.tools.database[collection]
    for client, leads_of in sorted(scope.found.leads.items()):
        for some in parts(leads_of):
            query = {"clientId": client, "leadId": {"$in": some}}
            async for row in rows.find(query, dict(names) if names else None).batch_size(_AT_ONCE):
                yield row


def _by_client(keys: set[Key]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for client, one in sorted(keys):
        found.setdefault(client, []).append(one)
    return found


def _audit_page(scope: Scope, ids: list[str]) -> list[Row]:
    with Session(scope.tools.engine) as session:
        query = select(AuditEntry).where(col(AuditEntry.target_kind) == "lead", col(AuditEntry.target_id).in_(ids))
        return [
            {"at": row.at, "action": row.action, "clientId": row.client_id, "leadId": row.target_id}
            for row in session.exec(query.order_by(col(AuditEntry.id))).all()
        ]


def clients_of(found: Found) -> set[str]:
    """The clients at which something was found."""
    keys = (*found.lead_keys, *found.visitors, *found.sessions, *found.events)
    return {client for client, _ in keys}
