"""Takes out of an event what says who somebody is, and leaves what counts (GDPR Art. 5(1)(c)). Pure."""

from __future__ import annotations

import re
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tracker.leads.facts import CAMPAIGN_NAMES
from tracker.pipeline.draft import Draft
from tracker.pipeline.touch import PARAMETERS, touch_of
from tracker.privacy.mentions import emails_in
from tracker.privacy.redact import REDACTED

Reason = Literal["suppressed", "consent_denied", "no_consent", "draft"]
# What a site says of its form and not what a visitor says of himself.
_KEPT = ("trigger", "fieldName", "fieldType")
_FORM = ("formId", "formName")
# Name and password in front of a host; a password that was redacted has brackets, as an IPv6 host does.
_USER = re.compile(r"://[^/?#]*@")


def strip_person(draft: Draft, reason: Reason) -> None:
    """Make a draft nobody's: without values of forms, traits, texts, user's and visitor's id, address and browser.

    What is left: type, time, visit, form, how far it was filled in, the page without parameters, and the campaign.

    :param reason: stored with the event as ``stripped``, so that an operator knows why it is empty.
    """
    draft.stripped = reason
    draft.payload = _payload(draft.payload)
    draft.metadata = _metadata(draft.metadata)
    draft.visitor_id = draft.user_agent = draft.ip_address = None
    if draft.session_id and emails_in(draft.session_id):
        draft.session_id = None
    if draft.geo:
        draft.geo = {name: value for name, value in draft.geo.items() if name == "country"} or None
    draft.touch = touch_of(draft.payload.get("page") or {}, draft.metadata)
    draft.lead = draft.lead_id = draft.held = None


def _payload(payload: dict[str, Any]) -> dict[str, Any]:
    left: dict[str, Any] = {}
    if form := payload.get("form"):
        left["form"] = {name: form[name] for name in _FORM if name in form} | {"fields": {}}
    if page := payload.get("page"):
        left["page"] = _page(page)
    left |= {name: payload[name] for name in _KEPT if isinstance(payload.get(name), str)}
    if isinstance(progress := payload.get("formProgress"), dict):
        left["formProgress"] = {name: value for name, value in progress.items() if isinstance(value, int | float)}
    return _without_addresses(left)


def _page(page: dict[str, Any]) -> dict[str, Any]:
    left: dict[str, Any] = {name: page[name] for name in ("path", "title") if name in page}
    if url := page.get("url"):
        left["url"] = _bare_url(url)
    if referrer := page.get("referrer"):
        left["referrer"] = _site(referrer)
    return left


def _metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    left = {name: metadata[name] for name in (*CAMPAIGN_NAMES, "consent") if name in metadata}
    if isinstance(referrer := metadata.get("referrer"), str) and referrer:
        left["referrer"] = _site(referrer)
    return _without_addresses(left)


def _without_addresses(value: dict[str, Any]) -> dict[str, Any]:
    """A site may write an address into its own texts, such as a title or a campaign."""

    def clean(item: Any) -> Any:
        if isinstance(item, str):
            return REDACTED if emails_in(item) else item
        if isinstance(item, dict):
            return {name: clean(inner) for name, inner in item.items() if not emails_in(name)}
        return [clean(inner) for inner in item] if isinstance(item, list) else item

    cleaned: dict[str, Any] = clean(value)
    return cleaned


def _bare_url(url: str) -> str:
    """A page's address with its campaign as the only parameters."""
    try:
        parts = urlsplit(_USER.sub("://", url, count=1))
        pairs = [(name, value) for name, value in parse_qsl(parts.query) if name in PARAMETERS]
        return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(pairs), ""))
    except ValueError:
        return ""


def _site(url: str) -> str:
    try:
        parts = urlsplit(_USER.sub("://", url, count=1))
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, "/", "", "")) if parts.netloc else ""
