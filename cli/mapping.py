"""``trackerctl mapping``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.completion import complete_client
from cli.context import current
from cli.errors import FAILED, UsageError
from cli.mapping_lines import facts_of, findings_lines, mappings_table, target_of, trial_lines
from cli.noun import Noun
from cli.options import ClientArgument, Yes, confirm, counted
from cli.output import emit, hint

if TYPE_CHECKING:
    from tracker.config.records import ClientRecord
    from tracker.crm.mapping import MappedRecord
    from tracker.crm.mapping_check import Report

app = Noun(
    "What of a lead goes where in the CRM: values of form fields, and for a whole client attributes and constants."
)

MappingArgument = Annotated[
    str, typer.Argument(metavar="MAPPING", help="Id of the mapping or of its field; `mapping list` shows them.")
]
CrmOption = Annotated[
    str | None,
    typer.Option("--crm", metavar="KIND", help="Its account of this CRM, or the id of one, where it has several."),
]
_TRIED_BEFORE_SAVING = 20
Last = Annotated[int, typer.Option("--last", min=0, max=1000, metavar="N", help="Try the newest N leads.")]


@app.command("set")
async def set_mapping(
    place: Annotated[str, typer.Argument(metavar="[FIELD]", help="Id of the field; left out with --client.")],
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", help="Object and attribute, such as Lead.Phone.", show_default=False),
    ] = None,
    transform: Annotated[
        str | None, typer.Option(metavar="PIPELINE", help="Applied on the way, such as 'trim|e164:US'.")
    ] = None,
    required: Annotated[
        bool, typer.Option("--required", help="The CRM does not take a lead without it.", show_default=False)
    ] = False,
    client: Annotated[
        str | None,
        typer.Option(
            "--client",
            "-c",
            metavar="CLIENT",
            help="For all leads of this client, with --source.",
            autocompletion=complete_client,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="With --client: utmSource, fields.NAME, or =TEXT for a constant."),
    ] = None,
    check_first: Annotated[
        bool,
        typer.Option(
            "--check", help="Ask the CRM and try the newest leads first; refuse what would fail.", show_default=False
        ),
    ] = False,
) -> None:
    """Send a field, or for a whole client a source, to an attribute of the CRM.

    In place of where the field went before.
    """
    from tracker.config.views import describe_client_mapping, describe_mapping

    service, wide = current().service, client is not None or source is not None
    if wide and (client is None or source is None or target is not None):
        raise UsageError(
            "for a whole client: trackerctl mapping set --client CLIENT --source utmSource Lead.LeadSource"
        )
    entity, attribute = _target(place if wide else target)
    if check_first:
        await _refuse_what_fails(place, client, source, f"{entity}.{attribute}", transform, required)
    if client is None or source is None:
        view = describe_mapping(service.set_mapping(place, entity, attribute, transform, required))
        said = f"The field goes to {target_of(view)}."
    else:
        row = service.set_client_mapping(client, source, entity, attribute, transform, required)
        view = describe_client_mapping(row)
        said = f"{view['source']} goes to {target_of(view)}."
    emit(view, lambda: [said, facts_of(view)], brief=view["mappingId"])


@app.command("list")
def list_mappings(client: ClientArgument) -> None:
    """List all mappings of a client: those of its fields, then its own."""
    views = current().service.list_mappings(client)
    emit(
        views,
        lambda: mappings_table(views) if views else "No mappings. trackerctl mapping set FIELD Lead.Email",
        brief=[view["mappingId"] for view in views],
    )


@app.command("show")
def show(mapping: MappingArgument) -> None:
    """Show a mapping, by its id or its field's."""
    view = _found(mapping)
    emit(view, lambda: facts_of(view), brief=view["mappingId"])


@app.command("delete")
def delete(mapping: MappingArgument, yes: Yes = False) -> None:
    """Send that nowhere any more."""
    service, view = current().service, _found(mapping)
    confirm(f"Delete the mapping to {target_of(view)}?", [], yes)
    if "fieldId" in view:
        service.delete_mapping(mapping)
    else:
        service.delete_client_mapping(mapping)
    emit({**view, "deleted": True}, lambda: f"The mapping to {target_of(view)} is deleted.", brief=view["mappingId"])


@app.command("test")
async def test(
    client: ClientArgument,
    lead: Annotated[
        str | None, typer.Argument(metavar="LEAD", help="Id of a lead, or its beginning.", show_default=False)
    ] = None,
    last: Last = 1,
    crm: CrmOption = None,
) -> None:
    """Show what a lead becomes in the CRM, step by step; without an id the newest leads. Nothing is sent."""
    from tracker.crm.connections import connection_of, connections_of, opened
    from tracker.crm.mapping_trial import latest_leads, plan_of
    from tracker.errors import NotFoundError
    from tracker.leads.service import find_lead

    context, record = current(), _client_record(client)
    async with context.documents():
        leads = [await find_lead(lead)] if lead else await latest_leads(record.client_id, last)
    if any(one["clientId"] != record.client_id for one in leads):
        raise NotFoundError("that lead is of another client; `trackerctl lead show` says of which")
    if crm or connections_of(context.service, client):
        async with opened(context.service, connection_of(context.service, client, crm)) as adapter:
            plan = plan_of(record, adapter, context.settings.default_region)
    else:
        hint("The client has no CRM yet: what a CRM's own defaults would add is not shown.")
        plan = plan_of(record, None, context.settings.default_region)
    results = [{"leadId": one["leadId"], "records": _records(plan.map(one, explain=True))} for one in leads]
    emit(
        results,
        lambda: trial_lines(results) if results else "No leads to try.",
        brief=[str(result["leadId"]) for result in results],
    )


@app.command("check")
async def check(client: ClientArgument, last: Last = 20, crm: CrmOption = None) -> None:
    """Find what the CRM would refuse: mappings against its fields, and the newest leads through both.

    Exit code 1 when there is something. Nothing is sent but the question which fields there are.
    """
    import msgspec

    report = await _report(_client_record(client), last, crm)
    findings = msgspec.to_builtins(report.findings)
    view = {
        "ok": not report.failed,
        "leads": report.leads,
        "sendable": report.sendable,
        "findings": findings,
    }
    tried = f"{report.sendable} of {counted(report.leads, 'lead')} would be taken." if report.leads else ""
    emit(view, lambda: findings_lines(findings, tried), brief=[finding["code"] for finding in findings])
    if report.failed:
        raise typer.Exit(FAILED)


# ---------------------------------------------------------------------------------------------------------------- parts


def _target(text: str | None) -> tuple[str, str]:
    entity, dot, attribute = (text or "").partition(".")
    if not (entity and dot and attribute):
        shown = f"{text!r} is not a target" if text else "a target is missing"
        raise UsageError(f"{shown}; write the object and the attribute, such as Lead.Phone")
    return entity, attribute


def _found(ref: str) -> dict[str, Any]:
    from tracker.config.views import describe_client_mapping, describe_mapping
    from tracker.errors import NotFoundError

    service = current().service
    try:
        return describe_client_mapping(service.get_client_mapping(ref))
    except NotFoundError:
        return describe_mapping(service.get_mapping(ref))


def _client_record(client: str) -> ClientRecord:
    from tracker.config.read import load_client
    from tracker.errors import NotFoundError

    context = current()
    record = load_client(context.engine, context.service.get_client(client).client_id)
    if record is None:
        raise NotFoundError("the client has just been deleted")
    return record


async def _refuse_what_fails(
    field: str, client: str | None, source: str | None, target: str, transform: str | None, required: bool
) -> None:
    from tracker.config.mapping_values import mapping_source
    from tracker.config.mapping_values import transform as checked_transform
    from tracker.config.records import ClientMappingRecord, MappingRecord
    from tracker.crm.mapping_check import with_client_mapping, with_field_mapping
    from tracker.errors import InvalidError

    entity, _, attribute = target.partition(".")
    way = {"target_entity": entity, "target_field": attribute}
    checked = checked_transform(transform)
    if client is None or source is None:
        record = _client_record(current().service.owner_of("field", field))
        one = MappingRecord(**way, transform=checked, is_required=required)
        record = with_field_mapping(record, field, one)
    else:
        wide = ClientMappingRecord(**way, transform=checked, is_required=required, source=mapping_source(source))
        record = with_client_mapping(_client_record(client), wide)
    report = await _report(record, _TRIED_BEFORE_SAVING)
    if found := report.about(target):
        raise InvalidError(f"nothing was changed, since the CRM would refuse it: {found[0].message}")


async def _report(record: ClientRecord, last: int, crm: str | None = None) -> Report:
    from tracker.crm.connections import connection_of, opened
    from tracker.crm.mapping_trial import check_mapping, latest_leads

    context, leads = current(), []
    account = connection_of(context.service, record.client_id, crm)
    if last:
        async with context.documents():
            leads = await latest_leads(record.client_id, last)
    async with opened(context.service, account) as adapter:
        return await check_mapping(record, adapter, context.settings.default_region, leads)


def _records(records: list[MappedRecord]) -> list[dict[str, Any]]:
    return [
        {
            "entity": record.entity,
            "sendable": record.sendable,
            "fields": record.fields,
            "problems": [problem._asdict() for problem in record.problems],
            "steps": [step._asdict() for step in record.steps],
        }
        for record in records
    ]
