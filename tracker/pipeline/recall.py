"""Stored events as drafts again: those that waited for the e-mail of their form."""

from __future__ import annotations

from typing import Any

from tracker.config.records import ClientRecord
from tracker.pipeline.draft import Draft
from tracker.pipeline.people import facts_of
from tracker.pipeline.touch import touch_of
from tracker.queue import QueuedBatch, QueuedEvent

# What `recall` reads of an event.
FIELDS = dict.fromkeys(
    (
        "eventId",
        "clientId",
        "eventType",
        "payload",
        "metadata",
        "sessionId",
        "visitorId",
        "test",
        "timestamp",
        "createdAt",
        "spamReasons",
    ),
    1,
)


def recall(event: dict[str, Any], client: ClientRecord, region: str) -> Draft:
    """The draft that a stored event was made of, as far as a lead needs it."""
    received = event["createdAt"]
    batch = QueuedBatch(
        client_id=client.client_id,
        test=event.get("test", False),
        received_at=received.timestamp(),
        sent_at=None,
        ip_address=None,
        user_agent=None,
        country=None,
        events=[],
    )
    payload, metadata = event.get("payload") or {}, event.get("metadata") or {}
    draft = Draft(
        client,
        batch,
        QueuedEvent(event["eventId"], b""),
        {},
        received,
        event_type=event["eventType"],
        timestamp=event["timestamp"],
        session_id=event.get("sessionId"),
        visitor_id=event.get("visitorId"),
        payload=payload,
        metadata=metadata,
        touch=touch_of(payload.get("page") or {}, metadata),
        region=region,
        # As it was told when it came: by the request too, of which nothing is kept.
        spam=tuple(event.get("spamReasons") or ()),
    )
    draft.lead = facts_of(draft)
    return draft
