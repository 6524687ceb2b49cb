"""Times as people type them: ``2d``, ``3h``, ``2026-01-01``, ``2026-01-01T12:00+02:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from cli.errors import UsageError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?:\d{1,9}[smhdw])+", re.ASCII)
_PART = re.compile(r"(\d+)([smhdw])", re.ASCII)
_EXAMPLES = "write 30m, 3h, 2d, 1w, 2026-01-31 or 2026-01-31T12:00+02:00"


def parse_since(text: str | None, option: str = "--since", now: datetime | None = None) -> datetime | None:
    """A moment in the past: a duration counts back from now, a date begins at midnight UTC.

    :raises UsageError: naming ``option`` when the text is neither.
    """
    return _parse(text, option, now, sign=-1)


def parse_expiry(text: str | None, option: str = "--expires", now: datetime | None = None) -> datetime | None:
    """A moment in the future: a duration counts from now on.

    :raises UsageError: when the text is no time, or one that has passed.
    """
    now = now or datetime.now(UTC)
    moment = _parse(text, option, now, sign=1)
    if moment is not None and moment <= now:
        raise UsageError(f"{option}: {text} has passed already")
    return moment


def parse_duration(text: str, option: str) -> timedelta:
    """A length of time such as ``90s``, ``24h`` or ``1d12h``; ``0`` is none.

    :raises UsageError: when the text is something else.
    """
    if text == "0":
        return timedelta()
    duration = _duration(text, option)
    if duration is None:
        raise UsageError(f"{option}: {text!r} is not a length of time; write 30m, 24h or 7d")
    return duration


def ago(moment: object, now: datetime | None = None) -> str:
    """How long ago an ISO time or a datetime was, in one short word."""
    when = _moment(moment)
    if when is None:
        return "-"
    seconds = ((now or datetime.now(UTC)) - when).total_seconds()
    if seconds < 0:
        return when.strftime("%Y-%m-%d %H:%M")
    for limit, size, unit in ((60, 1, "s"), (3600, 60, "m"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d")):
        if seconds < limit:
            return f"{int(seconds // size)}{unit} ago"
    return when.strftime("%Y-%m-%d")


def _parse(text: str | None, option: str, now: datetime | None, sign: int) -> datetime | None:
    if text is None:
        return None
    duration = _duration(text, option)
    try:
        if duration is not None:
            return (now or datetime.now(UTC)) + sign * duration
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"{option}: {text!r} is not a time; {_EXAMPLES}") from None


def _duration(text: str, option: str) -> timedelta | None:
    if not _DURATION.fullmatch(text):
        return None
    try:
        parts = [timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)]
        return sum(parts, timedelta())
    except OverflowError:
        raise UsageError(f"{option}: {text} is too long; {_EXAMPLES}") from None


def _moment(value: object) -> datetime | None:
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
