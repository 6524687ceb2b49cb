"""Dead letters: events that could not be stored, kept in Redis with the reason (decisions §9).

What writes them is here; `select`, `replay`, `discard`, `bounds` and `views` are what operators do with them.
"""

from tracker.deadletters.entries import (
    BY_TIME,
    ENTRIES,
    UNREADABLE,
    UNREADABLE_BY_TIME,
    UNREADABLE_MANIFESTS,
    DeadLetter,
    letter_for,
)

__all__ = [
    "BY_TIME",
    "ENTRIES",
    "UNREADABLE",
    "UNREADABLE_BY_TIME",
    "UNREADABLE_MANIFESTS",
    "DeadLetter",
    "letter_for",
]
