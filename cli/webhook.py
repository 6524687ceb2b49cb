"""``trackerctl webhook``."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import webhook_pages as pages
from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientArgument, ClientOption, DryRun, Limit, Since, Yes, confirm, counted, from_input
from cli.output import emit, emit_item, facts, hint, warn
from cli.times import parse_since

if TYPE_CHECKING:
    from tracker.config.service import CreatedWebhook
    from tracker.webhooks.service import DeliveryFilter

app = Noun("URLs that are told about a client's leads. What is sent is signed with the webhook's own secret.")

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Id of the webhook; `webhook list` shows it.")]
DeliveryArgument = Annotated[
    str, typer.Argument(metavar="DELIVERY", help="Id of the delivery; `webhook deliveries` shows it.")
]
_SECRET_VARIABLE = "TRACKERCTL_WEBHOOK_SECRET"
# As in `tracker.webhooks.documents`, which costs a start.
DeliveryStatus = Literal["pending", "delivered", "failed"]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]


@app.command("create")
def create(
    client: ClientArgument,
    address: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="Where to post to, such as https://crm.example.com/hooks."),
    ] = None,
    url: Annotated[str | None, typer.Option(metavar="URL", help="The same as an option.")] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            "--event-type",
            metavar="NAME",
            help="What it is told, such as lead.created; everything if not given. Repeatable.",
        ),
    ] = None,
    description: Description = None,
) -> None:
    """Add a webhook to a client and print its secret."""
    given = [one for one in (address, url) if one]
    if len(given) != 1:
        raise UsageError("give the URL once: trackerctl webhook create CLIENT URL")
    created = current().service.create_webhook(client, given[0], event_type or (), description)
    _emit_created(created, "A new webhook:")


@app.command("list")
def list_webhooks(client: ClientOption = None) -> None:
    """List webhooks, of one client or of all."""
    from tracker.config.views import describe_webhook

    views = [describe_webhook(row) for row in current().service.list_webhooks(client)]
    emit(
        views,
        lambda: pages.webhooks_table(views) if views else "No webhooks. trackerctl webhook create CLIENT URL",
        brief=[view["endpointId"] for view in views],
    )


@app.command("show")
def show(webhook: WebhookArgument) -> None:
    """Show a webhook; its secret is not shown again."""
    from tracker.config.views import describe_webhook

    view = describe_webhook(current().service.get_webhook(webhook))
    emit(view, lambda: pages.webhook_facts(view), brief=view["endpointId"])


@app.command("update")
def update(
    webhook: WebhookArgument,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where to post to from now on.")] = None,
    event_type: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            "--event-type",
            metavar="NAME",
            help="Replaces what it is told; '' is everything. Repeatable.",
        ),
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
    emit(view, lambda: ["The webhook is changed.", pages.webhook_facts(view)], brief=view["endpointId"])


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


@app.command("deliveries")
async def deliveries(
    of: Annotated[
        str, typer.Argument(metavar="CLIENT|WEBHOOK", help="Whose: a client's id or domain, or a webhook's id.")
    ],
    status: Annotated[
        DeliveryStatus | None, typer.Option("--status", help="Only of this status.", show_default=False)
    ] = None,
    since: Since = None,
    limit: Limit = 50,
) -> None:
    """List what was sent, or is to be, the newest first."""
    from tracker.webhooks.service import list_deliveries

    context = current()
    wanted = _filter(of, status, since)
    async with context.documents():
        views = await list_deliveries(wanted, limit)
    emit(
        views,
        lambda: pages.deliveries_table(views) if views else "No deliveries.",
        brief=[view["deliveryId"] for view in views],
    )


@app.command("delivery")
async def delivery(delivery: DeliveryArgument) -> None:
    """Show one delivery: what was sent, every attempt, and what was answered."""
    from tracker.webhooks.service import get_delivery

    async with current().documents():
        view = await get_delivery(delivery)
    emit(view, lambda: pages.delivery_page(view), brief=view["deliveryId"])


@app.command("resend")
async def resend(
    delivery: Annotated[
        str | None, typer.Argument(metavar="DELIVERY", help="Id of the delivery; `webhook deliveries` shows it.")
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that were given up instead.", show_default=False)
    ] = False,
    of: Annotated[
        str | None, typer.Option("--of", metavar="CLIENT|WEBHOOK", help="With --failed: only of these.")
    ] = None,
    since: Since = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send a delivery again, or all that were given up: the same message under the same webhook-id, with a new life of
    attempts.
    """
    from tracker.webhooks import service

    if failed == (delivery is not None):
        raise UsageError("give the id of a delivery, or --failed for all that were given up")
    if delivery and (since or of):
        raise UsageError("--since and --of go with --failed")
    context = current()
    wanted = _filter(of, "failed", since) if failed else None
    async with context.documents():
        if delivery:
            if dry_run:
                view = await service.get_delivery(delivery)
                emit({"resent": 0}, lambda: f"Would send {view['eventType']} again.", brief=delivery)
                return
            view = await service.resend(delivery, config=context.service)
            emit(view, lambda: "It is sent again within seconds.", brief=view["deliveryId"])
            return
        assert wanted is not None
        would = await service.resend_failed(wanted, config=context.service, dry_run=True)
        if dry_run or not would["resent"]:
            emit({**would, "resent": 0, "found": would["resent"]}, lambda: pages.would_resend(would), brief="0")
            return
        confirm(f"Send {counted(would['resent'], 'delivery', 'deliveries')} again?", [], yes)
        done = await service.resend_failed(wanted, config=context.service)
    emit(done, lambda: pages.resent(done), brief=str(done["resent"]))


