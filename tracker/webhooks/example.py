"""Messages with invented content, for trying a receiver out. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from tracker.views import document_view
from tracker.webhooks.payloads import EventType, Message

_ZERO = "00000000-0000-4000-8000-000000000000"


def example_message(event_type: str, client_id: str, now: datetime) -> Message:
    """A message as a receiver may get it, of a person who does not exist; ``test`` is true in it.

    :param event_type: one of :data:`tracker.webhooks.payloads.EVENT_TYPES`.
    """
    kind = cast(EventType, event_type)
    return Message(kind, client_id, _ZERO, _ZERO, _data(event_type, client_id, now))


def _data(event_type: str, client_id: str, now: datetime) -> dict[str, Any]:
    ids = {"leadId": _ZERO, "clientId": client_id}
    if event_type == "lead.deleted":
        return {"lead": {**ids, "test": True}}
    if event_type == "form.submitted":
        form = {"formId": "contact", "formName": "Contact", "fields": {"email": "jane.doe@example.com"}}
        page = {"url": "https://www.example.com/contact", "title": "Contact"}
        return document_view({"eventId": _ZERO, **ids, "submittedAt": now, "form": form, "page": page, "test": True})
    submitted = event_type in ("lead.created", "lead.submitted")
    begun = now - timedelta(minutes=5)
    lead: dict[str, Any] = {
        **ids,
        "email": "jane.doe@example.com",
        "name": "Jane Doe",
        "firstName": "Jane",
        "lastName": "Doe",
        "fields": {},
        "status": "submitted" if submitted else "partial",
        "quality": "high" if submitted else "medium",
        "source": "abandoned_form" if event_type == "lead.abandoned" else "form_submission",
        "attribution": {},
        "test": True,
        "submittedAt": now if submitted else None,
        "createdAt": begun,
        "updatedAt": now,
    }
    changed = {} if event_type == "lead.created" else {"changed": ["status"] if submitted else ["firstName"]}
    return {"lead": document_view(lead), **changed}
