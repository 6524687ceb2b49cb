"""How far the clock of a store is from this machine's."""

from __future__ import annotations

from tracker.doctor.report import Finding, error, good, warning

WARN_SECONDS = 1.0
"""From here on orders of events of two machines are guesses."""

ERROR_SECONDS = 10.0
"""From here on leases, due times and expiries of keys are wrong by more than they last."""


def clock_finding(store: str, theirs: float, before: float, after: float) -> Finding:
    """Judge one answer.

    :param theirs: the store's time, epoch seconds, read at some moment between ``before`` and ``after``.
    :param before: this machine's time, epoch seconds, when the question was sent; ``after``: when the answer came.
    """
    skew = theirs - before if theirs < before else max(0.0, theirs - after)
    if abs(skew) < WARN_SECONDS:
        return good("clock", f"{store} and this machine agree on the time")
    direction = "ahead of" if skew > 0 else "behind"
    judge = error if abs(skew) >= ERROR_SECONDS else warning
    return judge(
        "clock",
        f"the clock of {store} is {abs(skew):.1f} s {direction} this machine's",
        "leases, due times of jobs and the expiry of keys and events are told by these clocks",
        "Run an NTP client (chrony, systemd-timesyncd) on both machines and see which one is wrong with `timedatectl`.",
    )
