"""``trackerctl doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.errors import FAILED, UsageError
from cli.noun import Noun
from cli.options import ClientOption, counted
from cli.output import emit, table

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from tracker.doctor.report import Finding, Report

app = Noun()

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red"}


@app.command("doctor")
async def doctor(
    url: Annotated[
        str | None, typer.Argument(metavar="[URL]", help="A live page, to be looked at instead of the installation.")
    ] = None,
    client: ClientOption = None,
    mode: Annotated[
        Literal["live", "test"], typer.Option(help="With a URL: the key whose origins are looked at.")
    ] = "live",
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="With a URL: also a page on a private address.", show_default=False)
    ] = False,
) -> None:
    """Look at the whole installation and say what to do about each finding; exit code 1 when one is an error.

    With a URL, visit that page in a headless browser with the script on it, and list what would be captured, redacted
    or blocked. Nothing is changed and no event is sent.
    """
    if url is not None:
        from cli.doctor_url import visit_command

        await visit_command(url, client, allow_private, mode)
        return
    if client is not None or allow_private:
        raise UsageError("--client and --allow-private go with a page: trackerctl doctor <url> --client CLIENT")
    await _examine()


async def _examine() -> None:
    from msgspec import to_builtins

    from tracker.doctor.environment import read_settings
    from tracker.doctor.service import examine

    settings, found = read_settings()
    report = await examine(settings, found)
    emit(to_builtins(report), lambda: _page(report), brief=[one.title for one in report.findings if one.fix])
    if not report.ok:
        raise typer.Exit(FAILED)


def _page(report: Report) -> list[RenderableType]:
    rows = [(one.area, _state(one), _told(one)) for one in report.findings]
    return [table(("AREA", "RESULT", "FINDING"), rows), "", _sum(report)]


def _state(finding: Finding) -> Text:
    from rich.text import Text

    return Text(finding.severity, style=_STYLES[finding.severity])


def _told(finding: Finding) -> Text:
    from rich.text import Text

    from cli.output import clean

    text = Text(clean(finding.title), style="bold" if finding.fix else "")
    if finding.detail:
        text.append(f"; {clean(finding.detail)}", style="not bold dim")
    if finding.fix:
        text.append(f"\n→ {clean(finding.fix)}", style="not bold")
    return text


def _sum(report: Report) -> str:
    if not report.errors and not report.warnings:
        return "All is well."
    return f"{counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}."
