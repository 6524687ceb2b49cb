"""How an acknowledged event can end. Closed: an event without one of these is our bug (decisions §9)."""

from __future__ import annotations

import enum


class Outcome(enum.StrEnum):
    """``stored`` and ``duplicate`` (stored before) are good ends; the others say why an event was not kept."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    DROPPED_UNREADABLE = "dropped_unreadable"
    DROPPED_CLIENT_GONE = "dropped_client_gone"
    DROPPED_BOT = "dropped_bot"
    DROPPED_ERASED = "dropped_erased"
    DROPPED_DEAD_LETTER = "dropped_dead_letter"


class Drop(Exception):  # noqa: N818 - a decision, not an error
    """Raised by a step that decides that an event is not kept."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome
