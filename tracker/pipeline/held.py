"""What was typed into a form with drafts, taken out of its event: nothing of it is stored in clear. Pure.

It is kept sealed (`tracker.privacy.drafts`) until the form is submitted or the visitor consents.
"""

from __future__ import annotations

from typing import Any

from tracker.config.records import ClientRecord
from tracker.pipeline.draft import Draft
from tracker.pipeline.people import facts_of
from tracker.privacy.strip import strip_person

HELD_TYPE = "form_interaction"


def has_drafts(client: ClientRecord, form_id: str | None) -> bool:
    """Whether a form asks for drafts."""
    return any(form.draft and form.form_id == form_id for form in client.forms)


def is_held(draft: Draft) -> bool:
    """Whether an interaction is to be kept as a draft: nothing was decided. After a consent it is an event as any
    other, after a refusal it is kept nowhere."""
    return draft.consent is None and has_drafts(draft.client, draft.form.get("formId"))


def hold(draft: Draft) -> None:
    """Strip the event, and set what it said apart, in the shape of a stored event (``draft.held``).

    Without a session nothing could find it again, and nothing is kept.
    """
    facts = facts_of(draft)
    held = _event(draft) if facts is not None and draft.session_id else None
    strip_person(draft, "draft")
    # An address for an id: the session goes, and with it what the draft would be found by.
    draft.held = held if draft.session_id else None


def _event(draft: Draft) -> dict[str, Any]:
    """What `tracker.pipeline.recall` reads."""
    return {
        "eventId": draft.queued.event_id,
        "clientId": draft.client.client_id,
        "eventType": draft.event_type,
        "payload": draft.payload,
        "metadata": draft.metadata,
        "sessionId": draft.session_id,
        "visitorId": draft.visitor_id,
        "test": draft.batch.test,
        "timestamp": draft.timestamp,
        "createdAt": draft.received_at,
        "spamReasons": list(draft.spam or ()),
    }
