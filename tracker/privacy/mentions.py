"""Addresses that a text or a document holds, wherever they stand. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tracker.privacy.hashes import normal
from tracker.privacy.plain import needs_plain, plain

# Generous: what is no address is sorted out when it is normalised.
_EMAIL = re.compile(r"[^\s@<>()\[\]{},;:\"'=&?/\\|]{1,64}@[^\s@<>()\[\]{},;:\"'=&?/\\|#]{1,190}")
_PHONE = re.compile(r"\+?\d[\d\s()./-]{5,30}\d")
# Quotes of all languages, full stops, marks of emphasis.
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def strings_in(value: Any) -> Iterator[str]:
    """All texts of a document, names and values; numbers as texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        # A form may send a phone's number as a number.
        yield str(value)


def emails_in(text: str) -> set[str]:
    """Normalised e-mail addresses in a text, also percent-encoded ones."""
    if "@" not in text and "%" not in text:
        return set()
    readings = {text, plain(text)[0]} if needs_plain(text) else {text}
    found = {part for reading in readings for part in _EMAIL.findall(reading)}
    found |= {_EDGES.sub("", part) for part in found}
    return {email for part in found if (email := normal("email", part))}


def phones_in(text: str, region: str) -> set[str]:
    """Phone numbers in a text in E.164."""
    reading = plain(text)[0] if needs_plain(text) else text
    return {number for part in _PHONE.findall(reading) if (number := normal("phone", part, region))}
