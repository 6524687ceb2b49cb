"""How events become leads and join them. Pure: documents in, documents out (decisions §9).

* A value is never replaced by an empty one; of two values the one with the later event time stays, and of two at the
  same time the greater one: in whatever order events arrive, the lead is the same.
* Status and quality only move forward.
* First and last touch are both kept.
* A lead is spam while its latest submission is; before there is any, when any of its events is.
* What people have set by hand wins over all of it, until they take it back (`tracker.leads.overlay`).
* Each decision is kept on the lead as a short history, without values: those are in the events it names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tracker.leads.facts import CAMPAIGN_NAMES, STATUS_ORDER, LeadFacts
from tracker.leads.names import split_name
from tracker.leads.overlay import lay, lift
from tracker.leads.quality import ORDER as QUALITY_ORDER
from tracker.leads.spam import in_order
from tracker.privacy.consent import take_up

ABANDONED = "abandoned_form"
MAX_HISTORY = 50
_ONE_VISIT = timedelta(hours=12)
_MOST_TOUCHES = 20  # between the first and the last
_TOUCH_ATTRIBUTES = ("utmSource", "utmMedium", "utmCampaign", "referrer", "landingPage")


@dataclass(frozen=True, slots=True)
class Why:
    """Why an event begins a lead or joins one.

    :ivar other: the id of another lead that the decision was about.
    """

    reason: str
    other: str | None = None


@dataclass(slots=True)
class _Taken:
    """Names of values that an event brought, and of those that a later event had already said otherwise."""

    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def joins(lead: dict[str, Any], facts: LeadFacts, submission_window: timedelta, interaction_window: timedelta) -> bool:
    """Whether an event belongs to an existing lead of its e-mail: one that is younger than the window.

    An event older than the lead (it waited in a browser) joins as well.
    """
    window = submission_window if facts.status == "submitted" else interaction_window
    joined: bool = facts.at - lead["createdAt"] < window
    return joined


def new_lead(facts: LeadFacts, why: Why | None = None) -> dict[str, Any]:
    """The document of a lead that begins with this event.

    Its id follows from the event, so that the same event never makes two.
    """
    lead: dict[str, Any] = {
        "leadId": str(uuid5(NAMESPACE_URL, f"trackerctl:lead:{facts.client_id}:{facts.test}:{facts.event_id}")),
        "clientId": facts.client_id,
        "formId": None,
        "fields": {},
        "attributeAt": {},
        "status": facts.status,
        "quality": facts.quality,
        "source": facts.source,
        "sessionId": None,
        "visitorId": None,
        "attribution": {},
        "crmSynced": False,
        "crmSyncedAt": None,
        "crmId": None,
        "crmErrors": [],
        "history": [],
        "test": facts.test,
        "submittedAt": None,
        "lastInteractionAt": facts.at,
        "createdAt": facts.at,
        "updatedAt": facts.at,
    }
    if facts.email:
        lead["current"] = True
    taken = _take(lead, facts)
    default = f"first {facts.source} of this e-mail" if facts.email else "no e-mail to compare"
    _note(lead, facts, "created", why or Why(default), taken)
    return lead


def merge(lead: dict[str, Any], facts: LeadFacts, why: Why | None = None) -> None:
    """Let an existing lead take up an event, in place. What people have set by hand wins over it."""
    if "edits" not in lead:
        _merge(lead, facts, why)
        return
    lift(lead)
    _merge(lead, facts, why)
    lay(lead)


def _merge(lead: dict[str, Any], facts: LeadFacts, why: Why | None) -> None:
    before = lead["status"]
    taken = _take(lead, facts)
    why = why or Why(f"{facts.source} of the same e-mail")
    if lead["status"] != before:
        why = Why(f"{before} to {lead['status']}: {why.reason}", why.other)
    _note(lead, facts, "promoted" if lead["status"] != before else "merged", why, taken)


def adopt(lead: dict[str, Any], facts: LeadFacts) -> None:
    """Give a lead that began without an e-mail the one that came for the same form of the same visit."""
    lead["current"] = True
    merge(lead, facts, Why("the e-mail of the same form and visit"))


def retouch(lead: dict[str, Any], session_id: str, at: datetime, touch: dict[str, str]) -> bool:
    """Take up that a visit began earlier than was known, because its first events came late.

    :returns: whether the lead's attribution changed.
    """
    before = dict(lead["attribution"])
    _add_touch(lead, at, {**touch, "sessionId": session_id, "visit": True})
    return bool(lead["attribution"] != before)


def _take(lead: dict[str, Any], facts: LeadFacts) -> _Taken:
    taken = _merge_values(lead, facts)
    for at, touch in _touches(facts):
        _add_touch(lead, at, touch)
    _advance(lead, facts)
    _judge(lead, facts)
    _consent(lead, facts)
    _first_of(lead, facts)
    lead["lastInteractionAt"] = max(lead["lastInteractionAt"], facts.at)
    lead["updatedAt"] = max(lead["updatedAt"], facts.at)
    # Events of one visit may overtake each other. One that waited for days in a browser must not make the lead older:
    # the next submission could then be too late for its window.
    if timedelta() < lead["createdAt"] - facts.at < _ONE_VISIT:
        lead["createdAt"] = facts.at
    return taken


def _advance(lead: dict[str, Any], facts: LeadFacts) -> None:
    if lead["source"] == ABANDONED and facts.status == "partial" and facts.at > lead["lastInteractionAt"]:
        # The person came back to the form.
        lead["source"] = facts.source
        lead.pop("abandonedAt", None)
    if STATUS_ORDER[facts.status] > STATUS_ORDER[lead["status"]]:
        lead["status"] = facts.status
        lead.pop("abandonedAt", None)
    if QUALITY_ORDER[facts.quality] > QUALITY_ORDER[lead["quality"]]:
        lead["quality"] = facts.quality
    if facts.progress is not None:
        lead["formProgress"] = max(lead.get("formProgress", 0), facts.progress)
    if facts.awaits_email:
        lead["attributeAt"]["complete"] = min(lead["attributeAt"].get("complete", facts.at), facts.at)
    if "complete" in lead["attributeAt"] and lead.get("email"):
        lead["quality"] = "high"
    if facts.status == "submitted":
        lead["submittedAt"] = min(lead.get("submittedAt") or facts.at, facts.at)
    for name, value in (("source", facts.source), ("formId", facts.form_id)):
        if value:
            _of_best_status(lead, facts, name, value)


def _judge(lead: dict[str, Any], facts: LeadFacts) -> None:
    """Reasons belong to submissions: an honest one after a doubtful one clears the lead, whichever comes first here.
    What was typed or said before there is any adds up."""
    at = lead["attributeAt"]
    known = lead.get("spamReasons") or []
    reasons = list(facts.spam)
    if facts.status == "submitted":
        if "spam" in at and (facts.at, reasons) <= (at["spam"], known):
            return
        at["spam"] = facts.at
    elif "spam" in at or not reasons:
        return
    else:
        reasons = in_order({*known, *reasons})
    if reasons:
        lead["spam"], lead["spamReasons"] = True, reasons
    else:
        lead.pop("spam", None)
        lead.pop("spamReasons", None)


def _consent(lead: dict[str, Any], facts: LeadFacts) -> None:
    own: list[dict[str, Any]] = []
    if facts.consent is not None:
        own = [facts.consent.entry(facts.at, "first"), facts.consent.entry(facts.at, "latest")]
    if own or facts.visit_consents:
        take_up(lead, own, facts.visit_consents)


def _of_best_status(lead: dict[str, Any], facts: LeadFacts, name: str, value: str) -> None:
    """Source and form are those of the first event of the highest status."""
    at = lead["attributeAt"]
    mark = f"{name}:{facts.status}"
    known = at.get(mark)
    if known is not None and facts.at > known:
        return
    at[mark] = facts.at
    higher = (status for status, rank in STATUS_ORDER.items() if rank > STATUS_ORDER[facts.status])
    if any(f"{name}:{status}" in at for status in higher):
        return
    if lead.get(name) == ABANDONED and facts.status == "partial":
        return
    lead[name] = min(value, lead[name]) if known == facts.at and lead.get(name) else value


def _first_of(lead: dict[str, Any], facts: LeadFacts) -> None:
    """Session and visitor are those of the earliest event that names any."""
    at = lead["attributeAt"]
    for name, value in (("sessionId", facts.session_id), ("visitorId", facts.visitor_id)):
        if value and (name not in at or (facts.at, value) < (at[name], lead[name])):
            lead[name], at[name] = value, facts.at


def _merge_values(lead: dict[str, Any], facts: LeadFacts) -> _Taken:
    taken, at = _Taken(), lead["attributeAt"]
    for name, value in facts.attributes.items():
        if _wins(at, name, lead.get(name), facts.at, value, taken, name):
            lead[name], at[name] = value, facts.at
            if name == "phone":
                # The two must belong together: an unreadable number has none.
                lead["phoneE164"] = facts.phone_e164
    for name, value in facts.fields.items():
        mark = f"fields:{name}"
        if value not in (None, "", [], {}) and _wins(
            at, mark, lead["fields"].get(name), facts.at, value, taken, f"fields.{name}"
        ):
            lead["fields"][name], at[mark] = value, facts.at
    _complete_name(lead)
    return taken


def _complete_name(lead: dict[str, Any]) -> None:
    """Derive what of full, first and last name nobody typed from what somebody did."""
    typed = {name: lead[name] for name in ("firstName", "lastName", "name") if name in lead["attributeAt"]}
    if "name" in typed:
        first, last = split_name(typed["name"])
        derived = {"firstName": first or None, "lastName": last or None}
    else:
        whole = f"{typed.get('firstName', '')} {typed.get('lastName', '')}".strip()
        derived = {"name": whole} if whole else {}
    lead.update({name: value for name, value in derived.items() if name not in typed})


def _wins(
    at: dict[str, datetime], mark: str, known: Any, moment: datetime, value: Any, taken: _Taken, shown: str
) -> bool:
    stored_at = at.get(mark)
    if known == value and stored_at is not None:
        return moment > stored_at
    if stored_at is None or (moment, str(value)) > (stored_at, str(known)):
        taken.changed.append(shown)
        return True
    taken.kept.append(shown)
    return False


def _add_touch(lead: dict[str, Any], at: datetime, touch: dict[str, Any]) -> None:
    new = {**touch, "at": at}
    known = _known_touches(lead["attribution"])
    if touch.get("visit"):
        # A visit has one beginning: the earliest that is known.
        same = [each for each in known if each.get("visit") and each.get("sessionId") == touch.get("sessionId")]
        if any(_touch_order(each) <= _touch_order(new) for each in same):
            return
        known = [each for each in known if each not in same]
    touches = sorted([*known, new], key=_touch_order)
    first, *between, last = touches if len(touches) > 1 else touches * 2
    lead["attribution"] = {"first": first, "last": last}
    if between := [each for each in between if each not in (first, last)][-_MOST_TOUCHES:]:
        lead["attribution"]["between"] = between
    # The plain attributes of the technical design are those of the first touch: what brought the person.
    lead.update({name: first.get(name) for name in _TOUCH_ATTRIBUTES})


def _known_touches(attribution: dict[str, Any]) -> list[dict[str, Any]]:
    ends = [attribution[name] for name in ("first", "last") if name in attribution]
    known: list[dict[str, Any]] = []
    for each in (*ends, *attribution.get("between", ())):
        if each not in known:
            known.append(each)
    return known


def _touch_order(touch: dict[str, Any]) -> tuple[datetime, list[str]]:
    return touch["at"], sorted(f"{name}={value}" for name, value in touch.items() if name != "at")


def _touches(facts: LeadFacts) -> list[tuple[datetime, dict[str, Any]]]:
    """The visit's beginning, and the event's own page where that shows a source of its own."""
    touches: list[tuple[datetime, dict[str, Any]]] = []
    own, visit = facts.touch, facts.visit if facts.visit and facts.visit[1] else None
    own_source = any(name in own for name in CAMPAIGN_NAMES)
    if visit and not (own_source and visit[0] == facts.at):
        touches.append((visit[0], {**visit[1], "sessionId": facts.session_id, "visit": True}))
    if own and (own_source or not visit):
        touches.append((facts.at, {**own, "sessionId": facts.session_id} if facts.session_id else dict(own)))
    return touches


def _note(lead: dict[str, Any], facts: LeadFacts, decision: str, why: Why, taken: _Taken) -> None:
    entry: dict[str, Any] = {
        "at": facts.at,
        "eventId": facts.event_id,
        "decision": decision,
        "reason": why.reason,
        "status": lead["status"],
    }
    optional = {"otherLeadId": why.other, "changed": taken.changed, "kept": taken.kept}
    entry |= {name: value for name, value in optional.items() if value}
    lead["history"] = longer_history(lead["history"], entry)


def longer_history(history: list[dict[str, Any]], entry: dict[str, Any]) -> list[dict[str, Any]]:
    """``history`` with one decision more; how it began stays, whatever comes after."""
    return [*history, entry] if len(history) < MAX_HISTORY else [history[0], *history[2:], entry]
