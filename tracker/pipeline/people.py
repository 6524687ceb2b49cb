"""What an event says about a person. Pure."""

from __future__ import annotations

from typing import Any

from tracker.leads.emails import normalise_email
from tracker.leads.facts import LeadFacts
from tracker.leads.phones import to_e164
from tracker.leads.quality import quality_of
from tracker.leads.roles import required_fields, split_fields, trap_names
from tracker.leads.spam import HONEYPOT, Evidence, fill_ms_of, spam_reasons
from tracker.pipeline.draft import Draft
from tracker.privacy.consent import consent_of

# What an event type makes of a person: status, source, and whether a phone number will do to begin a lead.
_LEAD_TYPES = {
    "form_submission": ("submitted", "form_submission", True),
    "form_interaction": ("partial", "form_interaction", False),
    "identify": ("partial", "identify", False),
    "chat_message": ("chat_inquiry", "chat", True),
}
# What may wait for the e-mail of its form or chat.
WAITING_TYPES = ("form_submission", "form_interaction", "chat_message")
CHAT = "chat"


def facts_of(draft: Draft) -> LeadFacts | None:
    """The draft's contribution to a lead, ``None`` where it says nothing about a person. Also notes what speaks for
    spam on the draft, and takes what stood in a honeypot out of it.

    Without an e-mail or a phone number it begins no lead; it may still belong to one of the same visit.
    """
    if draft.event_type not in _LEAD_TYPES:
        return None
    status, source, phone_will_do = _LEAD_TYPES[draft.event_type]
    form_id = draft.form.get("formId")
    trapped = _take_traps(draft)
    fields = _person_fields(draft)
    roles = draft.payload.get("roles")
    attributes, rest = split_fields(draft.client, form_id, fields, roles if isinstance(roles, dict) else {})
    email = normalise_email(attributes["email"]) if "email" in attributes else None
    if email is None and "email" in attributes:
        rest["email"] = attributes.pop("email")
    if email:
        attributes["email"] = email
    if draft.spam is None:
        draft.spam = _spam(draft, attributes, rest, trapped)
    reachable = bool(email or (phone_will_do and attributes.get("phone")))
    if not reachable and not (draft.session_id and (attributes or rest) and draft.event_type in WAITING_TYPES):
        return None
    phone = attributes.get("phone")
    return LeadFacts(
        event_id=draft.queued.event_id,
        client_id=draft.client.client_id,
        test=draft.batch.test,
        at=draft.timestamp,
        status=status,  # type: ignore[arg-type]
        quality=quality_of(draft.client, form_id, status, fields, email),
        source=source,
        email=email,
        attributes=attributes,
        phone_e164=to_e164(phone, draft.region) if phone else None,
        fields=rest,
        form_id=form_id,
        form=CHAT if draft.event_type == "chat_message" else form_id or "",
        reachable=reachable,
        awaits_email=status == "submitted" and not email and not required_fields(draft.client, form_id),
        session_id=draft.session_id,
        visitor_id=draft.visitor_id,
        touch=draft.touch,
        progress=_progress(draft),
        spam=draft.spam,
        consent=consent_of(draft.metadata) if "consent" in draft.metadata else None,
    )


def _take_traps(draft: Draft) -> bool:
    """Whether something stood in a field that no visitor sees; what stood there is nobody's answer and goes."""
    trapped = draft.payload.get(HONEYPOT) is True
    fields = draft.form.get("fields") or {}
    for name in trap_names(draft.client, draft.form.get("formId"), server=draft.batch.server).intersection(fields):
        trapped |= fields.pop(name) not in (None, "", False, [], {})
    return trapped


def _spam(draft: Draft, attributes: dict[str, str], rest: dict[str, Any], trapped: bool) -> tuple[str, ...]:
    fill_ms = fill_ms_of(draft.payload.get("fillMs")) if draft.event_type == "form_submission" else None
    return spam_reasons(Evidence(attributes, rest, trapped, fill_ms, draft.batch.no_token), draft.rules)


def _progress(draft: Draft) -> int | None:
    told = draft.payload.get("formProgress")
    percent = told.get("percentComplete") if isinstance(told, dict) else None
    return int(percent) if isinstance(percent, int | float) and 0 <= percent <= 100 else None


def _person_fields(draft: Draft) -> dict[str, Any]:
    fields: dict[str, Any] = dict(draft.form.get("fields") or {})
    if draft.event_type in ("identify", "chat_message"):
        for place in (draft.payload, draft.payload.get("traits")):
            if isinstance(place, dict):
                fields.update({key: value for key, value in place.items() if isinstance(value, str | int | float)})
        if draft.event_type == "chat_message" and "text" in fields:
            fields.setdefault("message", fields.pop("text"))
    return fields
