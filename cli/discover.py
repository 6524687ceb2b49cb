"""``trackerctl form discover`` and ``form check``; the commands are in ``cli/form.py``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.context import current
from cli.errors import FAILED, UsageError
from cli.options import agree, counted, is_interactive
from cli.output import emit, facts, hint, table, warn

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.configtest.fetch import FetchedPage
    from tracker.discovery.check import FormCheck
    from tracker.discovery.proposal import FormProposal, Proposal

_PLACE_ONLY = "found by its place only: give it an id, or look after it"


async def discover_command(
    client: str, source: str, page_url: str | None, render: bool, allow_private: bool, accept_all: bool
) -> None:
    """Propose, and make what is accepted: all that is proposed, what a person chooses, or nothing."""
    from tracker.discovery.service import accept, discover, load

    context = current()
    record, place = load(context.service, context.engine, client, _private(allow_private))
    page = await _page(source, place, render, _private(allow_private))
    proposal = await discover(page, record, page_url, render)
    asking = not accept_all and context.shape == "table" and not context.quiet and is_interactive()
    if asking:
        _show(proposal)
    chosen = [form for form in proposal.forms if _wanted(form, accept_all, asking)]
    made = [accept(context.service, proposal, form) for form in chosen]
    _tell(proposal, made, shown=asking)


async def check_command(client: str, page: str | None, render: bool, allow_private: bool) -> None:
    """Say what became of each form; exit code 1 when leads are lost."""
    from tracker.config.views import json_ready
    from tracker.discovery.check import check_forms
    from tracker.discovery.service import fetch, load

    context = current()
    private = _private(allow_private)
    record, place = load(context.service, context.engine, client, private)

    async def get(url: str) -> FetchedPage:
        return await fetch(url, place, private, render)

    checks = await check_forms(record, get, page)
    lost = [check for check in checks if check.lost]
    view = json_ready({"clientId": record.client_id, "lost": bool(lost), "forms": checks})
    emit(view, lambda: _checked(checks, client), brief=[check.form_id for check in lost])
    if lost:
        again = "" if render else "; if scripts draw the page, look again with --render"
        hint(f"\n{counted(len(lost), 'form')} would lose leads. trackerctl form discover proposes selectors{again}")
        raise typer.Exit(FAILED)


def _private(allowed: bool) -> bool:
    settings = current().settings
    return allowed or settings.page_check_private or settings.embedded


async def _page(source: str, place: Any, render: bool, allow_private: bool) -> FetchedPage:
    from tracker.discovery.service import fetch, read_file

    if "://" in source:
        return await fetch(source, place, allow_private, render)
    if render:
        raise UsageError("--render opens an address in a browser; a file is read as it is")
    return read_file(Path(source))


def _wanted(form: FormProposal, accept_all: bool, asking: bool) -> bool:
    if form.state == "configured":
        return False
    if asking:
        return agree(f"Configure form {form.number}, {form.form_name}?", form.state == "proposed")
    return accept_all and form.state == "proposed"


def _tell(proposal: Proposal, made: list[dict[str, Any]], shown: bool) -> None:
    from tracker.config.views import json_ready

    view = {**(json_ready({"proposal": proposal}) or {})["proposal"], "accepted": made}

    def human() -> Iterable[RenderableType | str]:
        if not shown:
            yield from _proposal(proposal)
            yield ""
        yield from (_made(form) for form in made)
        if not made and shown:
            yield "Nothing was changed."

    emit(view, human, brief=[form["formId"] for form in made])
    for warning in _warnings(proposal):
        warn(warning)
    if not made and not shown and any(form.state == "proposed" for form in proposal.forms):
        hint("Nothing was changed: --accept-all configures what is proposed.")


def _show(proposal: Proposal) -> None:
    from cli.output import emit_item

    emit_item(None, lambda: list(_proposal(proposal)))


def _made(form: dict[str, Any]) -> str:
    if not form["created"]:
        return f"Form {form['formName']} is configured already: {form['formId']}"
    fields = form["fields"]
    mapped = sum(1 for field in fields if field["mapping"])
    return f"Form {form['formName']} is added with {counted(len(fields), 'field')}, {mapped} mapped: {form['formId']}"


def _proposal(proposal: Proposal) -> Iterable[RenderableType | str]:
    if not proposal.forms:
        yield "No forms on this page." + (
            "" if proposal.rendered else " If scripts draw them, look again with --render."
        )
    for form in proposal.forms:
        yield "" if form.number > 1 else f"{proposal.title or proposal.page_url}\n"
        yield f"{form.number}. {form.form_name}: {_state(form)}"
        rows = [("selector", form.form_selector), ("otherwise", form.alternative_selectors)]
        yield facts(rows if form.alternative_selectors else rows[:1])
        yield table(
            ("FIELD", "TYPE", "REQUIRED", "ROLE", "GOES TO", "SELECTOR"),
            [
                (
                    field.field_name,
                    field.field_type,
                    field.is_required,
                    field.role or ("" if field.is_wanted else field.fate),
                    _target(field.target, field.transform),
                    field.field_selector,
                )
                for field in form.fields
            ],
        )


def _state(form: FormProposal) -> str:
    if form.state == "configured":
        return f"configured already ({form.form_id})"
    if form.state == "unlikely":
        return f"not proposed, {form.reason}"
    return f"proposed, {_PLACE_ONLY}" if form.basis == "nth" else "proposed"


def _target(target: str | None, transform: str | None) -> str | None:
    return f"{target} ({transform})" if target and transform else target


def _warnings(proposal: Proposal) -> Iterable[str]:
    if proposal.frames:
        shown = ", ".join(proposal.frames[:3])
        yield f"{counted(len(proposal.frames), 'frame')} on the page, whose forms are pages of their own: {shown}"
    if proposal.strays:
        strays = counted(proposal.strays, "input")
        yield f"{strays} in no form and near no button: what is typed there is captured, but no submission is seen"
    if proposal.left_out:
        yield f"{counted(proposal.left_out, 'form')} beyond what is read of one page was left out or cut short"


_STATUS = {
    "found": "found",
    "alternative": "found by an alternative",
    "gone": "GONE",
    "unreachable": "page unreachable",
    "unchecked": "not checked",
}


def _checked(checks: list[FormCheck], client: str) -> Iterable[RenderableType | str]:
    if not checks:
        yield f"No active forms to look for. trackerctl form discover {client} --help"
        return
    rows: list[tuple[object, ...]] = []
    for check in checks:
        rows.append((check.form_name, _STATUS[check.status], check.page_url, check.detail))
        rows += [
            ("  " + one.selector, "found" if one.found else "GONE", "", "")
            for one in check.selectors
            if len(check.selectors) > 1
        ]
        rows += [("  " + one.field_name, _STATUS[one.status], one.field_selector, one.detail) for one in check.fields]
    yield table(("FORM", "STATUS", "WHERE", "DETAIL"), rows)
