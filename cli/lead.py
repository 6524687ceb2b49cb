"""``trackerctl lead``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientOption, Limit, Since, Until
from cli.output import emit, facts, table
from cli.times import ago, parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("People who filled in a form, or began to. Repeated submissions of one person are one lead.")

Status = Literal["partial", "submitted", "chat_inquiry"]


@app.command("list")
async def list_leads(
    client: ClientOption = None,
    status: Annotated[Status | None, typer.Option(help="Only of this status.", show_default=False)] = None,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Only with this e-mail address.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List leads, the newest first."""
    from tracker.leads import service

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    async with context.documents():
        leads = await service.list_leads(client_id=client_id, status=status, email=email, limit=limit, **period)
    emit(leads, lambda: _table(leads) if leads else "No leads.", brief=[lead["leadId"] for lead in leads])


@app.command("show")
async def show(
    lead: Annotated[
        str, typer.Argument(metavar="LEAD", help="Id of the lead, or its beginning; `lead list` shows it.")
    ],
) -> None:
    """Show all that is known of a lead."""
    from tracker.leads import service

    async with current().documents():
        found = await service.get_lead(lead)
    emit(found, lambda: facts(_flat(found)), brief=found["leadId"])


def _table(leads: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (lead["leadId"][:8], lead.get("email"), _name(lead), lead["status"], lead["quality"], ago(lead["createdAt"]))
        for lead in leads
    ]
    return table(("ID", "EMAIL", "NAME", "STATUS", "QUALITY", "CREATED"), rows, ids=("ID",))


def _name(lead: dict[str, Any]) -> str:
    parts = [lead.get("firstName"), lead.get("lastName")]
    return lead.get("name") or " ".join(part for part in parts if part)


def _flat(value: dict[str, Any], path: str = "") -> list[tuple[str, object]]:
    """Every value under its path; the empty ones are not worth a line."""
    rows: list[tuple[str, object]] = []
    for name, below in value.items():
        if isinstance(below, dict):
            rows += _flat(below, f"{path}{name}.")
        elif below not in (None, "", []):
            rows.append((f"{path}{name}", below))
    return rows
