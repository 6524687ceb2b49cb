"""What operators may write in a mapping. Pure; all raise `InvalidError` with a way out."""

from __future__ import annotations

from tracker.config.values import text
from tracker.errors import InvalidError
from tracker.expressions.grammar import checked_transform
from tracker.expressions.sources import MAX_SOURCE_CHARS, parse_source


def transform(value: str | None) -> str | None:
    """What is done to a value on its way to the CRM; ``None`` and the empty text give ``None``."""
    return checked_transform(value)


def mapping_source(value: str) -> str:
    """Where a mapping of a whole client takes its value from."""
    parse_source(value)
    return text(value, "a source", MAX_SOURCE_CHARS)


def target_entity(value: str) -> str:
    """An object of the CRM; a dot would be taken for the end of its name in ``Lead.Email``."""
    entity = text(value, "a target entity", 100)
    if "." in entity:
        raise InvalidError("a target entity has no dot: write Lead and Email apart, or Lead.Email as a whole")
    return entity