@app.command("test")
async def test(
    webhook: WebhookArgument,
    event_type: Annotated[
        str | None,
        typer.Option("--event", metavar="NAME", help="Such as lead.created; the first it is told if not given."),
    ] = None,
) -> None:
    """Send a webhook a signed example now and show what it answers."""
    from tracker.webhooks.open import open_client
    from tracker.webhooks.service import send_test

    context = current()
    target = context.service.webhook_target(webhook)
    async with open_client(context.settings) as client:
        result = await send_test(target, client, event_type)
    emit(result, lambda: pages.test_page(result), brief=result["messageId"])
    if not result["delivered"]:
        raise typer.Exit(1)


@app.command("listen")
def listen(
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="Where to listen; 0 is a free one.")] = 0,
    secret: Annotated[
        str | None,
        typer.Option(metavar="-", help="Check signatures: - reads the webhook's secret from standard input."),
    ] = None,
    forward: Annotated[
        str | None, typer.Option(metavar="URL", help="Hand on what is good, and answer as that does.")
    ] = None,
) -> None:
    """Receive webhooks on this machine and show them, until Ctrl-C; with --json an object a line."""
    from cli.webhook_listen import listening

    if secret not in (None, "-"):
        raise UsageError(
            "everybody on this machine can read a command line: give the secret on standard input, with --secret - "
            f"or as {_SECRET_VARIABLE} in the environment"
        )
    secret = from_input(secret) if secret else os.environ.get(_SECRET_VARIABLE)
    with listening(port, secret, forward) as (url, arrivals):
        hint(f"Listening on {url}; Ctrl-C ends this.")
        if not secret:
            warn("signatures are not checked: give the webhook's secret with --secret -")
        for arrival in arrivals:
            emit_item(arrival.view(), partial(pages.arrival_lines, arrival))


def _filter(of: str | None, status: DeliveryStatus | None, since: str | None) -> DeliveryFilter:
    """Of a client or a webhook, whichever it names."""
    from tracker.config.service.lookup import is_id
    from tracker.errors import NotFoundError
    from tracker.webhooks.service import DeliveryFilter

    moment = parse_since(since)
    if of is None:
        return DeliveryFilter(status=status, since=moment)
    service = current().service
    if is_id(of):
        try:
            return DeliveryFilter(endpoint_id=service.get_webhook(of).endpoint_id, status=status, since=moment)
        except NotFoundError:
            pass
    return DeliveryFilter(client_id=service.get_client(of).client_id, status=status, since=moment)


def _emit_created(created: CreatedWebhook, title: str) -> None:
    from tracker.config.views import describe_webhook

    view = describe_webhook(created.endpoint)
    rows = [("secret", created.secret), ("id", view["endpointId"]), ("url", view["url"])]
    emit({**view, "secret": created.secret}, lambda: [title, facts(rows)], brief=view["endpointId"])
    hint("\nKeep the secret now: it is stored sealed and not shown again.")
