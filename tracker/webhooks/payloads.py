"""Which messages follow from what happened to a lead, and what is in them. Pure.

* ``lead.created`` and ``lead.updated``: the first change of a lead, and every later one that a receiver can see.
* ``lead.submitted`` and ``lead.abandoned`` besides, at the moment when it becomes that.
* ``lead.deleted``: ids alone.
* ``form.submitted``: one for each submission, whether or not there is a lead yet.

Test leads are nobody's business but the operator's: they make none (decisions §4). Nor do leads and submissions that
are marked as spam, unless the client wants them; a lead that is cleared is told of as if it came then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, get_args
from uuid import NAMESPACE_URL, uuid5

import msgspec

from tracker.config.records import ClientRecord, WebhookRecord
from tracker.field_names import field_name
from tracker.leads.changes import LeadChange
from tracker.leads.merge import ABANDONED
from tracker.pipeline.draft import Draft
from tracker.views import document_view

EventType = Literal[
    "lead.created", "lead.updated", "lead.submitted", "lead.abandoned", "lead.deleted", "form.submitted"
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)

SUBMISSION = "form_submission"
# Books of our own, which say nothing of the person.
_BOOKS = frozenset({"history", "edits", "crmErrors", "crmRecords", "crmHeld", "syncRequestedAt", "consentHistory"})
# What alone is no change: times that move with every event, and where the lead was brought.
_NOISE = _BOOKS | {
    *("_id", "id", "revision_id", "attributeAt", "current", "said"),
    *("updatedAt", "lastInteractionAt", "crmSynced", "crmSyncedAt", "crmId"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """Something that endpoints are told.

    :ivar cause: what it follows from, the same whenever it is found out: messages with one cause are one message.
    """

    event_type: EventType
    client_id: str
    lead_id: str | None
    cause: str
    data: dict[str, Any]


def lead_messages(change: LeadChange) -> list[Message]:
    """What follows from a change of a lead; nothing when no receiver could see it."""
    before, after = change.before, change.after
    withheld = not change.client.settings.deliver_spam
    if after.get("test") or (withheld and after.get("spam")):
        return []
    if withheld and before is not None and before.get("spam"):
        # For receivers it begins now.
        before = None
    names = None if before is None else changed_names(before, after)
    if names == []:
        return []
    kinds: list[EventType] = ["lead.created" if before is None else "lead.updated"]
    if after["status"] == "submitted" and (before or {}).get("status") != "submitted":
        kinds.append("lead.submitted")
    if after["source"] == ABANDONED and (before or {}).get("source") != ABANDONED:
        kinds.append("lead.abandoned")
    data: dict[str, Any] = {"lead": lead_view(after)}
    if names:
        data["changed"] = names
    cause = _cause(before, after)
    return [Message(kind, after["clientId"], after["leadId"], cause, data) for kind in kinds]


def deletion(lead: Mapping[str, Any], now: datetime) -> list[Message]:
    """What follows when a lead is deleted: nothing of the person is repeated."""
    if lead.get("test"):
        return []
    ids = {"leadId": lead["leadId"], "clientId": lead["clientId"]}
    return [Message("lead.deleted", lead["clientId"], lead["leadId"], now.isoformat(), {"lead": ids})]


def submission(draft: Draft) -> list[Message]:
    """What follows from an event that is stored: one message if it is a submission."""
    if draft.event_type != SUBMISSION or draft.batch.test:
        return []
    if draft.spam and not draft.client.settings.deliver_spam:
        return []
    data = document_view(
        {
            "eventId": draft.queued.event_id,
            "clientId": draft.client.client_id,
            "leadId": draft.lead_id,
            "submittedAt": draft.timestamp,
            "form": draft.form,
            "page": draft.payload.get("page") or {},
            "sessionId": draft.session_id,
            "visitorId": draft.visitor_id,
        }
    )
    return [Message("form.submitted", draft.client.client_id, draft.lead_id, draft.queued.event_id, data)]


def lead_view(lead: dict[str, Any]) -> dict[str, Any]:
    """A lead as receivers see it: as the API shows it, without the books about it."""
    return document_view({name: value for name, value in lead.items() if name not in _BOOKS})


def changed_names(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Names of what a receiver sees differently; answers of forms as ``fields.<name>``."""
    names = []
    for name in sorted((before.keys() | after.keys()) - _NOISE):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "fields":
            old, new = old or {}, new or {}
            keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
            names += [f"fields.{field_name(key)}" for key in keys]
        else:
            names.append(name)
    return names


def endpoints_for(message: Message, client: ClientRecord) -> Iterable[WebhookRecord]:
    """Who is told."""
    return (one for one in client.webhooks if not one.event_types or message.event_type in one.event_types)


def body(message: Message, now: datetime) -> bytes:
    """What is posted, in the shape that Standard Webhooks recommends. ``now``: when it happened, for us."""
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return msgspec.json.encode({"type": message.event_type, "timestamp": stamp, "data": message.data})


def delivery_id(endpoint_id: str, message: Message) -> str:
    """Follows from endpoint, type, lead and cause, so that the same message never becomes two deliveries."""
    text = f"trackerctl:webhook:{endpoint_id}:{message.event_type}:{message.client_id}:{message.lead_id}"
    return f"msg_{uuid5(NAMESPACE_URL, f'{text}:{message.cause}').hex}"


def _cause(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    """The decisions that the change has added to the lead's history; without one, what the lead has become."""
    known = {_decision(entry) for entry in (before or {}).get("history") or ()}
    new = [name for entry in after.get("history") or () if (name := _decision(entry)) not in known]
    if new:
        return ",".join(sorted(new))
    seen = {name: value for name, value in after.items() if name not in _NOISE}
    return sha256(msgspec.json.encode(document_view(seen), order="deterministic")).hexdigest()


def _decision(entry: Mapping[str, Any]) -> str:
    name = entry.get("eventId") or entry["at"].isoformat()
    return f"{entry['decision']}:{name}"
