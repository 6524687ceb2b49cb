"""``trackerctl analytics``."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.analytics_pages import NOTHING, course, figures_table, funnel_page, ranking_page, summary_page
from cli.context import current
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, Limit, Since, Until, counted
from cli.output import emit, hint
from cli.times import parse_since

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tracker.config.models import Client

app = Noun("Views, forms and leads by day, form and source. A worker keeps them up to date; docs/analytics.md.")

By = Literal["date", "form", "source", "medium", "campaign"]
SourceBy = Literal["source", "medium", "campaign"]
Test = Annotated[bool, typer.Option("--test", help="What came with test keys, instead of the rest.")]


@app.command("list")
async def list_rows(
    client: ClientOption = None,
    since: Since = None,
    until: Until = None,
    form: Annotated[str | None, typer.Option(metavar="FORM", help="Only of this form.")] = None,
    test: Test = False,
    limit: Limit = 50,
) -> None:
    """List the stored rows, the newest days first: one for each day, form and source."""
    from tracker.analytics import queries

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    async with context.documents():
        rows = await queries.list_rows(client_id=client_id, form_id=form, test=test, limit=limit, **period)
    columns = ("date", "formId", "source", "medium", "campaign")
    emit(rows, lambda: figures_table(rows, columns) if rows else NOTHING, brief=[_line(row) for row in rows])


@app.command("show")
async def show(
    client: ClientArgument,
    by: Annotated[By, typer.Option(help="Add up by this.")] = "date",
    since: Since = None,
    until: Until = None,
    test: Test = False,
) -> None:
    """Add up a client's figures by day, form, source, medium or campaign."""
    name = "formId" if by == "form" else by
    _, rows = await _totals(client, name, since, until, test)
    emit(rows, lambda: figures_table(rows, (name,)) if rows else NOTHING, brief=[str(row[name]) for row in rows])


@app.command("summary")
async def summary(client: ClientArgument, since: Since = None, until: Until = None, test: Test = False) -> None:
    """Show a period as a whole: all figures, what share of forms was completed, and the course."""
    from tracker.analytics import queries, reports

    period = _period(since, until)
    async with _opened(client) as row:
        figures = await reports.summary(row.client_id, test=test, **period)
        # Only people are shown the course.
        drawn = current().shape == "table" and not current().quiet
        days = await queries.totals(row.client_id, by="date", test=test, **period) if drawn else []
    emit(figures, lambda: summary_page(figures, days, row.domain) if days else NOTHING, brief=row.client_id)


@app.command("timeseries")
async def timeseries(client: ClientArgument, since: Since = None, until: Until = None, test: Test = False) -> None:
    """Show figures by day, the newest first, and their course. Days without figures are left out."""
    _, rows = await _totals(client, "date", since, until, test)
    emit(
        rows,
        lambda: [*course(rows), "", figures_table(rows, ("date",))] if rows else NOTHING,
        brief=[row["date"] for row in rows],
    )


@app.command("sources")
async def sources(
    client: ClientArgument,
    by: Annotated[SourceBy, typer.Option(help="Add up by this.")] = "source",
    since: Since = None,
    until: Until = None,
    test: Test = False,
) -> None:
    """Show what brings visitors and leads, those with the most views first."""
    _, rows = await _totals(client, by, since, until, test)
    emit(rows, lambda: ranking_page(rows, by, {}) if rows else NOTHING, brief=[str(row[by]) for row in rows])


@app.command("forms")
async def forms(client: ClientArgument, since: Since = None, until: Until = None, test: Test = False) -> None:
    """Show how each form does. What is about no form, such as page views, is a line of its own."""
    row, rows = await _totals(client, "formId", since, until, test)
    emit(
        rows,
        lambda: ranking_page(rows, "formId", _form_names(row)) if rows else NOTHING,
        brief=[str(one["formId"]) for one in rows],
    )


@app.command("funnel")
async def funnel(client: ClientArgument, since: Since = None, until: Until = None, test: Test = False) -> None:
    """Draw the way from visits to leads. A step may be longer than the one before: a visit may submit two forms."""
    from tracker.analytics import reports

    async with _opened(client) as row:
        found = await reports.funnel(row.client_id, test=test, **_period(since, until))
    steps = found["steps"]
    has_figures = any(step["count"] for step in steps)
    emit(found, lambda: funnel_page(steps, row.domain) if has_figures else NOTHING, brief=row.client_id)


@app.command("rebuild")
async def rebuild(
    client: ClientOption = None,
    since: Since = None,
    until: Until = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also days whose events have begun to expire; their figures shrink.")
    ] = False,
) -> None:
    """Recompute figures from the stored events, sessions and leads: all days, or those of a period.

    May be repeated and stopped at any time. Days whose events have begun to expire stay as they are.
    """
    from tracker.analytics import service

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    done: list[service.Rebuilt] = []
    async with context.documents():
        async for one in service.rebuild(context.settings, client_id=client_id, force=force, **period):
            done.append(one)
            hint(f"{one.client_id}: {counted(one.days, 'day')}, {counted(one.rows, 'row')}")
    result = {"clients": len(done), **{name: sum(getattr(one, name) for one in done) for name in _COUNTS}}
    emit(result, lambda: _summary(result), brief=[one.client_id for one in done])


_COUNTS = ("days", "rows", "closed")


@asynccontextmanager
async def _opened(client: str) -> AsyncIterator[Client]:
    context = current()
    row = context.service.get_client(client)
    async with context.documents():
        yield row


async def _totals(
    client: str, by: str, since: str | None, until: str | None, test: bool
) -> tuple[Client, list[dict[str, Any]]]:
    from tracker.analytics import queries

    period = _period(since, until)
    async with _opened(client) as row:
        return row, await queries.totals(row.client_id, by=by, test=test, **period)


def _period(since: str | None, until: str | None) -> dict[str, Any]:
    return {"since": parse_since(since), "until": parse_since(until, "--until")}


def _form_names(client: Client) -> dict[str, str]:
    """Of configured forms; any other form's id is the name that its page gives it."""
    names = {form.form_id: form.form_name for form in current().service.list_forms(client.client_id)}
    return {"None": "(no form)", **names}


def _summary(result: dict[str, int]) -> str:
    text = f"Rebuilt {counted(result['days'], 'day')} of {counted(result['clients'], 'client')}"
    kept = f"; {counted(result['closed'], 'day')} kept, whose events have begun to expire" if result["closed"] else ""
    return f"{text}: {counted(result['rows'], 'row')}{kept}."


def _line(row: dict[str, Any]) -> str:
    return " ".join(str(row[name]) for name in ("clientId", "date", "formId", "source", "medium", "campaign"))
