"""Brings the shapes that arrive into the one that is stored (decisions §6, technical design §7.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tracker.field_names import field_key

ALIASES = {"pageview": "page_view"}
_PAGE_KEYS = ("url", "path", "title", "referrer")
# Taken up into payload.form and payload.page, so that they stand in one place only.
_CONSUMED = frozenset({"form", "page", "fields", "formId", "formName", "fieldValue", *_PAGE_KEYS})
_FORM_KEYS = frozenset({"form", "fields", "formId", "formName", "fieldName", "fieldValue"})
_TOP_LEVEL_EXTRAS = ("trigger", "fieldName", "fieldType", "formProgress", "roles")
_INT64 = 2**63
_SECONDS_BELOW = 1e11  # a number below is epoch seconds: in milliseconds it would be before March 1973
_MAX_SKEW = timedelta(seconds=30)
_MAX_AHEAD = timedelta(days=1)
_MAX_BEHIND = timedelta(days=366)


def clean(value: Any) -> Any:
    """A copy that MongoDB can hold: names are data, whole numbers fit 64 bits."""
    kind = type(value)
    if kind is str:
        return value
    if kind is dict:
        return {field_key(name): item if type(item) is str else clean(item) for name, item in value.items()}
    if kind is list:
        return [clean(item) for item in value]
    if kind is int and not -_INT64 <= value < _INT64:
        return str(value)
    return value


def stored_payload(raw: dict[str, Any]) -> dict[str, Any]:
    """``payload`` in the stored shape: ``form`` and ``page`` where there are any, then what else it held."""
    payload = _object(raw.get("payload"))
    stored: dict[str, Any] = {}
    if form := _form(raw, payload):
        stored["form"] = form
    if page := _page(raw, payload):
        stored["page"] = page
    for name in _TOP_LEVEL_EXTRAS:
        if name in raw:
            stored[name] = clean(raw[name])
    for name, value in payload.items():
        if name not in _CONSUMED:
            stored[field_key(name)] = clean(value)
    return stored


def _form(raw: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    if _FORM_KEYS.isdisjoint(payload) and _FORM_KEYS.isdisjoint(raw):
        return {}
    inner = _object(payload.get("form"))
    fields = {**_object(raw.get("fields")), **_object(payload.get("fields")), **_object(inner.get("fields"))}
    name, value = payload.get("fieldName", raw.get("fieldName")), payload.get("fieldValue", raw.get("fieldValue"))
    if isinstance(name, str) and name and value is not None:
        fields.setdefault(name, value)
    form_id = inner.get("formId") or payload.get("formId") or raw.get("formId")
    form_name = inner.get("formName") or payload.get("formName") or raw.get("formName")
    if not fields and not form_id and not form_name:
        return {}
    form: dict[str, Any] = {"formId": str(form_id)[:255] if form_id else None}
    if form_name:
        form["formName"] = str(form_name)[:255]
    form["fields"] = clean(fields)
    return form


def _page(raw: dict[str, Any], payload: dict[str, Any]) -> dict[str, Any]:
    page: dict[str, Any] = {}
    for source in (raw.get("page"), payload, payload.get("page")):
        if source and type(source) is dict:
            for key in _PAGE_KEYS:
                if type(text := source.get(key)) is str:
                    page[key] = text
    if page.get("url") and not page.get("path"):
        page["path"] = url_path(page["url"])
    return page


def url_path(url: str) -> str:
    """The path of a URL, ``/`` where it has none or is none."""
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return "/"


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def event_time(raw: Any, received_at: datetime, sent_at: float | None) -> tuple[datetime, bool]:
    """When an event happened, and whether its own time was unusable.

    The browser's clock is corrected by what it said when it sent (``sentAt``) against the time of receipt; a time
    that is still years off is replaced by the time of receipt.

    :param raw: epoch milliseconds or seconds, or ISO 8601 (without an offset: UTC), or nothing.
    :param sent_at: epoch seconds by the browser's clock.
    """
    moment = _parse(raw)
    if moment is None:
        return received_at, raw is not None
    if sent_at is not None and abs(skew := received_at - _from_epoch(sent_at, received_at)) > _MAX_SKEW:
        try:
            moment += skew
        except OverflowError:
            return received_at, True
    if moment > received_at + _MAX_AHEAD or moment < received_at - _MAX_BEHIND:
        return received_at, True
    # MongoDB keeps milliseconds; what is compared later must be what was stored.
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000), False


def _from_epoch(seconds: float, fallback: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return fallback


def _parse(raw: Any) -> datetime | None:
    try:
        if isinstance(raw, str):
            moment = datetime.fromisoformat(raw)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return datetime.fromtimestamp(raw if raw < _SECONDS_BELOW else raw / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return None
