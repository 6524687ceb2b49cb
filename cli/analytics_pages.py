"""What people see of ``trackerctl analytics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.charts import bar, days_between, sparkline
from cli.options import counted
from cli.output import facts, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

NOTHING = "No figures. A worker computes them every five minutes; trackerctl analytics rebuild does it now."
_HEADINGS = {"formStarts": "starts", "submissions": "submitted", "formId": "form"}
_DRAWN = ("views", "sessions", "submissions", "leads")
_STEPS = {"sessions": "visits", "formStarts": "began a form", "submissions": "submitted", "leads": "leads"}


def figures_table(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> RenderableType:
    """A line for each row: what ``names`` say of it, then its figures."""
    from tracker.analytics.documents import METRICS

    headings = [heading(name) for name in (*names, *METRICS)]
    return table(headings, [[row[name] for name in (*names, *METRICS)] for row in rows], ids=("DATE",))


def ranking_page(rows: Sequence[Mapping[str, Any]], name: str, labels: Mapping[str, str]) -> list[RenderableType]:
    """Figures by source or form, each with its share of the leads as a bar; of views where there are no leads.

    :param labels: what to call a value instead of itself.
    """
    from tracker.analytics.documents import METRICS

    measure = "leads" if any(row["leads"] for row in rows) else "views"
    most = max(row[measure] for row in rows)
    lines = [
        [labels.get(str(row[name]), row[name]), *(row[one] for one in METRICS), bar(row[measure], most, 20)]
        for row in rows
    ]
    return [table([*(heading(one) for one in (name, *METRICS)), f"BY {heading(measure)}"], lines)]


def summary_page(figures: Mapping[str, Any], days: Sequence[Mapping[str, Any]], domain: str) -> list[RenderableType]:
    """A period as a whole, and its course."""
    from tracker.analytics.documents import METRICS

    rows: list[tuple[str, object]] = [("days", _period(days))]
    rows += [(_label(name), figures[name]) for name in METRICS]
    rows += [
        ("completed of begun", percent(figures["completionRate"])),
        ("given up of begun", percent(figures["abandonmentRate"])),
        ("leads per visit", percent(figures["leadsPerSession"])),
    ]
    return [domain, facts(rows), "", *course(days)]


def course(days: Sequence[Mapping[str, Any]]) -> list[RenderableType]:
    """A sparkline of each figure that has any, the oldest day on the left; days without figures count as nothing."""
    from rich.text import Text

    by_day = {str(row["date"]): row for row in days}
    every = days_between(min(by_day), max(by_day))
    rows: list[tuple[str, object]] = []
    for name in _DRAWN:
        values = [int(by_day[day][name]) if day in by_day else 0 for day in every]
        if any(values):
            rows.append((_label(name), Text(f"{sparkline(values)}  {max(values)} at most")))
    return [facts(rows)]


def funnel_page(steps: Sequence[Mapping[str, Any]], domain: str) -> list[RenderableType]:
    """The way from visits to leads, each step as long as its number."""
    most = max(step["count"] for step in steps)
    rows = [
        (
            _STEPS.get(step["name"], step["name"]),
            step["count"],
            bar(step["count"], most, 30),
            percent(step["ofPrevious"]),
            percent(step["ofFirst"]),
        )
        for step in steps
    ]
    return [domain, table(("STEP", "NUMBER", "", "OF THE STEP BEFORE", "OF VISITS"), rows)]


def heading(name: str) -> str:
    """A figure's name above its column."""
    return _HEADINGS.get(name, name).upper()


def percent(share: float | None) -> str:
    """A share as people write it; nothing where there was nothing to divide by."""
    return "" if share is None else f"{share * 100:.1f} %"


def _label(name: str) -> str:
    return {"formStarts": "form starts"}.get(name, name)


def _period(days: Sequence[Mapping[str, Any]]) -> str:
    names = sorted(str(row["date"]) for row in days)
    return f"{names[0]} to {names[-1]}, {counted(len(names), 'day')} with figures"
