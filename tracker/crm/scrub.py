"""Takes the values of a record out of what a CRM says about it. Pure."""

from __future__ import annotations

import re

from tracker.crm.base import Record

_EMAIL = re.compile(r"[^\s\"'<>:;,()]+@[^\s\"'<>:;,()]+")
_LONG_NUMBER = re.compile(r"\+?\d[\d .()/-]{5,}\d")
_MOST_CHARS = 300
_LEAST_CHARS = 3


def without_values(message: str, record: Record) -> str:
    """The message with every value of the record, and whatever looks like an address or a number, as ``…``.

    :returns: one line of at most 300 characters.
    """
    told = " ".join(message.split())
    values = {record.email, record.lead_id, *_texts(record.fields), *_texts(record.complete)}
    for value in sorted((value for value in values if value and len(value) >= _LEAST_CHARS), key=len, reverse=True):
        told = re.sub(re.escape(value), "…", told, flags=re.IGNORECASE)
    told = _LONG_NUMBER.sub("…", _EMAIL.sub("…", told))
    return told if len(told) <= _MOST_CHARS else f"{told[: _MOST_CHARS - 1]}…"


def _texts(fields: dict[str, object] | dict[str, object | list[str]] | object) -> list[str]:
    found: list[str] = []
    for value in fields.values() if isinstance(fields, dict) else ():
        found += [
            " ".join(str(one).split()) for one in (value if isinstance(value, list) else [value]) if one is not None
        ]
    return found
