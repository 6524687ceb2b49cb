"""``trackerctl field``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import FieldArgument, FormArgument, Yes, confirm
from cli.output import emit, facts, hint, table

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("Inputs of a form: which they are, what they mean, and whether they are required.")


@app.command("create")
def create(
    form: FormArgument,
    selector: Annotated[str, typer.Option(metavar="CSS", help="CSS selector within the form, such as '[name=email]'.")],
    name: Annotated[str, typer.Option(metavar="TEXT", help="Name that the value is stored under.")],
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="text, email, tel, select, checkbox, …")] = "text",
    label: Annotated[str | None, typer.Option(metavar="TEXT", help="What visitors read beside it.")] = None,
    required: Annotated[
        bool, typer.Option("--required", help="A submission that lacks it is of less quality.", show_default=False)
    ] = False,
    order: Annotated[
        int | None, typer.Option(metavar="N", help="Place in the form; behind the last one if not given.")
    ] = None,
    validation: Annotated[
        str | None, typer.Option(metavar="JSON", help="Rules for the browser, such as '{\"maxLength\": 80}'.")
    ] = None,
) -> None:
    """Add an input to a form."""
    from tracker.config.views import describe_field

    row = current().service.create_field(form, selector, name, kind, label, required, order, _rules(validation))
    view = describe_field(row)
    emit(
        view, lambda: [f"Field {view['fieldName']} is added.", facts([("id", view["fieldId"])])], brief=view["fieldId"]
    )
    hint(f"\nNext, where it goes in the CRM:\n  trackerctl mapping set {view['fieldId']} Lead.Email")


@app.command("list")
def list_fields(form: FormArgument) -> None:
    """List the inputs of a form in their order."""
    from tracker.config.views import describe_field

    views = [describe_field(row) for row in current().service.list_fields(form)]
    emit(
        views,
        lambda: fields_table(views) if views else f"No fields. trackerctl field create {form} --help",
        brief=[view["fieldId"] for view in views],
    )


@app.command("delete")
def delete(field: FieldArgument, yes: Yes = False) -> None:
    """Delete an input with its mapping."""
    service = current().service
    row = service.get_field(field)
    confirm(f"Delete the field {row.field_name}?", ["its mapping"], yes)
    service.delete_field(field)
    emit(
        {"fieldId": field, "fieldName": row.field_name, "deleted": True},
        lambda: f"Field {row.field_name} is deleted.",
        brief=field,
    )


def fields_table(views: list[dict[str, Any]]) -> RenderableType:
    """Fields in display order."""
    return table(
        ("ID", "NAME", "TYPE", "REQUIRED", "SELECTOR"),
        [
            (view["fieldId"], view["fieldName"], view["fieldType"], view["isRequired"], view["fieldSelector"])
            for view in views
        ],
        ids=("ID",),
    )


def _rules(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        rules = json.loads(text)
    except ValueError:
        rules = None
    if not isinstance(rules, dict):
        raise UsageError(f"--validation: {text!r} is not a JSON object")
    return rules
