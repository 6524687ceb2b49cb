"""``trackerctl lead``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import actor, current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import (
    ClientOption,
    DryRun,
    Email,
    LeadQuality,
    LeadStatus,
    Limit,
    Since,
    Until,
    Yes,
    confirm,
    counted,
)
from cli.output import emit, facts, table, warn
from cli.times import ago, parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("People who filled in a form, or began to. Repeated submissions of one person are one lead.")

LeadArgument = Annotated[
    str, typer.Argument(metavar="LEAD", help="Id of the lead, or its beginning; `lead list` shows it.")
]
SpamOption = Annotated[
    bool | None, typer.Option("--spam/--no-spam", help="Only leads that are marked as spam, or only the others.")
]
# Of a decision: names of values that were taken, and of those that a later event had already said otherwise.
_SPAM: dict[str, object] = {"true": True, "false": False}
_SETS = {"changed": "took", "kept": "already newer"}


@app.command("list")
async def list_leads(
    client: ClientOption = None,
    status: LeadStatus = None,
    quality: LeadQuality = None,
    email: Email = None,
    spam: SpamOption = None,
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
        leads = await service.list_leads(
            client_id=client_id, status=status, quality=quality, email=email, spam=spam, limit=limit, **period
        )
    emit(leads, lambda: _table(leads) if leads else "No leads.", brief=[lead["leadId"] for lead in leads])


@app.command("show")
async def show(lead: LeadArgument) -> None:
    """Show all that is known of a lead."""
    from tracker.leads import service

    async with current().documents():
        found = await service.get_lead(lead)
    emit(found, lambda: facts(_flat(found)), brief=found["leadId"])


@app.command("export")
async def export(
    client: ClientOption = None,
    status: LeadStatus = None,
    quality: LeadQuality = None,
    email: Email = None,
    spam: SpamOption = None,
    since: Since = None,
    until: Until = None,
    fields: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Only these, in this order: email,firstName,fields.budget."),
    ] = None,
) -> None:
    """Write all leads that the filters leave, client by client, the newest first: CSV, or with --output jsonl or json.

    A text that a spreadsheet would run as a formula gets an apostrophe in front in CSV.
    """
    from cli.lead_export import export_leads
    from tracker.leads.service import lead_query

    period = {"since": parse_since(since), "until": parse_since(until, "--until")}
    client_id = current().service.get_client(client).client_id if client else None
    query = lead_query(client_id=client_id, status=status, quality=quality, email=email, spam=spam, **period)
    await export_leads(query, fields)


@app.command("trace")
async def trace(lead: LeadArgument) -> None:
    """Tell a lead's story: its visits, what was typed, what was decided and why, where it was brought."""
    from tracker.leads.trace import trace_lead

    async with current().documents():
        found = await trace_lead(lead)
    emit(found, lambda: _story(found), brief=found["lead"]["leadId"])


@app.command("update")
async def update(
    lead: LeadArgument,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An attribute, such as company=Acme or status=submitted. "
            "null goes back to what the events say. Repeatable.",
        ),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Replaces the tags; '' leaves none. Repeatable.")
    ] = None,
    spam: Annotated[
        bool | None,
        typer.Option(
            "--spam/--not-spam",
            help="Mark the lead as spam, or as none: then it goes to the CRM and the webhooks.",
        ),
    ] = None,
) -> None:
    """Correct a lead by hand: email, phone, firstName, lastName, name, company, message, status, quality, notes, tags.
    It wins over what later events say.
    """
    from tracker.leads.edits import update_lead

    changes = _changes(values, tag, spam)
    context = current()
    async with context.documents():
        view = await update_lead(lead, changes, actor(), config=context.service)
    emit(view, lambda: ["The lead is changed.", facts(_flat(view))], brief=view["leadId"])


