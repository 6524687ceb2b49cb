"""``trackerctl doctor <url>``: what the browser script would capture on a live page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import typer

from cli.context import current
from cli.errors import FAILED, UsageError
from cli.options import counted
from cli.output import emit, table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.configtest.report import Check
    from tracker.discovery.visit import Visit, VisitedField, VisitedForm


async def visit_command(url: str, client: str | None, allow_private: bool = False, mode: str = "live") -> None:
    """Visit a page and print what was found; exit code 1 when something is to be mended.

    :param mode: of the key whose origins are looked at; a test key takes localhost too.
    """
    if client is None:
        raise UsageError("whose page is it? Name the client: trackerctl doctor <url> --client CLIENT")
    from tracker.config.views import json_ready

    visit = await _visit(url, client, allow_private, mode)
    view = {**(json_ready({"visit": visit}) or {})["visit"], "ok": not visit.has_errors}
    emit(view, lambda: _shown(visit), brief=[form.name for form in visit.forms if form.blocked])
    if visit.has_errors:
        raise typer.Exit(FAILED)


async def _visit(url: str, client: str, allow_private: bool, mode: str) -> Visit:
    import msgspec

    from tracker.config.keys import hash_key
    from tracker.config.read import find_key
    from tracker.discovery.service import load
    from tracker.discovery.visit import Visitor
    from tracker.errors import NotFoundError
    from tracker.web.config import public_config

    context = current()
    private = allow_private or context.settings.page_check_private or context.settings.embedded
    record, _ = load(context.service, context.engine, client, private)
    api_key = context.service.publishable_key(record.client_id, "test" if mode == "test" else "live")
    key = find_key(context.engine, hash_key(api_key))
    if key is None:
        raise NotFoundError(f"the key of {record.domain} is gone; `trackerctl key issue {record.domain}` makes one")
    config = msgspec.json.encode(public_config(record))
    return await Visitor(context.settings, record, key, api_key, config).visit(url, private)


def _shown(visit: Visit) -> Iterable[RenderableType | str]:
    yield f"{visit.title or visit.url}\n"
    yield table(("CHECK", "RESULT", "DETAIL"), [(check.title, check.status, _told(check)) for check in visit.checks])
    if not visit.forms:
        yield "\nNo forms on this page."
    if visit.strays:
        yield f"\n{counted(visit.strays, 'input')} in no form and near no button: no submission of them is seen."
    for form in visit.forms:
        yield f"\n{form.name}: {_state(form)}"
        yield table(
            ("FIELD", "TYPE", "ROLE", "RESULT", "WHY, AND WHAT TO DO"),
            [
                (field.name, field.type, field.role, field.fate, "" if field.fate == "blocked" else _why(field))
                for field in form.fields
            ],
        )


def _told(check: Check) -> str:
    rows = "".join(f"\n{row.name}: {row.detail}" for row in check.rows if row.status in ("warning", "error"))
    return f"{check.detail} {check.remedy}".strip() + rows


def _state(form: VisitedForm) -> str:
    if form.blocked:
        return f"BLOCKED ({form.blocked}). {form.why} {form.fix}".strip()
    return f"configured ({form.form_id})" if form.form_id else "recognised without configuration"


def _why(field: VisitedField) -> str:
    return f"{field.why} {field.fix}".strip()
