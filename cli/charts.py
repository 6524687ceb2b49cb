"""Figures drawn with characters: sparklines and bars. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_FULL = "█"


def sparkline(values: Sequence[int], width: int = 60) -> str:
    """A line of ``width`` characters at most; nothing is the lowest, the largest value the highest.

    Of more values than characters, neighbours are added up.
    """
    if not values:
        return ""
    size = -(-len(values) // width)
    # From the end, so that the newest sum is of as many as the others.
    ends = range(len(values), 0, -size)
    sums = [sum(values[max(0, end - size) : end]) for end in ends][::-1]
    most = max(sums)
    return "".join(_level(value, most) for value in sums)


def bar(value: float, most: float, width: int = 30) -> str:
    """A bar as long as the value's share of ``most``, in eighths of a character; what is not nothing is visible."""
    if value <= 0 or most <= 0:
        return ""
    eighths = max(1, round(min(value / most, 1.0) * width * 8))
    return _FULL * (eighths // 8) + _EIGHTHS[eighths % 8]


def days_between(first: str, last: str) -> list[str]:
    """All days from the first to the last, ``2026-01-31``; days without figures have no row of their own."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(begin + timedelta(days=number)).isoformat() for number in range((end - begin).days + 1)]


def _level(value: int, most: int) -> str:
    if value <= 0 or most <= 0:
        return _LEVELS[0]
    return _LEVELS[min(len(_LEVELS) - 1, 1 + value * (len(_LEVELS) - 2) // most)]
