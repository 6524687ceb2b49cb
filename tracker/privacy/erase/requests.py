"""Requests for an erasure: asking, and looking how far one is. What works them off is in `service` and `runner`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from tracker.errors import NotFoundError
from tracker.privacy.erase.notes import Notes
from tracker.privacy.erase.work import COLLECTION, Tools
from tracker.privacy.hashes import Kind
from tracker.privacy.subject import Subject
from tracker.stores.documents import Database
from tracker.views import document_view

_SHOWN = ("status", "clientId", "subject", "counts", "waitingFor", "askedAt", "askedBy", "endedAt")


async def ask(tools: Tools, subject: Subject, actor: str) -> str:
    """Note a request; from now on any worker works it off.

    :returns: its id; that of the open request for the very same person, if there is one.
    :raises pymongo.errors.PyMongoError: when it is not stored.
    """
    hashes = _hashes(tools, subject)
    rows = tools.database[COLLECTION]
    same = {"status": "open", "clientId": subject.client_id, "subject": hashes}
    if known := await rows.find_one(same, {"_id": 1}):
        return str(known["_id"])
    request_id = str(uuid4())
    row: dict[str, Any] = {
        "_id": request_id,
        "status": "open",
        "clientId": subject.client_id,
        "subject": hashes,
        "sealed": tools.vault.seal(Notes(subject).encode()),
        "steps": {},
        "counts": {},
        "crm": [],
        "webhooks": [],
        "waitingFor": None,
        "notBefore": None,
        "lease": None,
        "askedAt": datetime.now(UTC),
        "askedBy": actor[:255],
    }
    await rows.insert_one(row)
    return request_id


async def ask_for_lead(tools: Tools, lead: Mapping[str, Any], actor: str) -> str:
    """Note a request to erase the person of a lead at the lead's client; as :func:`ask`.

    :param lead: its view or document. Without an e-mail address its phone number says who else is meant.
    """
    emails = frozenset({email} if (email := lead.get("email")) else ())
    phones = frozenset({phone} if not emails and (phone := lead.get("phoneE164")) else ())
    return await ask(tools, Subject(emails, phones, frozenset(), lead["clientId"], frozenset({lead["leadId"]})), actor)


async def show(database: Database, request_id: str) -> dict[str, Any]:
    """``{requestId, status, clientId, subject, counts, crm, webhooks, waitingFor, askedAt, askedBy, endedAt,
    certificate}``, JSON-ready; nothing in it is personal data.

    :raises NotFoundError: when there is no such request.
    """
    row = await _row(database, request_id)
    webhooks = [
        {name: one[name] for name in ("endpointId", "deliveryId", "state")} for one in row.get("webhooks") or ()
    ]
    crm = [{name: one[name] for name in ("connectionId", "adapter", "leadId", "state")} for one in row.get("crm") or ()]
    shown = {name: row.get(name) for name in _SHOWN}
    view: dict[str, Any] = document_view({"requestId": row["_id"], **shown, "crm": crm, "webhooks": webhooks})
    view["certificate"] = row.get("certificate")
    return view


async def certificate_of(database: Database, request_id: str) -> dict[str, Any]:
    """The certificate of a request that is done.

    :raises NotFoundError: when there is no such request, or it is still open.
    """
    found = (await _row(database, request_id)).get("certificate")
    if not found:
        raise NotFoundError("this erasure is still open; its certificate comes at the end")
    certificate: dict[str, Any] = found
    return certificate


def _hashes(tools: Tools, subject: Subject) -> list[dict[str, str]]:
    hasher = tools.hasher
    values: list[tuple[Kind, str]] = [("email", one) for one in sorted(subject.emails)]
    values += [("phone", one) for one in sorted(subject.phones)]
    values += [("visitor", one) for one in sorted(subject.visitors)]
    hashes = [{"kind": kind, "hash": hasher.one(kind, value)} for kind, value in values]
    # Ids of leads say nothing of a person, but here all are alike.
    leads = [{"kind": "lead", "hash": hasher.one("visitor", lead, "lead")} for lead in sorted(subject.leads)]
    return [*hashes, *leads]


async def _row(database: Database, request_id: str) -> dict[str, Any]:
    row = await database[COLLECTION].find_one({"_id": request_id})
    if row is None:
        raise NotFoundError("no erasure has this id")
    found: dict[str, Any] = row
    return found
