"""Values on their way from a lead to a CRM: JSON scalars and lists of texts, of bounded size."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tracker.crm.base import Value
from tracker.expressions.signatures import MAX_TEXT_CHARS
from tracker.expressions.sources import Source

MAX_ITEMS = 1000
"""Most texts of a list."""
_LARGEST = 2**63 - 1
_MOST_BITS = 1024


@dataclass(frozen=True)
class Context:
    """What a transform may know besides its value.

    :ivar lead: by the attribute names of `tracker.leads.documents`.
    :ivar region: ISO 3166 code of the country whose phone numbers have no ``+``.
    """

    lead: Mapping[str, Any] = field(default_factory=dict)
    region: str = "US"


def is_empty(value: object) -> bool:
    """Whether there is nothing to send: neither ``false`` nor 0 is nothing."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def as_text(value: object) -> str:
    """A scalar as people write it: ``true``, ``12``, ``2.5``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return str(int(value))
    return str(value)[:MAX_TEXT_CHARS]


def texts_of(value: Value) -> list[str]:
    """The texts of a value, one by one."""
    return list(value) if isinstance(value, list) else [] if value is None else [as_text(value)]


def normal(value: object) -> Value:
    """Any JSON value, or a time, as one that a CRM takes: objects become their JSON, times are ISO 8601 in UTC."""
    if isinstance(value, str):
        return value[:MAX_TEXT_CHARS]
    if isinstance(value, list | tuple | set | frozenset):
        items = [normal(one) if not isinstance(one, list | tuple) else _json(one) for one in list(value)[:MAX_ITEMS]]
        return _bounded([as_text(one) for one in items if one is not None])
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Beyond 64 bits no CRM counts; as digits nothing is lost.
        return value if abs(value) <= _LARGEST else str(value) if value.bit_length() <= _MOST_BITS else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return _json(value)


def value_of(lead: Mapping[str, Any], source: Source) -> Value:
    """What a source says of a lead; ``None`` where it says nothing."""
    if source.kind == "constant":
        return source.name
    found: Any = lead
    for step in ("fields", source.name) if source.kind == "field" else source.name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return normal(found)


def _bounded(items: list[str]) -> list[str]:
    kept, left = [], MAX_TEXT_CHARS
    for item in items:
        if (left := left - len(item)) < 0:
            break
        kept.append(item)
    return kept


def _json(value: object) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)[:MAX_TEXT_CHARS]
    except (TypeError, ValueError, RecursionError):
        return None
