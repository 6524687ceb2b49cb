"""The steps of one event, in order; each takes the draft and fills in its part. No step does I/O.

normalise → redact → anonymise → attribute → lead, then ``store`` writes lead, session and event of a whole batch
(technical design §3.3). Adding behaviour adds a function and a line in :data:`STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracker.config.records import ClientRecord
from tracker.leads.emails import normalise_email
from tracker.leads.facts import LeadFacts
from tracker.leads.names import split_name
from tracker.leads.quality import quality_of
from tracker.leads.roles import split_fields
from tracker.pipeline.draft import Draft
from tracker.pipeline.normalise import ALIASES, clean, event_time, stored_payload
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.touch import touch_of
from tracker.privacy.anonymise import anonymise_ip
from tracker.privacy.redact import redact_value
from tracker.queue import QueuedBatch, QueuedEvent

Step = Callable[[Draft], None]
_ADDRESS_NAMES = frozenset({"ip", "ipAddress", "ip_address", "remoteAddress", "remote_addr"})
# What an event type makes of a person: status, source, and whether a contact other than e-mail will do.
_LEAD_TYPES = {
    "form_submission": ("submitted", "form_submission", True),
    "form_interaction": ("partial", "form_interaction", False),
    "identify": ("partial", "identify", False),
    "chat_message": ("chat_inquiry", "chat", True),
}


def begin(client: ClientRecord, batch: QueuedBatch, queued: QueuedEvent) -> Draft:
    """Read an event off the queue.

    :raises Drop: when it cannot be read; the edge checked its JSON, but not numbers beyond a double.
    """
    try:
        raw: dict[str, Any] = msgspec.json.decode(queued.data)
    except (msgspec.DecodeError, RecursionError):
        raise Drop(Outcome.DROPPED_UNREADABLE) from None
    received = datetime.fromtimestamp(batch.received_at, UTC)
    return Draft(client, batch, queued, raw, received.replace(microsecond=received.microsecond // 1000 * 1000))


def normalise(draft: Draft) -> None:
    """One shape, one name, one clock."""
    raw = draft.raw
    draft.event_type = ALIASES.get(raw["type"], raw["type"])
    draft.timestamp, draft.clamped = event_time(raw.get("timestamp"), draft.received_at, draft.batch.sent_at)
    draft.session_id, draft.visitor_id = raw.get("sessionId"), raw.get("visitorId")
    draft.payload = stored_payload(raw)
    metadata = raw.get("metadata")
    draft.metadata = clean(metadata) if isinstance(metadata, dict) else {}
    user_agent = draft.metadata.pop("userAgent", None)
    # A server that forwards events has the visitor's user agent in the event; a browser's own header is better.
    own = user_agent[:512] if isinstance(user_agent, str) else None
    draft.user_agent = (
        draft.batch.user_agent
        if draft.batch.user_agent and "Mozilla" in draft.batch.user_agent
        else (own or draft.batch.user_agent)
    )


def redact(draft: Draft) -> None:
    """Secrets are replaced wherever they stand; the event is kept."""
    draft.payload = redact_value(draft.payload)
    draft.metadata = redact_value(draft.metadata)


def anonymise(draft: Draft) -> None:
    """Addresses are cut, also those that a sender put into the event."""
    draft.ip_address = draft.batch.ip_address
    for place in (draft.metadata, draft.payload):
        for name in _ADDRESS_NAMES.intersection(place):
            address = place.pop(name)
            if isinstance(address, str) and (cut := anonymise_ip(address)):
                draft.ip_address = cut


def attribute(draft: Draft) -> None:
    """Where the visitor came from, as far as this event shows."""
    draft.touch = touch_of(draft.payload.get("page") or {}, draft.metadata)


def lead(draft: Draft) -> None:
    """What this event says about a person; nothing without a way to reach one."""
    if draft.event_type not in _LEAD_TYPES:
        return
    status, source, any_contact = _LEAD_TYPES[draft.event_type]
    form_id = draft.form.get("formId")
    fields = _person_fields(draft)
    roles = draft.payload.get("roles")
    attributes, rest = split_fields(draft.client, form_id, fields, roles if isinstance(roles, dict) else {})
    email = normalise_email(attributes["email"]) if "email" in attributes else None
    if email is None and "email" in attributes:
        rest["email"] = attributes.pop("email")
    if email is None and not (any_contact and attributes.get("phone")):
        return
    if email:
        attributes["email"] = email
    _complete_name(attributes)
    draft.lead = LeadFacts(
        event_id=draft.queued.event_id,
        client_id=draft.client.client_id,
        test=draft.batch.test,
        at=draft.timestamp,
        status=status,  # type: ignore[arg-type]
        quality=quality_of(draft.client, form_id, status, fields, email),
        source=source,
        email=email,
        attributes=attributes,
        fields=rest,
        form_id=form_id,
        session_id=draft.session_id,
        visitor_id=draft.visitor_id,
        touch=draft.touch,
    )


def _person_fields(draft: Draft) -> dict[str, Any]:
    fields: dict[str, Any] = dict(draft.form.get("fields") or {})
    if draft.event_type in ("identify", "chat_message"):
        for place in (draft.payload, draft.payload.get("traits")):
            if isinstance(place, dict):
                fields.update({key: value for key, value in place.items() if isinstance(value, str | int | float)})
        if draft.event_type == "chat_message" and "text" in fields:
            fields.setdefault("message", fields.pop("text"))
    return fields


def _complete_name(attributes: dict[str, str]) -> None:
    first, last, full = (attributes.get(key, "") for key in ("firstName", "lastName", "name"))
    if full and not (first and last):
        split_first, split_last = split_name(full)
        if split_first and not first:
            attributes["firstName"] = split_first
        if split_last and not last:
            attributes["lastName"] = split_last
    elif not full and (first or last):
        attributes["name"] = f"{first} {last}".strip()


STEPS: tuple[Step, ...] = (normalise, redact, anonymise, attribute, lead)


def run_steps(draft: Draft) -> Draft:
    """Take a draft through all steps.

    :raises Drop: when a step decides that the event is not kept.
    """
    for step in STEPS:
        step(draft)
    return draft
