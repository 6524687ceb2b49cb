"""``trackerctl form``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, FormArgument, Yes, confirm, counted
from cli.output import emit, facts, hint, table

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun("Forms on a client's pages. A form that is not configured is captured too, by the names of its inputs.")


@app.command("create")
def create(
    client: ClientArgument,
    name: Annotated[str, typer.Option(metavar="TEXT", help="What people call it.")],
    page_url: Annotated[str, typer.Option(metavar="URL", help="The page that it is on: a URL, a path or a pattern.")],
    selector: Annotated[str, typer.Option(metavar="CSS", help="CSS selector of the form element, such as '#contact'.")],
    alternative: Annotated[
        list[str] | None,
        typer.Option("--alternative", metavar="CSS", help="Tried when the selector finds nothing. Repeatable."),
    ] = None,
    partial_capture: Annotated[
        bool | None,
        typer.Option(
            "--partial-capture/--no-partial-capture",
            help="Whether what was typed and not submitted is captured; the client's setting if not given.",
        ),
    ] = None,
    draft: Annotated[
        bool,
        typer.Option(
            "--draft",
            help="Keep what was typed and not submitted sealed, and for days only, until a submission or a consent.",
            show_default=False,
        ),
    ] = False,
) -> None:
    """Add a form to a client."""
    from tracker.config.views import describe_form

    row = current().service.create_form(
        client, name, page_url, selector, tuple(alternative or ()), partial_capture, draft=draft or None
    )
    view = describe_form(row)
    emit(view, lambda: [f"Form {view['formName']} is added.", facts([("id", view["formId"])])], brief=view["formId"])
    hint(f"\nNext, its inputs:\n  trackerctl field create {view['formId']} --selector '[name=email]' --name email")


@app.command("list")
def list_forms(client: ClientArgument) -> None:
    """List a client's forms."""
    from tracker.config.views import describe_form

    views = [describe_form(row) for row in current().service.list_forms(client)]
    emit(
        views,
        lambda: forms_table(views) if views else f"No forms. trackerctl form create {client} --help",
        brief=[view["formId"] for view in views],
    )


@app.command("show")
def show(form: FormArgument) -> None:
    """Show a form with its fields."""
    from cli.field import fields_table
    from tracker.config.views import describe_field, describe_form

    service = current().service
    view = describe_form(service.get_form(form))
    fields = [describe_field(row) for row in service.list_fields(form)]
    emit(
        {**view, "fields": fields},
        lambda: [_facts(view), "", "Fields", fields_table(fields) if fields else "-"],
        brief=view["formId"],
    )


@app.command("update")
def update(
    form: FormArgument,
    partial_capture: Annotated[
        bool | None,
        typer.Option("--partial-capture/--no-partial-capture", help="Whether what was not submitted is captured."),
    ] = None,
    draft: Annotated[
        bool | None,
        typer.Option("--draft/--no-draft", help="Whether what was not submitted is kept sealed, and for days only."),
    ] = None,
) -> None:
    """Change what is done with what visitors type and do not submit; a configuration file changes the rest."""
    from tracker.config.views import describe_form

    if partial_capture is None and draft is None:
        raise UsageError("nothing to change: give --partial-capture, --draft, or their opposites")
    row = current().service.update_form(form, partial_capture=partial_capture, draft=draft)
    view = describe_form(row)
    emit(view, lambda: [f"Form {view['formName']} is changed.", _facts(view)], brief=view["formId"])


@app.command("delete")
def delete(form: FormArgument, yes: Yes = False) -> None:
    """Delete a form with its fields and mappings."""
    service = current().service
    row = service.get_form(form)
    losses = [counted(len(service.list_fields(form)), "field") + " with their mappings"]
    confirm(f"Delete the form {row.form_name}?", losses, yes)
    service.delete_form(form)
    emit(
        {"formId": form, "formName": row.form_name, "deleted": True},
        lambda: f"Form {row.form_name} is deleted.",
        brief=form,
    )


AllowPrivate = Annotated[
    bool,
    typer.Option("--allow-private", help="Also from private and loopback addresses, any port.", show_default=False),
]
Render = Annotated[
    bool,
    typer.Option("--render", help="Draw the page in Chromium first, for forms that scripts make.", show_default=False),
]


@app.command("discover")
async def discover(
    client: ClientArgument,
    source: Annotated[str, typer.Argument(metavar="PAGE", help="Address of the page, or a file with its HTML.")],
    page_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where the forms are: a URL, a path or a pattern; the page if not given."),
    ] = None,
    render: Render = False,
    allow_private: AllowPrivate = False,
    accept_all: Annotated[
        bool, typer.Option("--accept-all", help="Configure all that is proposed, without asking.", show_default=False)
    ] = False,
) -> None:
    """Read a page, propose how its forms are configured, and configure those that you accept.

    A form that is configured already is left as it is, so that the command can be repeated.
    """
    from cli.discover import discover_command

    await discover_command(client, source, page_url, render, allow_private, accept_all)


@app.command("check")
async def check(
    client: ClientArgument,
    page: Annotated[
        str | None, typer.Option(metavar="URL", help="Look for all forms on this page instead of each on its own.")
    ] = None,
    render: Render = False,
    allow_private: AllowPrivate = False,
) -> None:
    """Look whether the configured forms are still on their pages; exit code 1 when one, or an input of it, is gone."""
    from cli.discover import check_command

    await check_command(client, page, render, allow_private)


def forms_table(views: list[dict[str, Any]]) -> RenderableType:
    """Forms with what finds them."""
    return table(
        ("ID", "NAME", "PAGE", "SELECTOR"),
        [(view["formId"], view["formName"], view["pageUrl"], view["formSelector"]) for view in views],
        ids=("ID",),
    )


def _facts(view: dict[str, Any]) -> RenderableType:
    partial = {True: "yes", False: "no", None: "as the client's setting says"}[view["partialCapture"]]
    return facts(
        [
            ("id", view["formId"]),
            ("name", view["formName"]),
            ("client", view["clientId"]),
            ("page", view["pageUrl"]),
            ("selector", view["formSelector"]),
            ("alternatives", view["alternativeSelectors"]),
            ("partial capture", partial),
            ("drafts", view["draft"]),
            ("active", view["isActive"]),
        ]
    )
