"""When a message is tried again, and when its endpoint is given up. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)  # fmt: skip
"""Between two attempts: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h. After the tenth attempt it is final."""

GIVE_UP_AFTER = timedelta(days=5)
"""An endpoint that has taken nothing for so long is switched off."""

JITTER = 0.08
"""Part of a pause by which it is longer or shorter, so that what failed together does not come back together. Small
enough that no pause is ever shorter than the one before (20 h and 24 h meet at one eleventh)."""

_LONGEST_RETRY_AFTER = PAUSES[-1]


def next_attempt(
    tries: int, now: datetime, random: Callable[[], float], retry_after: timedelta | None = None
) -> datetime | None:
    """When to try again, ``None`` when the attempts are spent.

    :param tries: attempts that have failed, at least 1.
    :param random: gives numbers from 0 up to 1.
    :param retry_after: what the receiver asked for; it can only make the pause longer, to a day at most.
    """
    if tries > len(PAUSES):
        return None
    pause = PAUSES[tries - 1] * (1 + JITTER * (2 * random() - 1))
    if retry_after is not None:
        pause = max(pause, min(retry_after, _LONGEST_RETRY_AFTER))
    return now + pause


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a ``Retry-After`` header asks for (RFC 9110 §10.2.3: seconds or a date), ``None`` if it cannot be read."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:10]), int(_LONGEST_RETRY_AFTER.total_seconds())))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    return max(moment - now, timedelta())


def is_given_up(failing_since: datetime, changed_at: datetime, now: datetime) -> bool:
    """Whether an endpoint is to be switched off.

    :param changed_at: when an operator last changed it: new address, new chance.
    """
    return now - max(failing_since, changed_at) >= GIVE_UP_AFTER
