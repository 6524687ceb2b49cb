"""``trackerctl mapping``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import FieldArgument, Yes, confirm
from cli.output import emit, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("Where the value of a field goes in the CRM; one place per field.")


@app.command("set")
def set_mapping(
    field: FieldArgument,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Object and attribute, such as Lead.Phone.")],
    transform: Annotated[str | None, typer.Option(metavar="NAME", help="Applied on the way, such as trim.")] = None,
    required: Annotated[
        bool, typer.Option("--required", help="The CRM does not take a lead without it.", show_default=False)
    ] = False,
) -> None:
    """Send a field to an attribute of the CRM, in place of where it went before."""
    from tracker.config.views import describe_mapping

    entity, dot, attribute = target.partition(".")
    if not (entity and dot and attribute):
        raise UsageError(f"{target!r} is not a target; write the object and the attribute, such as Lead.Phone")
    row = current().service.set_mapping(field, entity, attribute, transform, required)
    view = describe_mapping(row)
    emit(view, lambda: [f"The field goes to {_target(view)}.", _facts(view)], brief=view["mappingId"])


@app.command("show")
def show(field: FieldArgument) -> None:
    """Show where a field goes."""
    from tracker.config.views import describe_mapping

    view = describe_mapping(current().service.get_mapping(field))
    emit(view, lambda: _facts(view), brief=view["mappingId"])


@app.command("delete")
def delete(field: FieldArgument, yes: Yes = False) -> None:
    """Send a field nowhere any more."""
    from tracker.config.views import describe_mapping

    service = current().service
    view = describe_mapping(service.get_mapping(field))
    confirm(f"Delete the mapping to {_target(view)}?", [], yes)
    service.delete_mapping(field)
    emit({**view, "deleted": True}, lambda: f"The mapping to {_target(view)} is deleted.", brief=view["mappingId"])


def _target(view: dict[str, Any]) -> str:
    return f"{view['targetEntity']}.{view['targetField']}"


def _facts(view: dict[str, Any]) -> RenderableType:
    return facts(
        [
            ("field", view["fieldId"]),
            ("target", _target(view)),
            ("transform", view["transform"]),
            ("required", view["isRequired"]),
        ]
    )
