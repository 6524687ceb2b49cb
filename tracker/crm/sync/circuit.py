"""When an account is asked again after a call that failed, and how much of its budget is left. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, RefusedError, RetryLaterError, Usage
from tracker.crm.sync.documents import CircuitReason

RESERVE = 0.2
"""Share of the account's calls that others may count on, where the connection's settings name no ``reserve``."""

_FIRST_SECONDS, _MOST_SECONDS = 5.0, 600.0
_LIMIT_SECONDS = 300.0
# Nobody mends these within a minute, and a change of the connection opens the way at once.
_HOPELESS_SECONDS = 900.0
_SAMPLE_EVERY = timedelta(minutes=15)
_SAMPLES = 96


def reason_of(error: Exception) -> CircuitReason:
    """What an error says about the account."""
    match error:
        case RateLimitedError():
            return "limit"
        case CredentialsError():
            return "credentials"
        case RefusedError():
            return "refused"
        case RetryLaterError():
            return "away"
        case CrmError():
            return "away"
        case _:
            return "unexpected"


def pause(error: Exception, failures: int, draw: float | None = None) -> float:
    """Seconds until the account is asked again.

    :param failures: in a row, this one included.
    :param draw: a number from 0 to 1, so that accounts of one CRM that was away do not come back together.
    """
    draw = random.random() if draw is None else draw  # noqa: S311
    retry_after = getattr(error, "retry_after", None)
    match reason_of(error):
        case "limit":
            return max(1.0, float(retry_after or _LIMIT_SECONDS))
        case "credentials" | "refused":
            return _HOPELESS_SECONDS
        case _:
            grown = min(_MOST_SECONDS, _FIRST_SECONDS * 2.0 ** (min(failures, 20) - 1))
            return max(float(retry_after or 0.0), grown * (0.75 + draw / 2))


def is_open(state: Mapping[str, Any] | None, version: str, now: datetime) -> bool:
    """Whether the account is to be left alone now.

    :param state: a stored `CrmState`.
    :param version: of the connection; one that was changed since is tried at once.
    """
    found = (state or {}).get("circuit")
    return found is not None and found["until"] > now and found.get("version") == version


def spent(usage: Usage | None, reserve: float) -> bool:
    """Whether what is left of the budget is what others count on."""
    return usage is not None and usage.limit > 0 and usage.used >= usage.limit * (1 - reserve)


def sampled(samples: Sequence[Mapping[str, Any]], usage: Usage, now: datetime) -> list[dict[str, Any]]:
    """The history of the budget with one more look, unless the last one was a moment ago."""
    kept = [dict(sample) for sample in samples]
    if kept and now - kept[-1]["at"] < _SAMPLE_EVERY:
        return kept
    return [*kept, {"at": now, "used": usage.used}][-_SAMPLES:]


def exhausted_at(samples: Sequence[Mapping[str, Any]], usage: Usage | None, now: datetime) -> datetime | None:
    """When the budget will be used up if it goes on like this; ``None`` = not within the time that it is good for.

    :param samples: as `sampled` keeps them.
    """
    rising = [sample for sample in samples if usage and sample["used"] <= usage.used]
    if usage is None or not rising:
        return None
    first = rising[0]
    seconds = (now - first["at"]).total_seconds()
    if seconds <= 0 or usage.used <= first["used"]:
        return None
    left = (usage.limit - usage.used) / ((usage.used - first["used"]) / seconds)
    return now + timedelta(seconds=left) if left < usage.window_seconds else None
