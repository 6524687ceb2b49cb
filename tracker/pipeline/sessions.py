"""How events add up to sessions. Pure; ``store`` reads what exists and writes the result.

A session is made by whichever of its events comes first, and events may come late or in any order: start, end and
landing page follow event times, never the time of processing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.pipeline.devices import device_of
from tracker.pipeline.draft import Draft
from tracker.pipeline.held import has_drafts
from tracker.pipeline.touch import campaign
from tracker.privacy.consent import CONSENT_EVENT, By, Entry, joined, noted

SessionKey = tuple[str, str]
_UTM = {
    "utmSource": "source",
    "utmMedium": "medium",
    "utmCampaign": "campaign",
    "utmTerm": "term",
    "utmContent": "content",
}


@dataclass(slots=True)
class SessionDelta:
    """What a group of new events adds to one session; ``first`` and ``last`` are the earliest and latest of them,
    ``landed`` the earliest that shows a page: not every event does.

    ``leads``: the session's entries for :class:`tracker.leads.visits.Visit`, where they changed. ``waiting``: how many
    events more (or fewer) wait for the lead of their form.

    ``drafts``: all of them. ``consents``: what they say of consent (`tracker.privacy.consent`). ``submitted``: when
    forms with drafts were submitted last, by form and test flag.
    """

    first: Draft
    last: Draft
    landed: Draft | None = None
    events: int = 0
    submissions: int = 0
    page_views: list[dict[str, Any]] = field(default_factory=list)
    leads: list[dict[str, Any]] | None = None
    waiting: int = 0
    drafts: list[Draft] = field(default_factory=list)
    consents: list[Entry] = field(default_factory=list)
    submitted: dict[tuple[str, bool], datetime] = field(default_factory=dict)

    @property
    def key(self) -> SessionKey:
        """The client's and the session's id."""
        return self.first.client.client_id, self.first.session_id or ""

    @property
    def shown(self) -> Draft | None:
        """The earliest that was not stripped of its browser."""
        if not self.first.stripped:
            return self.first
        return min((draft for draft in self.drafts if not draft.stripped), key=_order, default=None)

    @property
    def visitor_id(self) -> str | None:
        """Of the earliest that names any."""
        if self.first.visitor_id:
            return self.first.visitor_id
        named = min((draft for draft in self.drafts if draft.visitor_id), key=_order, default=None)
        return named.visitor_id if named else None


def group_by_session(drafts: Iterable[Draft]) -> dict[SessionKey, SessionDelta]:
    """Sum up events by session; events without a session id belong to none."""
    deltas: dict[SessionKey, SessionDelta] = {}
    for draft in drafts:
        if not draft.session_id:
            continue
        key = (draft.client.client_id, draft.session_id)
        delta = deltas.get(key)
        if delta is None:
            delta = deltas[key] = SessionDelta(draft, draft)
        _add(delta, draft)
    return deltas


def _add(delta: SessionDelta, draft: Draft) -> None:
    delta.events += 1
    if draft.touch and (delta.landed is None or _order(draft) < _order(delta.landed)):
        delta.landed = draft
    if _order(draft) < _order(delta.first):
        delta.first = draft
    if draft.timestamp >= delta.last.timestamp:
        delta.last = draft
    delta.drafts.append(draft)
    if draft.consent is not None:
        by: By = "decision" if draft.event_type == CONSENT_EVENT else "first"
        delta.consents = noted(delta.consents, draft.consent, draft.timestamp, by)
    if draft.event_type == "form_submission":
        delta.submissions += 1
        if draft.client.forms and not draft.stripped:
            _add_submission(delta, draft)
    elif draft.event_type == "page_view":
        page = draft.payload.get("page") or {}
        view: dict[str, Any] = {"url": page.get("url") or page.get("path") or "", "timestamp": draft.timestamp}
        if page.get("title"):
            view["title"] = page["title"]
        delta.page_views.append(view)


def _add_submission(delta: SessionDelta, draft: Draft) -> None:
    form_id = draft.form.get("formId")
    if has_drafts(draft.client, form_id):
        form = (form_id or "", draft.batch.test)
        delta.submitted[form] = max(draft.timestamp, delta.submitted.get(form, draft.timestamp))


def _order(draft: Draft) -> tuple[datetime, str]:
    return draft.timestamp, draft.queued.event_id


def visit_of(existing: dict[str, Any] | None, delta: SessionDelta) -> tuple[datetime, dict[str, str]]:
    """When and from where the visit began, as far as is known by now."""
    if existing and existing.get("touch") and not lands_earlier(existing, delta):
        return existing["touchAt"], existing["touch"]
    return (delta.landed.timestamp, delta.landed.touch) if delta.landed else (delta.first.timestamp, {})


def lands_earlier(existing: dict[str, Any], delta: SessionDelta) -> bool:
    """Whether these events show an earlier page of the visit than was known."""
    known = existing.get("touchAt")
    return delta.landed is not None and (known is None or delta.landed.timestamp < known)


def new_session(delta: SessionDelta, expires_at: datetime, keep_views: int) -> dict[str, Any]:
    """The document of a session that begins with these events."""
    client_id, session_id = delta.key
    return {
        "sessionId": session_id,
        "clientId": client_id,
        "visitorId": delta.visitor_id,
        "startedAt": delta.first.timestamp,
        "endedAt": delta.last.timestamp,
        "duration": _seconds(delta.first.timestamp, delta.last.timestamp),
        "pageViews": sorted(delta.page_views, key=_view_order)[-keep_views:],
        "pageViewCount": len(delta.page_views),
        "eventCount": delta.events,
        "formSubmissions": delta.submissions,
        **_device(delta.shown or delta.first),
        **_landing(delta.landed),
        **({"leads": delta.leads} if delta.leads else {}),
        **({"waiting": delta.waiting} if delta.waiting else {}),
        **({"consents": delta.consents} if delta.consents else {}),
        **({"submittedForms": _submitted(delta.submitted)} if delta.submitted else {}),
        "test": delta.first.batch.test,
        "createdAt": delta.first.received_at,
        "updatedAt": delta.last.received_at,
        "expiresAt": expires_at,
    }


def session_update(existing: dict[str, Any], delta: SessionDelta, keep_views: int) -> dict[str, Any]:
    """The update that adds these events to a stored session (read without its page views)."""
    started = min(existing["startedAt"], delta.first.timestamp)
    ended = max(existing["endedAt"], delta.last.timestamp)
    values: dict[str, Any] = {
        "startedAt": started,
        "endedAt": ended,
        "duration": _seconds(started, ended),
        "updatedAt": max(existing["updatedAt"], delta.last.received_at),
    }
    values |= _shown_by(existing, delta)
    if lands_earlier(existing, delta):
        values |= _landing(delta.landed)
    if delta.leads is not None:
        values["leads"] = delta.leads
    if delta.consents and (record := consents_of(existing, delta)) != existing.get("consents"):
        values["consents"] = record
    if delta.submitted:
        values["submittedForms"] = _submitted(submitted_forms(existing, delta))
    increments = {"eventCount": delta.events}
    if delta.waiting:
        increments["waiting"] = delta.waiting
    if delta.submissions:
        increments["formSubmissions"] = delta.submissions
    update: dict[str, Any] = {"$set": values, "$inc": increments}
    if delta.page_views:
        increments["pageViewCount"] = len(delta.page_views)
        views = sorted(delta.page_views, key=_view_order)[-keep_views:]
        push: dict[str, Any] = {"$each": views, "$slice": -keep_views}
        if views[0]["timestamp"] <= existing["endedAt"]:
            push["$sort"] = {"timestamp": 1, "url": 1}
        update["$push"] = {"pageViews": push}
    return update


def _shown_by(existing: dict[str, Any], delta: SessionDelta) -> dict[str, Any]:
    """Browser and visitor, where the earliest event is new, or none has told of them so far."""
    shown, values = delta.shown, {}
    if shown and (shown.timestamp < existing["startedAt"] or (shown.user_agent and not existing.get("userAgent"))):
        values = {name: value for name, value in _device(shown).items() if value}
    if not existing.get("visitorId") and (visitor_id := delta.visitor_id):
        values["visitorId"] = visitor_id
    return values


def consents_of(existing: dict[str, Any] | None, delta: SessionDelta) -> list[Entry]:
    """The record of a visit's consent, as far as is known by now."""
    known = (existing or {}).get("consents") or []
    return joined(known, delta.consents) if known and delta.consents else known or delta.consents


