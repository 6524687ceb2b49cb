"""The stored form of an event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tracker.pipeline.copies import document_id
from tracker.pipeline.draft import Draft
from tracker.privacy.retention import event_days, session_days
from tracker.settings import Settings


def event_document(draft: Draft, settings: Settings) -> dict[str, Any]:
    """What is inserted for a draft; what is empty is left out."""
    event: dict[str, Any] = {
        "_id": document_id(draft.batch.received_at),
        "eventId": draft.queued.event_id,
        "clientId": draft.client.client_id,
        "eventType": draft.event_type,
        "payload": draft.payload,
        "timestamp": draft.timestamp,
        "createdAt": draft.received_at,
        "expiresAt": expires_at(draft, settings),
    }
    optional = {
        "formId": draft.form.get("formId"),
        "leadId": draft.lead_id,
        "sessionId": draft.session_id,
        "visitorId": draft.visitor_id,
        "userAgent": draft.user_agent,
        "ipAddress": draft.ip_address,
        "geo": draft.geo,
        "metadata": draft.metadata,
        "test": draft.batch.test,
        "timestampReplaced": draft.clamped,
        "stripped": draft.stripped,
        "noToken": draft.batch.no_token,
        "spamReasons": list(draft.spam or ()),
    }
    event.update({name: value for name, value in optional.items() if value})
    return event


def expires_at(draft: Draft, settings: Settings) -> datetime:
    """When an event has outlived its client's retention."""
    return draft.received_at + timedelta(days=event_days(draft.client, settings.retention_days))


def session_expires_at(draft: Draft, settings: Settings) -> datetime:
    """When a session that begins with this event has."""
    return draft.received_at + timedelta(days=session_days(draft.client, settings.retention_days))
