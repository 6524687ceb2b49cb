"""``trackerctl client``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.client_settings import settings_of
from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, Mode, Yes, confirm, counted
from cli.output import cell, emit, facts, hint, table
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import RenderableType

app = Noun(
    "Sites that are tracked. A client is named by its id, the beginning of its id (8 characters), or its domain."
)

Name = Annotated[str | None, typer.Option(metavar="TEXT", help="What people call it; the domain if not given.")]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--origin", metavar="ORIGIN", help="Another origin whose pages may send, https://shop.example. Repeatable."
    ),
]
Retention = Annotated[
    int | None, typer.Option(metavar="DAYS", help="Life of events and sessions; 0 is the installation's default.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="A setting, such as features.chat=true or consent.mode=optin; null takes it back. Repeatable.",
    ),
]
RedactPatterns = Annotated[
    list[str] | None,
    typer.Option(
        "--redact-pattern",
        metavar="REGEX",
        help="Text that the server replaces besides cards and the like, in RE2 syntax: 'CUST-[0-9]{6}'. Repeatable.",
    ),
]


@app.command("create")
async def create(
    domain: Annotated[
        str | None,
        typer.Option(metavar="DOMAIN", help="Host name of the site, such as example.com; --interactive asks for it."),
    ] = None,
    name: Name = None,
    origin: Origins = None,
    retention_days: Retention = None,
    values: Sets = None,
    redact_pattern: RedactPatterns = None,
    mode: Annotated[Mode, typer.Option(help="Of its first key; test data never reaches a CRM.")] = "live",
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            "-i",
            help="Ask for what is needed, from the domain to the first event.",
            show_default=False,
        ),
    ] = False,
    wait: Annotated[
        bool | None,
        typer.Option(
            "--wait/--no-wait", help="Wait for the first event; with --interactive it does.", show_default=False
        ),
    ] = None,
) -> None:
    """Add a site and print its publishable key.

    With --interactive it also reads a page, configures the forms that you accept, prints the snippet and waits for the
    first event.
    """
    from cli import onboarding
    from tracker.config.views import describe_client

    domain = onboarding.domain_of(domain, interactive)
    config, settings = settings_of(values, redact_pattern)
    created = current().service.create_client(
        domain, name, tuple(origin or ()), retention_days, config=config, settings=settings, mode=mode
    )
    view = describe_client(created.client)
    site = view["domain"]
    emit(
        {**view, "keyId": created.key.key.key_id, "apiKey": created.key.plaintext},
        lambda: [
            f"Client {site} is ready.",
            facts([("id", view["clientId"]), ("name", view["name"]), ("publishable key", created.key.plaintext)]),
        ],
        brief=view["clientId"],
    )
    if interactive:
        await onboarding.configure(site, mode)
    else:
        hint(f"\nNext, print the snippet for its pages:\n  trackerctl embed {site}{_with(mode)}")
    if wait or (wait is None and interactive):
        await onboarding.wait_for_first_event(view["clientId"], site, must=bool(wait))


@app.command("list")
def list_clients(
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those that are switched on, or off.")
    ] = None,
) -> None:
    """List all sites."""
    from tracker.config.views import describe_client

    views = [describe_client(row) for row in current().service.list_clients(active=active)]
    emit(
        views,
        lambda: _table(views) if views else "No clients yet. trackerctl client create --domain example.com",
        brief=[view["clientId"] for view in views],
    )


@app.command("show")
def show(client: ClientArgument) -> None:
    """Show a site with its settings, keys and forms."""
    from tracker.config.views import describe_client, describe_form, describe_key

    service = current().service
    view = describe_client(service.get_client(client))
    keys = [describe_key(row) for row in service.list_keys(view["clientId"])]
    forms = [describe_form(row) for row in service.list_forms(view["clientId"])]
    emit(
        {**view, "keys": keys, "forms": forms},
        lambda: _details(view, keys, forms),
        brief=view["clientId"],
    )


@app.command("update")
def update(
    client: ClientArgument,
    name: Name = None,
    domain: Annotated[str | None, typer.Option(metavar="DOMAIN", help="New host name of the site.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="ORIGIN", help="Replaces the allowed origins; '' allows none. Repeatable."),
    ] = None,
    retention_days: Retention = None,
    values: Sets = None,
    redact_pattern: Annotated[
        list[str] | None,
        typer.Option(
            "--redact-pattern",
            metavar="REGEX",
            help="Replaces the patterns that the server redacts besides its own; '' leaves none. Repeatable.",
        ),
    ] = None,
) -> None:
    """Change a site; what is not named stays as it is."""
    from tracker.config.views import describe_client

    origins = None if origin is None else [one for one in origin if one]
    if all(given is None for given in (name, domain, origins, retention_days, redact_pattern)) and not values:
        raise UsageError(
            "nothing to change: give --name, --domain, --origin, --retention-days, --redact-pattern or --set"
        )
    config, settings = settings_of(values, redact_pattern)
    row = current().service.update_client(
        client,
        name=name,
        domain=domain,
        origins=origins,
        retention_days=retention_days,
        config=config,
        settings=settings,
    )
    view = describe_client(row)
    emit(view, lambda: [f"Client {view['domain']} is changed.", _facts(view)], brief=view["clientId"])


@app.command("enable")
def enable(client: ClientArgument) -> None:
    """Switch a site on again."""
    _switch(client, True)


@app.command("disable")
def disable(client: ClientArgument) -> None:
    """Switch a site off: its keys are refused until it is enabled, and nothing is lost."""
    _switch(client, False)


@app.command("delete")
def delete(client: ClientArgument, yes: Yes = False) -> None:
    """Delete a site with its keys and forms. Its events and leads stay until their time is over."""
    service = current().service
    row = service.get_client(client)
    keys, forms = len(service.list_keys(row.client_id)), len(service.list_forms(row.client_id))
    losses = [counted(keys, "key"), counted(forms, "form") + " with their fields and mappings"]
    confirm(f"Delete the client {row.domain}?", losses, yes)
    service.delete_client(row.client_id)
    emit(
        {"clientId": row.client_id, "domain": row.domain, "deleted": True},
        lambda: f"Client {row.domain} is deleted.",
        brief=row.client_id,
    )


def _with(mode: str) -> str:
    return " --mode test" if mode == "test" else ""


def _switch(client: str, active: bool) -> None:
    from tracker.config.views import describe_client

    view = describe_client(current().service.set_client_active(client, active))
    state = "on" if active else "off: its keys are refused"
    emit(view, lambda: f"Client {view['domain']} is switched {state}.", brief=view["clientId"])


def _table(views: list[dict[str, Any]]) -> RenderableType:
    return table(
        ("ID", "DOMAIN", "NAME", "ACTIVE", "CREATED"),
        [
            (view["clientId"][:8], view["domain"], view["name"], view["isActive"], ago(view["createdAt"]))
            for view in views
        ],
        ids=("ID", "DOMAIN"),
    )


def _facts(view: dict[str, Any]) -> RenderableType:
    rows: list[tuple[str, object]] = [
        ("id", view["clientId"]),
        ("name", view["name"]),
        ("domain", view["domain"]),
        ("active", view["isActive"]),
        ("allowed origins", view["allowedOrigins"]),
        ("retention", counted(view["retentionDays"], "day") if view["retentionDays"] else "the installation's"),
    ]
    for part in ("config", "settings"):
        rows += [(name, cell(value)) for name, value in _flat(view[part])]
    return facts(rows)


def _flat(value: dict[str, Any], path: str = "") -> list[tuple[str, object]]:
    """Settings by the names that ``--set`` takes."""
    rows: list[tuple[str, object]] = []
    for name, below in value.items():
        rows += _flat(below, f"{path}{name}.") if isinstance(below, dict) and below else [(f"{path}{name}", below)]
    return rows


def _details(view: dict[str, Any], keys: list[dict[str, Any]], forms: list[dict[str, Any]]) -> list[RenderableType]:
    from cli.form import forms_table
    from cli.key import keys_table

    return [_facts(view), "", "Keys", keys_table(keys), "", "Forms", forms_table(forms) if forms else "-"]
