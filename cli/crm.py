"""``trackerctl crm``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, DryRun, Yes, confirm
from cli.output import emit, facts, table
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun(
    "CRM accounts that a client's leads are brought to. Credentials come from a file, stdin or the environment, are "
    "stored sealed and never shown."
)

ConnectionArgument = Annotated[
    str, typer.Argument(metavar="CONNECTION", help="Id of the connection; `crm list` shows it.")
]
Credentials = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="JSON object of names and texts; - reads it from stdin."),
]
CredentialEnv = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VARIABLE", help="One credential from a variable of the environment. Repeatable."),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting that is no secret; null takes it back. Repeatable."),
]
_MOST_CHARS = 1_000_000


@app.command("create")
def create(
    client: ClientArgument,
    adapter: Annotated[str, typer.Option(metavar="NAME", help="Kind of CRM, such as salesforce.")],
    credentials: Credentials = None,
    credential_env: CredentialEnv = None,
    values: Sets = None,
) -> None:
    """Connect a client with a CRM account."""
    from tracker.config.views import describe_connection

    given = _credentials(credentials, credential_env)
    if given is None:
        raise UsageError("give --credentials FILE, --credentials - or --credential-env NAME=VARIABLE")
    view = describe_connection(current().service.create_crm(client, adapter, given, _settings(values)))
    emit(view, lambda: ["The client is connected.", _facts(view)], brief=view["connectionId"])


@app.command("list")
def list_connections(client: ClientOption = None) -> None:
    """List connections, of one client or of all."""
    from tracker.config.views import describe_connection

    views = [describe_connection(row) for row in current().service.list_crm(client)]
    emit(
        views,
        lambda: _table(views) if views else "No connections. trackerctl crm create CLIENT --adapter NAME",
        brief=[view["connectionId"] for view in views],
    )


@app.command("show")
def show(connection: ConnectionArgument) -> None:
    """Show a connection without its credentials."""
    from tracker.config.views import describe_connection

    view = describe_connection(current().service.get_crm(connection))
    emit(view, lambda: _facts(view), brief=view["connectionId"])


@app.command("update")
def update(
    connection: ConnectionArgument,
    credentials: Credentials = None,
    credential_env: CredentialEnv = None,
    values: Sets = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Switch it on, or off without losing it.")
    ] = None,
) -> None:
    """Change a connection; what is not named stays as it is, and new credentials replace all old ones."""
    from tracker.config.views import describe_connection

    given, settings = _credentials(credentials, credential_env), _settings(values)
    if given is None and active is None and not settings:
        raise UsageError("nothing to change: give --credentials, --credential-env, --set, --active or --inactive")
    row = current().service.update_crm(connection, credentials=given, settings=settings, is_active=active)
    view = describe_connection(row)
    emit(view, lambda: ["The connection is changed.", _facts(view)], brief=view["connectionId"])


@app.command("delete")
def delete(connection: ConnectionArgument, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete a connection with its credentials; leads are brought there no more."""
    from tracker.config.views import describe_connection

    service = current().service
    view = describe_connection(service.get_crm(connection))
    name, brief = f"{view['adapter']} connection {view['connectionId']}", view["connectionId"]
    if dry_run:
        emit({**view, "deleted": False}, lambda: f"Would delete the {name} with its credentials.", brief)
        return
    confirm(f"Delete the {name}?", ["its credentials"], yes)
    service.delete_crm(connection)
    emit({**view, "deleted": True}, lambda: f"The {name} is deleted.", brief)


@app.command("describe")
async def describe(
    client: ClientArgument,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Such as Lead or Contact, as the CRM spells it.")],
    crm: Annotated[
        str | None,
        typer.Option("--crm", metavar="KIND", help="Its account of this CRM, or the id of one, where it has several."),
    ] = None,
) -> None:
    """List the fields of an object of the CRM: which there are, and what each takes."""
    import msgspec

    from tracker.crm.connections import connection_of, opened

    service = current().service
    async with opened(service, connection_of(service, client, crm)) as adapter:
        found = await adapter.describe(entity)
    view = msgspec.to_builtins(found)
    emit(view, lambda: _fields_table(view["fields"]), brief=[one["name"] for one in view["fields"]])


def _credentials(source: str | None, variables: list[str] | None) -> dict[str, Any] | None:
    """From a file, stdin and the environment: other users see a process's command line. No refusal repeats any."""
    if source is None and not variables:
        return None
    found: dict[str, Any] = {} if source is None else read_json_object(source, "--credentials")
    for pair in variables or []:
        name, equals, variable = pair.partition("=")
        if not equals or not name or variable not in os.environ:
            # Not repeated: somebody may have written the secret itself.
            raise UsageError(
                "--credential-env: write NAME=VARIABLE, such as token=CRM_TOKEN, with a variable that is set"
            )
        found[name] = os.environ[variable]
    return found


def read_json_object(source: str, option: str) -> dict[str, Any]:
    """The JSON object in a file, or with ``-`` on stdin.

    :raises UsageError: naming the option, when there is none; nothing of it is repeated.
    """
    where = "stdin" if source == "-" else source
    try:
        if source == "-":
            text = sys.stdin.read(_MOST_CHARS)
        else:
            with Path(source).open(encoding="utf-8") as file:
                text = file.read(_MOST_CHARS)
    except OSError as error:
        raise UsageError(f"{option}: {where} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{option}: {where} is not UTF-8") from None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UsageError(f'{option}: {where} must hold one JSON object, such as {{"clientId": "…"}}')
    return value


def _settings(values: list[str] | None) -> dict[str, Any] | None:
    settings: dict[str, Any] = {}
    for value in values or []:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {value!r}: write key=value, such as sandbox=true")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings or None


def _table(views: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (view["connectionId"], view["adapter"], view["clientId"][:8], view["isActive"], ago(view["createdAt"]))
        for view in views
    ]
    return table(("ID", "CRM", "CLIENT", "ACTIVE", "CREATED"), rows, ids=("ID",))


def _fields_table(fields: list[dict[str, Any]]) -> RenderableType:
    rows = [(one["name"], one["label"], one["type"], one["length"], _terms(one), one["choices"]) for one in fields]
    return table(("FIELD", "LABEL", "TYPE", "LENGTH", "TERMS", "CHOICES"), rows, ids=("FIELD",))


def _terms(one: dict[str, Any]) -> str:
    writable = {
        (True, True): "",
        (True, False): "create only",
        (False, True): "update only",
        (False, False): "read-only",
    }
    terms = ("required" if one["required"] else "", writable[one["creatable"], one["updatable"]])
    return ", ".join(filter(None, (*terms, "external id" if one["externalId"] else "")))


def _facts(view: dict[str, Any]) -> RenderableType:
    rows: list[tuple[str, object]] = [
        ("id", view["connectionId"]),
        ("client", view["clientId"]),
        ("crm", view["adapter"]),
        ("active", view["isActive"]),
    ]
    return facts([*rows, *view["settings"].items()])
