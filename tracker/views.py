"""JSON-ready copies of documents for people and programs outside."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tracker.field_names import field_name

_HIDDEN = frozenset({"_id", "id", "revision_id", "attributeAt", "current", "said"})


def document_view(document: dict[str, Any]) -> dict[str, Any]:
    """A stored document as JSON: ISO 8601 times in UTC, original field names, no internals."""
    return {key: _value(value) for key, value in document.items() if key not in _HIDDEN}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, dict):
        return {field_name(key): _value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
