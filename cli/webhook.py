"""``trackerctl webhook``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, DryRun, Yes, confirm
from cli.output import emit, facts, hint, table
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.config.service import CreatedWebhook

app = Noun("URLs that are told about a client's leads. What is sent is signed with the webhook's own secret.")

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook; `webhook list` shows it.")]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]


@app.command("create")
def create(
    client: ClientArgument,
    url: Annotated[str, typer.Option(metavar="URL", help="Where to post to, such as https://crm.example.com/hooks.")],
    event_type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="What it is told, such as lead.created; everything if not given. Repeatable."
        ),
    ] = None,
    description: Description = None,
) -> None:
    """Add a webhook to a client and print its secret."""
    created = current().service.create_webhook(client, url, event_type or (), description)
    _emit_created(created, "A new webhook:")


@app.command("list")
def list_webhooks(client: ClientOption = None) -> None:
    """List webhooks, of one client or of all."""
    from tracker.config.views import describe_webhook

    views = [describe_webhook(row) for row in current().service.list_webhooks(client)]
    emit(
        views,
        lambda: _table(views) if views else "No webhooks. trackerctl webhook create CLIENT --url URL",
        brief=[view["endpointId"] for view in views],
    )


@app.command("show")
def show(webhook: WebhookArgument) -> None:
    """Show a webhook; its secret is not shown again."""
    from tracker.config.views import describe_webhook

    view = describe_webhook(current().service.get_webhook(webhook))
    emit(view, lambda: _facts(view), brief=view["endpointId"])


@app.command("update")
def update(
    webhook: WebhookArgument,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where to post to from now on.")] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Replaces what it is told; '' is everything. Repeatable."),
    ] = None,
    description: Description = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Switch it on, or off without losing it.")
    ] = None,
) -> None:
    """Change a webhook; what is not named stays as it is."""
    from tracker.config.views import describe_webhook

    if all(given is None for given in (url, event_type, description, active)):
        raise UsageError("nothing to change: give --url, --event-type, --description, --active or --inactive")
    kinds = None if event_type is None else [kind for kind in event_type if kind]
    row = current().service.update_webhook(
        webhook, url=url, event_types=kinds, description=description, is_active=active
    )
    view = describe_webhook(row)
    emit(view, lambda: ["The webhook is changed.", _facts(view)], brief=view["endpointId"])


@app.command("rotate")
def rotate(webhook: WebhookArgument, yes: Yes = False) -> None:
    """Give a webhook a new secret; for a day what is sent is signed with the old one as well."""
    service = current().service
    url = service.get_webhook(webhook).url
    confirm(f"Replace the secret of {url}? Its receiver must know the new one within 24 hours.", [], yes)
    _emit_created(service.rotate_webhook_secret(webhook), "The new secret:")


@app.command("delete")
def delete(webhook: WebhookArgument, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete a webhook; nothing is sent there any more."""
    from tracker.config.views import describe_webhook

    service = current().service
    view = describe_webhook(service.get_webhook(webhook))
    if dry_run:
        emit({**view, "deleted": False}, lambda: f"Would delete the webhook to {view['url']}.", view["endpointId"])
        return
    confirm(f"Delete the webhook to {view['url']}?", ["its secret"], yes)
    service.delete_webhook(webhook)
    emit({**view, "deleted": True}, lambda: f"The webhook to {view['url']} is deleted.", view["endpointId"])


def _emit_created(created: CreatedWebhook, title: str) -> None:
    from tracker.config.views import describe_webhook

    view = describe_webhook(created.endpoint)
    rows = [("secret", created.secret), ("id", view["endpointId"]), ("url", view["url"])]
    emit({**view, "secret": created.secret}, lambda: [title, facts(rows)], brief=view["endpointId"])
    hint("\nKeep the secret now: it is stored sealed and not shown again.")


def _table(views: list[dict[str, Any]]) -> RenderableType:
    rows = [
        (view["endpointId"], view["url"], view["eventTypes"] or "all", view["isActive"], ago(view["createdAt"]))
        for view in views
    ]
    return table(("ID", "URL", "EVENTS", "ACTIVE", "CREATED"), rows, ids=("ID",))


def _facts(view: dict[str, Any]) -> RenderableType:
    return facts(
        [
            ("id", view["endpointId"]),
            ("client", view["clientId"]),
            ("url", view["url"]),
            ("events", view["eventTypes"] or "all"),
            ("description", view["description"]),
            ("active", view["isActive"]),
        ]
    )
