"""Which of a visitor's anonymous events belong to the person that a later ``identify`` names. Pure.

An event is attached to the next ``identify`` of its visitor, unless somebody else was seen on the device between the
two: a computer may be shared, and two e-mails never meet because they share a visitor id (decisions §9).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tracker.pipeline.draft import Draft

IDENTIFY = "identify"
VisitorKey = tuple[str, str]


def visitors_to_settle(drafts: Iterable[Draft], identified: dict[VisitorKey, datetime]) -> set[VisitorKey]:
    """Visitors whose events must be looked at again: who was identified now, or of whom an event from before an
    ``identify`` came late.

    :param identified: the latest ``identify`` of visitors that is stored already.
    """
    found: set[VisitorKey] = set()
    for draft in drafts:
        if draft.visitor_id is None:
            continue
        key = (draft.client.client_id, draft.visitor_id)
        named_now = draft.event_type == IDENTIFY and draft.lead_id is not None
        if named_now or (key in identified and draft.timestamp <= identified[key]):
            found.add(key)
    return found


def attachments(events: Iterable[dict[str, Any]]) -> dict[str, tuple[str, str] | None]:
    """What a visitor's events are to be attached to.

    :param events: all stored events of one visitor: ``{eventId, eventType, timestamp, leadId, attachedBy, test}``.
    :returns: by event id the lead and the ``identify`` event, or ``None``; only events of which that is not stored yet.
    """
    changes: dict[str, tuple[str, str] | None] = {}
    nearest: dict[bool, dict[str, Any] | None] = {False: None, True: None}
    for event in sorted(events, key=lambda each: (each["timestamp"], each["eventId"]), reverse=True):
        test = bool(event.get("test"))
        if event.get("leadId") and not event.get("attachedBy"):
            nearest[test] = _nearer(nearest[test], event)
            continue
        point = nearest[test]
        wanted = (point["leadId"], point["eventId"]) if point else None
        stored = (event["leadId"], event["attachedBy"]) if event.get("leadId") else None
        if wanted != stored:
            changes[event["eventId"]] = wanted
    return changes


def _nearer(point: dict[str, Any] | None, event: dict[str, Any]) -> dict[str, Any] | None:
    """The ``identify`` that events before ``event`` belong to."""
    if event["eventType"] == IDENTIFY:
        return event
    # Another event of the same person changes nothing; one of somebody else ends the reach.
    return point if point and point["leadId"] == event["leadId"] else None
