"""The outline of a refused event: enough to see what a site does wrong, nothing of what a visitor typed.

What was refused went through no step of the pipeline, and is nobody's lead. So values are kept only where a site and
not a visitor chooses them (:data:`_KEPT`), without query strings, e-mail addresses, phone numbers and whatever
`tracker.privacy.redact` finds; all others are replaced by their kind and length. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from tracker.privacy.redact import REDACTED, redact_text
from tracker.privacy.secret_names import is_secret_name

MAX_BYTES = 2_048
"""Of an outline, as JSON."""

_MAX_EVENT_BYTES = 32 * 1024
_NAME_CHARS = 40
_IDS = frozenset({"id", "eventid", "sessionid", "visitorid", "formid"})
_TIMES = frozenset({"timestamp", "sentat"})
_KEPT = _IDS | _TIMES | {
    "type", "formname", "fieldname", "fieldtype", "url", "path", "referrer", "landingpage", "language", "timezone",
    "useragent", "version", "width", "height",
}  # fmt: skip
# What is below these was typed, whatever it is called.
_TYPED = frozenset({"fields", "values", "answers"})
_EMAIL = re.compile(r"[^\s@/?&=:;,<>\"']{1,64}(?:@|%40)[^\s@/?&=:;,<>\"']{1,255}")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)?\d(?:[ ()./-]{0,2}\d){6,}(?!\w)")
_QUERY = re.compile(r"[?#].*\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Size:
    """How much of texts, objects, lists and of the depth is kept."""

    text: int
    keys: int
    items: int
    depth: int


_SIZES = (_Size(200, 30, 10, 8), _Size(80, 20, 5, 6), _Size(40, 10, 3, 4), _Size(20, 6, 2, 3))


def outline(data: bytes) -> Any:
    """An event as sent, cut by whole values to at most :data:`MAX_BYTES`.

    :returns: ``None`` when it cannot be read or is larger than any event may be. Never raises.
    """
    if len(data) > _MAX_EVENT_BYTES:
        return None
    try:
        event = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    for size in _SIZES:
        result = _outlined(event, "", size, size.depth, typed=False)
        if len(msgspec.json.encode(result)) <= MAX_BYTES:
            return result
    return None


def _outlined(value: Any, name: str, size: _Size, depth: int, *, typed: bool) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, dict):
        return _object(value, size, depth, typed=typed) if depth else f"[{len(value)} fields]"
    if isinstance(value, list):
        if not depth:
            return f"[{len(value)} items]"
        kept = [_outlined(item, name, size, depth - 1, typed=typed) for item in value[: size.items]]
        return [*kept, f"[{len(value) - size.items} more]"] if len(value) > size.items else kept
    known = not typed and (name in _KEPT or name.startswith("utm"))
    if isinstance(value, str):
        return masked(value, name)[: size.text] if known else f"[{len(value)} characters]"
    return value if known and abs(value) < 10**15 else "[number]"


def _object(value: dict[str, Any], size: _Size, depth: int, *, typed: bool) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in list(value.items())[: size.keys]:
        name = key.lower().replace("_", "")
        shown = masked(key)[:_NAME_CHARS]
        if is_secret_name(key) and item not in (None, "", False):
            result[shown] = REDACTED
        else:
            result[shown] = _outlined(item, name, size, depth - 1, typed=typed or name in _TYPED)
    if len(value) > size.keys:
        result["…"] = f"[{len(value) - size.keys} more]"
    return result


def masked(text: str, name: str = "") -> str:
    """A text without what could be about a person.

    :param name: of its field: numbers in ids and times are no phone numbers unless they are all of it.
    """
    text = _QUERY.sub("?…", redact_text(text[:4_096])) if name not in _IDS else redact_text(text[:4_096])
    text = _EMAIL.sub("[EMAIL]", text)
    if name in _TIMES:
        return text
    if name in _IDS:
        return "[PHONE]" if _PHONE.fullmatch(text) and not text.isdigit() else text
    return _PHONE.sub("[PHONE]", text)
