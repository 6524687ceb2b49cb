"""What an event says as it was sent, before any step has read it. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from tracker.privacy.mentions import emails_in, strings_in


def decoded(data: bytes) -> dict[str, Any] | None:
    """The event; ``None`` for what is none."""
    try:
        event = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def ids_of(data: bytes) -> tuple[str | None, str | None]:
    """The ids of visitor and visit."""
    event = decoded(data) or {}
    visitor, session = event.get("visitorId"), event.get("sessionId")
    return visitor if isinstance(visitor, str) else None, session if isinstance(session, str) else None


def holds_other(data: bytes) -> bool:
    """Whether it holds any e-mail address."""
    return any(emails_in(text) for text in strings_in(decoded(data)))


def names_besides(data: bytes, emails: frozenset[str]) -> bool:
    """Whether it holds an e-mail address that is none of these."""
    return any(emails_in(text) - emails for text in strings_in(decoded(data)))