def submitted_forms(existing: dict[str, Any] | None, delta: SessionDelta) -> dict[tuple[str, bool], datetime]:
    """When each form with drafts was submitted last in this visit, by form and test flag."""
    times = {(row["form"], row["test"]): row["at"] for row in (existing or {}).get("submittedForms") or ()}
    for form, at in delta.submitted.items():
        times[form] = max(at, times.get(form, at))
    return times


def _submitted(times: dict[tuple[str, bool], datetime]) -> list[dict[str, Any]]:
    return [{"form": form, "test": test, "at": at} for (form, test), at in sorted(times.items())]


def _view_order(view: dict[str, Any]) -> tuple[datetime, str]:
    return view["timestamp"], view["url"]


def _device(draft: Draft) -> dict[str, Any]:
    device = device_of(draft.user_agent) if draft.user_agent else None
    return {
        "userAgent": draft.user_agent,
        "device": device.device if device else None,
        "browser": device.browser if device else None,
        "os": device.os if device else None,
        "geo": draft.geo,
    }


def _landing(draft: Draft | None) -> dict[str, Any]:
    touch = draft.touch if draft else {}
    return {
        "utmParams": {_UTM[name]: value for name, value in campaign(touch).items() if name in _UTM},
        "referrer": touch.get("referrer"),
        "landingPage": touch.get("landingPage"),
        "touch": touch,
        "touchAt": draft.timestamp if draft else None,
    }


def _seconds(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds())
