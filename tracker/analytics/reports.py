"""What daily figures come to: a period as a whole, and the way from visits to leads (docs/analytics.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracker.analytics.documents import METRICS
from tracker.analytics.queries import totals

STEPS = ("sessions", "formStarts", "submissions", "leads")


async def summary(
    client_id: str, *, test: bool = False, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """All figures of a period, with shares.

    :returns: the figures, ``completionRate`` (attempts that ended in a submission), ``abandonmentRate`` (those that
        were given up) and ``leadsPerSession``; ``None`` where there is nothing to divide by.
    """
    figures = dict.fromkeys(METRICS, 0)
    for row in await totals(client_id, by="test", test=test, since=since, until=until):
        for name in METRICS:
            figures[name] += row[name]
    starts = figures["formStarts"]
    return {
        "clientId": client_id,
        **figures,
        "completionRate": _share(starts - figures["partial"], starts),
        "abandonmentRate": _share(figures["abandoned"], starts),
        "leadsPerSession": _share(figures["leads"], figures["sessions"]),
    }


async def funnel(
    client_id: str, *, test: bool = False, since: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """The way from visits to leads: ``{clientId, steps: [{name, count, ofPrevious, ofFirst}]}``.

    A step may be larger than the one before: a visit may submit two forms.
    """
    figures = await summary(client_id, test=test, since=since, until=until)
    counts = [figures[name] for name in STEPS]
    steps = [
        {
            "name": name,
            "count": counts[place],
            "ofPrevious": _share(counts[place], counts[place - 1]) if place else None,
            "ofFirst": _share(counts[place], counts[0]),
        }
        for place, name in enumerate(STEPS)
    ]
    return {"clientId": client_id, "steps": steps}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
