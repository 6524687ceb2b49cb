"""``trackerctl analytics``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, Limit, Since, Until, counted
from cli.output import emit, hint, table
from cli.times import parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("Views, forms and leads by day, form and source. A worker keeps them up to date; docs/analytics.md.")

By = Literal["date", "form", "source", "medium", "campaign"]
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
    emit(rows, lambda: _table(rows, columns) if rows else "No figures.", brief=[_line(row) for row in rows])


@app.command("show")
async def show(
    client: ClientArgument,
    by: Annotated[By, typer.Option(help="Add up by this.")] = "date",
    since: Since = None,
    until: Until = None,
    test: Test = False,
) -> None:
    """Add up a client's figures by day, form, source, medium or campaign."""
    from tracker.analytics import queries

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id
    name = "formId" if by == "form" else by
    async with context.documents():
        rows = await queries.totals(client_id, by=name, test=test, **period)
    emit(rows, lambda: _table(rows, (name,)) if rows else "No figures.", brief=[str(row[name]) for row in rows])


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
_HEADINGS = {"formStarts": "starts", "submissions": "submitted"}


def _summary(result: dict[str, int]) -> str:
    text = f"Rebuilt {counted(result['days'], 'day')} of {counted(result['clients'], 'client')}"
    kept = f"; {counted(result['closed'], 'day')} kept, whose events have begun to expire" if result["closed"] else ""
    return f"{text}: {counted(result['rows'], 'row')}{kept}."


def _table(rows: list[dict[str, Any]], names: tuple[str, ...]) -> RenderableType:
    from tracker.analytics.documents import METRICS

    headings = [_HEADINGS.get(name, name).upper() for name in (*names, *METRICS)]
    return table(headings, [[row[name] for name in (*names, *METRICS)] for row in rows], ids=("DATE",))


def _line(row: dict[str, Any]) -> str:
    return " ".join(str(row[name]) for name in ("clientId", "date", "formId", "source", "medium", "campaign"))
