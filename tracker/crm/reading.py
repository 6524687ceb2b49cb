"""Reads numbers, dates and yes or no as people write them in forms."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime

_MAX_CHARS = 64
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DECORATION = re.compile(r"[\s\u00a0\u202f'’_]|[$€£¥%]|\b(?:USD|EUR|GBP|CHF)\b", re.IGNORECASE)
_GROUPS = re.compile(r"[+-]?[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*")
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T](.+))?")
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})(?:[ T](.+))?")
_MONTH_FIRST_REGIONS = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "FM", "MH", "PW"})
_MILLISECONDS_FROM = 100_000_000_000  # as seconds, the year 5138
_YES = frozenset(["true", "yes", "y", "1", "on", "ja", "j", "oui", "si", "sí", "sim", "tak", "da", "x", "checked"])
_NO = frozenset(["false", "no", "n", "0", "off", "nein", "non", "não", "nao", "nie", "unchecked"])


def read_number(text: str) -> int | float | None:
    """``1,234.50``, ``1.234,50`` and ``€ 12`` alike; ``None`` for what is no number.

    One comma before exactly three digits groups thousands, one dot does not.
    """
    if len(text) > _MAX_CHARS:
        return None
    plain = _DECORATION.sub("", text)
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        group, point = (",", ".") if dot > comma else (".", ",")
        plain = plain.replace(group, "").replace(point, ".")
    elif (comma >= 0 and _GROUPS.fullmatch(plain)) or plain.count(".") > 1 or plain.count(",") > 1:
        if not _GROUPS.fullmatch(plain):
            return None
        plain = plain.replace(",", "").replace(".", "")
    else:
        plain = plain.replace(",", ".")
    if not plain.isascii() or not _NUMBER.fullmatch(plain):
        return None
    if plain.lstrip("+-").isdigit():
        return int(plain)
    value = float(plain)
    return value if math.isfinite(value) else None


def read_boolean(text: str) -> bool | None:
    """Yes or no in the languages of most forms; ``None`` for anything else."""
    word = text.strip().casefold()
    return True if word in _YES else False if word in _NO else None


def read_date(text: str, region: str) -> datetime | None:
    """A day, with a time where there is one; ``None`` for what is no date.

    :param text: ISO 8601, ``31.01.2030``, ``31/01/2030``, ``2030/01/31``, or seconds or milliseconds since 1970.
    :param region: ISO 3166 code; decides about ``01/02/2030``.
    """
    given = text.strip()
    if len(given) > _MAX_CHARS or not given.isascii():
        return None
    try:
        if re.fullmatch(r"-?\d{9,14}(?:\.\d{1,6})?", given):
            return read_epoch(float(given))
        return datetime.fromisoformat(_iso(given, region))
    except (ValueError, OverflowError):
        return None


def read_epoch(number: float) -> datetime | None:
    """Seconds, or milliseconds where they are many, since 1970; ``None`` beyond the calendar."""
    try:
        seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso(given: str, region: str) -> str:
    if found := _YEAR_FIRST.fullmatch(given):
        year, month, day, rest = found[1], found[3], found[4], found[5]
    elif found := _DAY_FIRST.fullmatch(given):
        day, month, year, rest = found[1], found[3], found[4], found[5]
        if found[2] != "." and region in _MONTH_FIRST_REGIONS:
            day, month = month, day
    else:
        return given
    start = date(int(year), int(month), int(day)).isoformat()
    return f"{start}T{rest}" if rest else start
