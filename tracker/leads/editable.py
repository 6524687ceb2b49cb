"""What of a lead people may change by hand, and which values it takes. Pure; every check raises `InvalidError`,
which names the attribute and repeats no value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tracker.errors import InvalidError
from tracker.leads.emails import normalise_email
from tracker.leads.facts import STATUS_ORDER
from tracker.leads.quality import ORDER as QUALITY_ORDER

_MAX_TAGS, _MAX_TAG_CHARS = 50, 64
# All that no text needs; line feeds and tabs are for those of several lines.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = re.compile(r"[\t\r\n\u2028\u2029]")


def checked_changes(changes: Mapping[str, Any]) -> dict[str, dict[str, Any] | None]:
    """By name: ``{"value": …}`` as it is stored, ``None`` for what goes back to what the events say.

    :raises InvalidError: also when there is nothing to change or a name is not of :data:`EDITABLE`.
    """
    unknown = sorted(str(name) for name in changes if name not in EDITABLE)
    if unknown or not changes:
        shown = f"unknown {', '.join(unknown[:5])}; " if unknown else ""
        raise InvalidError(f"{shown}a lead's {', '.join(EDITABLE)} can be changed")
    return {name: None if value is None else {"value": EDITABLE[name](name, value)} for name, value in changes.items()}


def _line(limit: int) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        text = _text(name, value, limit)
        if _BREAKS.search(text):
            raise InvalidError(f"{name} must be on one line")
        return text

    return check


def _lines(limit: int) -> Callable[[str, Any], str]:
    return lambda name, value: _text(name, value, limit)


def _text(name: str, value: Any, limit: int) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > limit or _CONTROLS.search(text):
        raise InvalidError(f"{name} must be a text of 1 to {limit} characters, or null for what the events say")
    return text


def _email(name: str, value: Any) -> str:
    address = normalise_email(value) if isinstance(value, str) and not _CONTROLS.search(value) else None
    if address is None:
        raise InvalidError(f"{name} must be an e-mail address, or null for what the events say")
    return address


def _one_of(known: Mapping[str, int]) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise InvalidError(f"{name} must be {', '.join(known)}, or null for what the events say")
        return value

    return check


def _bool(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidError(f"{name} must be true or false, or null for what the events say")
    return value


def _tags(name: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= _MAX_TAGS:
        raise InvalidError(f"{name} must be a list of 1 to {_MAX_TAGS} texts, or null for none")
    return list(dict.fromkeys(_line(_MAX_TAG_CHARS)(name, tag) for tag in value))


EDITABLE: dict[str, Callable[[str, Any], Any]] = {
    "email": _email,
    "phone": _line(64),
    "firstName": _line(200),
    "lastName": _line(200),
    "name": _line(200),
    "company": _line(200),
    "message": _lines(10_000),
    "status": _one_of({str(name): rank for name, rank in STATUS_ORDER.items()}),
    "quality": _one_of(QUALITY_ORDER),
    "spam": _bool,
    "notes": _lines(10_000),
    "tags": _tags,
}
"""What can be changed by hand, each with the check that gives the value to store."""
