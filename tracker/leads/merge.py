"""How events become leads and join them. Pure: documents in, documents out (decisions §9).

* A value is never replaced by an empty one; of two values the one with the later event time stays, in whatever order
  the events arrive.
* Status and quality only move forward.
* First and last touch are both kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tracker.leads.facts import CAMPAIGN_NAMES, LeadFacts
from tracker.leads.quality import ORDER as QUALITY_ORDER

STATUS_ORDER = {"chat_inquiry": 0, "partial": 1, "submitted": 2}
MAX_HISTORY = 50
_ONE_VISIT = timedelta(hours=12)
_TOUCH_ATTRIBUTES = ("utmSource", "utmMedium", "utmCampaign", "referrer", "landingPage")


def joins(lead: dict[str, Any], facts: LeadFacts, submission_window: timedelta, interaction_window: timedelta) -> bool:
    """Whether an event belongs to an existing lead of its e-mail: one that is younger than the window.

    An event older than the lead (it waited in a browser) joins as well.
    """
    window = submission_window if facts.status == "submitted" else interaction_window
    joined: bool = facts.at - lead["createdAt"] < window
    return joined


def new_lead(facts: LeadFacts) -> dict[str, Any]:
    """The document of a lead that begins with this event.

    Its id follows from the event, so that the same event never makes two.
    """
    lead: dict[str, Any] = {
        "leadId": str(uuid5(NAMESPACE_URL, f"trackerctl:lead:{facts.client_id}:{facts.test}:{facts.event_id}")),
        "clientId": facts.client_id,
        "formId": facts.form_id,
        **facts.attributes,
        "fields": dict(facts.fields),
        "attributeAt": dict.fromkeys((*facts.attributes, *_field_names(facts)), facts.at),
        "status": facts.status,
        "quality": facts.quality,
        "source": facts.source,
        "sessionId": facts.session_id,
        "visitorId": facts.visitor_id,
        "attribution": {},
        "crmSynced": False,
        "crmSyncedAt": None,
        "crmId": None,
        "crmErrors": [],
        "history": [],
        "test": facts.test,
        "submittedAt": facts.at if facts.status == "submitted" else None,
        "lastInteractionAt": facts.at,
        "createdAt": facts.at,
        "updatedAt": facts.at,
    }
    if facts.email:
        lead["current"] = True
    _merge_touch(lead, facts)
    _note(lead, facts, "created", f"first {facts.source} of this e-mail" if facts.email else "no e-mail to compare")
    return lead


def merge(lead: dict[str, Any], facts: LeadFacts) -> None:
    """Let an existing lead take up an event, in place."""
    _merge_values(lead, facts)
    _merge_touch(lead, facts)
    _note(lead, facts, *_advance(lead, facts))
    lead["lastInteractionAt"] = max(lead["lastInteractionAt"], facts.at)
    lead["updatedAt"] = max(lead["updatedAt"], facts.at)
    # Events of one visit may overtake each other. One that waited for days in a browser must not make the lead older:
    # the next submission could then be too late for its window.
    if timedelta() < lead["createdAt"] - facts.at < _ONE_VISIT:
        lead["createdAt"] = facts.at
    for name, value in (
        ("formId", facts.form_id),
        ("sessionId", facts.session_id),
        ("visitorId", facts.visitor_id),
    ):
        if value and not lead.get(name):
            lead[name] = value


def _advance(lead: dict[str, Any], facts: LeadFacts) -> tuple[str, str]:
    before = lead["status"]
    if STATUS_ORDER[facts.status] > STATUS_ORDER[before]:
        lead["status"] = facts.status
        lead["source"] = facts.source
        if facts.form_id:
            lead["formId"] = facts.form_id
    if QUALITY_ORDER[facts.quality] > QUALITY_ORDER[lead["quality"]]:
        lead["quality"] = facts.quality
    if facts.status == "submitted":
        lead["submittedAt"] = min(lead.get("submittedAt") or facts.at, facts.at)
    if lead["status"] != before:
        return "promoted", f"{before} to {lead['status']}"
    return "merged", f"{facts.source} of the same e-mail"


def _merge_values(lead: dict[str, Any], facts: LeadFacts) -> None:
    at, fields = lead["attributeAt"], lead["fields"]
    for name, value in facts.attributes.items():
        if name not in at or facts.at >= at[name]:
            lead[name], at[name] = value, facts.at
    for name, value in facts.fields.items():
        mark = f"fields:{name}"
        if value not in (None, "", [], {}) and (mark not in at or facts.at >= at[mark]):
            fields[name], at[mark] = value, facts.at


def _merge_touch(lead: dict[str, Any], facts: LeadFacts) -> None:
    attribution = lead["attribution"]
    for at, touch in _touches(facts):
        if "first" not in attribution or at < attribution["first"]["at"]:
            attribution["first"] = {**touch, "at": at}
            # The plain attributes of the technical design are those of the first touch: what brought the person.
            lead.update({name: touch.get(name) for name in _TOUCH_ATTRIBUTES})
        if "last" not in attribution or at >= attribution["last"]["at"]:
            attribution["last"] = {**touch, "at": at}


def _touches(facts: LeadFacts) -> list[tuple[datetime, dict[str, str]]]:
    """The visit's beginning, and the event's own page where that shows a source of its own."""
    touches = [facts.visit] if facts.visit and facts.visit[1] else []
    own = facts.touch
    if own and (not touches or any(name in own for name in CAMPAIGN_NAMES)):
        touches.append((facts.at, own))
    return touches


def _field_names(facts: LeadFacts) -> list[str]:
    return [f"fields:{name}" for name in facts.fields]


def _note(lead: dict[str, Any], facts: LeadFacts, decision: str, reason: str) -> None:
    entry = {"at": facts.at, "eventId": facts.event_id, "decision": decision, "reason": reason}
    lead["history"] = [*lead["history"], entry][-MAX_HISTORY:]