@app.command("delete")
async def delete(lead: LeadArgument, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete a lead with its events. Figures of the days that it touches are recomputed."""
    from tracker.leads.edits import count_events, delete_lead
    from tracker.leads.service import get_lead

    context = current()
    async with context.documents():
        found = await get_lead(lead)
        lead_id, number = found["leadId"], await count_events(found)
        losses = counted(number, "event")
        if dry_run:
            counts = {"leadId": lead_id, "clientId": found["clientId"], "events": number}
            emit({**counts, "deleted": False}, lambda: f"Would delete the lead {lead_id} and {losses}.", lead_id)
            return
        confirm(f"Delete the lead {lead_id}?", [losses], yes)
        gone = await delete_lead(lead_id, actor(), config=context.service)
    emit(
        {**gone, "deleted": True},
        lambda: f"The lead {lead_id} and {counted(gone['events'], 'event')} are deleted.",
        brief=lead_id,
    )


@app.command("sync")
async def sync(lead: LeadArgument) -> None:
    """Ask for a lead to be brought to its client's CRM once more."""
    from tracker.leads.edits import request_sync

    context = current()
    async with context.documents():
        view = await request_sync(lead, actor(), config=context.service)
    emit(view, lambda: f"The lead {view['leadId']} is noted for the CRM.", brief=view["leadId"])
    if not any(row.is_active and row.client_id == view["clientId"] for row in context.service.list_crm()):
        warn(f"its client has no active CRM connection; `trackerctl crm create {view['clientId']}` makes one")


def _changes(values: list[str] | None, tags: list[str] | None, spam: bool | None = None) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for value in values or []:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {name or value!r}: write key=value, such as company=Acme")
        changes[name] = None if text == "null" else _SPAM.get(text, text) if name == "spam" else text
    if tags is not None:
        changes["tags"] = [tag for tag in tags if tag] or None
    if spam is not None:
        changes["spam"] = spam
    if not changes:
        raise UsageError("nothing to change: give --set KEY=VALUE, --tag TEXT or --not-spam")
    return changes


def _story(found: dict[str, Any]) -> list[RenderableType]:
    lead = found["lead"]
    title = " ".join(str(part) for part in (lead["leadId"], lead["email"], lead["status"], lead["quality"]) if part)
    rows = [(entry["at"][:19].replace("T", " "), *_told(entry)) for entry in found["timeline"]]
    return [title, "", table(("TIME (UTC)", "WHAT", "DETAIL"), rows, ids=("TIME (UTC)",))]


def _told(entry: dict[str, Any]) -> tuple[str, str]:
    if entry["kind"] == "status":
        return "status", f"{entry['from']} to {entry['to']}" if entry["from"] else entry["to"]
    if entry["kind"] == "crm":
        words = [str(entry[name]) for name in ("result", "entity", "crmId", "code", "message") if entry.get(name)]
        return "crm", " ".join(words) + (f"; {', '.join(entry['fields'])}" if entry.get("fields") else "")
    if entry["kind"] == "webhook":
        return "webhook", f"{entry['eventType']} {entry['status']}, attempts: {entry['attempts']}"
    if entry["kind"] == "event":
        return entry["eventType"], str(entry.get("page") or "")
    parts = [entry["reason"]]
    parts += [f"{label}: {', '.join(entry[name])}" for name, label in _SETS.items() if entry.get(name)]
    if entry.get("otherLeadId"):
        parts.append(f"other lead: {entry['otherLeadId'][:8]}")
    return " ".join(str(part) for part in (entry["decision"], entry.get("form")) if part), "; ".join(parts)


def _table(leads: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (lead["leadId"][:8], lead.get("email"), _name(lead), _status(lead), lead["quality"], ago(lead["createdAt"]))
        for lead in leads
    ]
    return table(("ID", "EMAIL", "NAME", "STATUS", "QUALITY", "CREATED"), rows, ids=("ID",))


def _status(lead: dict[str, Any]) -> str:
    return f"{lead['status']}, spam" if lead.get("spam") else str(lead["status"])


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
