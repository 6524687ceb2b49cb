"""One timeline of a lead: what its visitor did, what was made of it and why, and where it was brought."""

from __future__ import annotations

from typing import Any

from tracker.leads.documents import Lead
from tracker.leads.facts import STATUS_ORDER
from tracker.leads.service import find_lead
from tracker.views import document_view

_MOST_EVENTS = 1_000
_READ = dict.fromkeys(
    ("eventId", "eventType", "timestamp", "sessionId", "leadId", "attachedBy", "payload.form", "payload.page"), 1
)


async def trace_lead(ref: str) -> dict[str, Any]:
    """Everything that happened to a lead, the oldest first.

    :param ref: the lead's id, or its beginning.
    :returns: ``{"lead": {leadId, clientId, email, status, quality, source}, "timeline": [{at, kind, …}]}``, JSON-ready.
        Kinds: ``event`` (of the lead's visits, without a decision), ``decision`` (with ``decision``, ``reason``,
        ``changed``, ``kept``, ``fields`` as they were sent), ``status`` (``from``, ``to``), ``crm`` (``result``),
        ``webhook`` (``eventType``, ``status``, ``attempts``).
    :raises NotFoundError: :raises ConflictError: as ``lead show`` does.
    """
    lead = await find_lead(ref)
    events = await _events(lead)
    decisions = [_decision(entry, events.get(entry.get("eventId", ""))) for entry in lead.get("history", [])]
    decided = {entry.get("eventId") for entry in lead.get("history", [])}
    others = [_event(event) for event in events.values() if event["eventId"] not in decided]
    told = [*await _attempts(lead), *await _deliveries(lead)]
    timeline = sorted([*others, *decisions, *_statuses(lead), *told], key=_order)
    head = {name: lead.get(name) for name in ("leadId", "clientId", "email", "status", "quality", "source", "test")}
    return document_view({"lead": head, "timeline": timeline})


async def _events(lead: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Those that are still stored: the lead's own, and what else happened in their visits."""
    collection = Lead.get_pymongo_collection().database["events"]
    client = {"clientId": lead["clientId"]}
    ids = [entry["eventId"] for entry in lead.get("history", []) if "eventId" in entry]
    own = await collection.find({**client, "eventId": {"$in": ids}}, _READ).to_list()
    sessions = sorted({event["sessionId"] for event in own if event.get("sessionId")})
    around: list[dict[str, Any]] = [{**client, "sessionId": {"$in": sessions}}]
    if lead.get("visitorId"):
        around.append({**client, "visitorId": lead["visitorId"], "leadId": lead["leadId"]})
    cursor = collection.find({"$or": around}, _READ).sort("timestamp", 1).limit(_MOST_EVENTS)
    # What became another lead in the same visit is another person's.
    found = [event async for event in cursor if event.get("leadId") in (None, lead["leadId"])]
    return {event["eventId"]: event for event in [*own, *found]}


def _decision(entry: dict[str, Any], event: dict[str, Any] | None) -> dict[str, Any]:
    shown = {"kind": "decision", **entry}
    if event:
        form = (event.get("payload") or {}).get("form") or {}
        shown |= {"eventType": event["eventType"], "form": form.get("formName") or form.get("formId")}
        shown |= {"fields": form.get("fields") or {}, **_page(event)}
    return shown


def _event(event: dict[str, Any]) -> dict[str, Any]:
    shown = {"at": event["timestamp"], "kind": "event", "eventId": event["eventId"], "eventType": event["eventType"]}
    if event.get("attachedBy"):
        shown["attachedBy"] = event["attachedBy"]
    return shown | _page(event)


def _page(event: dict[str, Any]) -> dict[str, Any]:
    page = (event.get("payload") or {}).get("page") or {}
    address = page.get("url") or page.get("path")
    return {"page": address} if address else {}


def _statuses(lead: dict[str, Any]) -> list[dict[str, Any]]:
    """When the status moved, by the history: late events do not move it back."""
    moves: list[dict[str, Any]] = []
    before = None
    for entry in lead.get("history", []):
        status = entry.get("status")
        if status and (before is None or STATUS_ORDER[status] > STATUS_ORDER[before]):
            moves.append({"at": entry["at"], "kind": "status", "from": before, "to": status})
            before = status
    return moves


async def _attempts(lead: dict[str, Any]) -> list[dict[str, Any]]:
    """Each record that went to a CRM, or was refused; of the last thirty days."""
    rows = Lead.get_pymongo_collection().database["crm_attempts"]
    names = ("connectionId", "entity", "fields", "crmId", "code", "message", "seconds")
    own = {"clientId": lead["clientId"], "leadId": lead["leadId"]}
    found = rows.find(own, dict.fromkeys((*names, "at", "outcome"), 1)).sort("at", 1).limit(_MOST_EVENTS)
    return [
        {
            "at": row["at"],
            "kind": "crm",
            "result": row["outcome"],
            **{name: row[name] for name in names if row.get(name) not in (None, "", [])},
        }
        async for row in found
    ]


async def _deliveries(lead: dict[str, Any]) -> list[dict[str, Any]]:
    """What webhooks were told of it, or are to be."""
    rows = Lead.get_pymongo_collection().database["webhook_deliveries"]
    names = ("endpointId", "eventType", "status", "attempts", "deliveredAt", "failedBecause")
    own = {"clientId": lead["clientId"], "leadId": lead["leadId"]}
    found = rows.find(own, dict.fromkeys((*names, "createdAt"), 1)).sort("createdAt", 1).limit(_MOST_EVENTS)
    return [
        {
            "at": row["createdAt"],
            "kind": "webhook",
            "deliveryId": row["_id"],
            **{name: row[name] for name in names if row.get(name) is not None},
        }
        async for row in found
    ]


def _order(entry: dict[str, Any]) -> tuple[Any, int]:
    return entry["at"], ("event", "decision", "status", "crm", "webhook").index(entry["kind"])
