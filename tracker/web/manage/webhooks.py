"""``/v1/clients/{id}/webhooks`` and ``/v1/webhooks``: URLs that are told about a client's leads."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType, field

from tracker.config.views import describe_webhook
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import acts, creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Active, Cursor, Limit, Sort
from tracker.web.manage.replies import changed, created, listed, plain, shown
from tracker.web.manage.views import NewWebhookView, WebhookPage, WebhookView

_TAG = "webhooks"
_OF_CLIENT = "/v1/clients/{client_id:str}/webhooks"
_PATH = "/v1/webhooks/{endpoint_id:str}"


class NewWebhook(Body):
    """A webhook to be made. ``eventTypes``: what it is told; empty = everything."""

    url: str
    event_types: list[str] = field(default_factory=list)
    description: str | None = None


class WebhookChanges(Body):
    """What of a webhook can be changed."""

    url: str | UnsetType = UNSET
    event_types: list[str] | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


@lists(_OF_CLIENT, WebhookPage, "List a client's webhooks", _TAG)
async def list_webhooks(
    request: ManageRequest,
    client_id: FromPath[str],
    is_active: Active = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `createdAt`."""
    call = Call(request)
    await call.client(client_id)
    return listed(await call.run(call.config.page_webhooks, client_id, is_active, sort or "createdAt", limit, cursor))


@creates(
    _OF_CLIENT,
    NewWebhookView,
    "Create a webhook",
    _TAG,
    body=NewWebhook,
    example={"url": "https://crm.example.com/hooks", "eventTypes": ["lead.created"]},
)
async def create_webhook(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """The answer holds the secret that messages are signed with, this once."""
    call = Call(request)
    await call.client(client_id)
    body = await read_body(request, NewWebhook)

    async def work() -> Response[bytes]:
        made = await call.run(call.config.create_webhook, client_id, body.url, body.event_types, body.description)
        place = f"/v1/webhooks/{made.endpoint.endpoint_id}"
        return created(describe_webhook(made.endpoint), place, {"secret": made.secret})

    return await once(call, work)


@shows(_PATH, WebhookView, "Show a webhook", _TAG)
async def get_webhook(request: ManageRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
    """Without its secret."""
    call = Call(request)
    await call.check_owner("webhook", endpoint_id)
    return shown(request, describe_webhook(await call.run(call.config.get_webhook, endpoint_id)))


@updates(_PATH, WebhookView, "Change a webhook", _TAG, body=WebhookChanges, example={"isActive": False})
async def update_webhook(request: ManageRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
    """`description: null` removes it; `isActive: false` switches it off without losing it."""
    call = Call(request)
    await call.check_owner("webhook", endpoint_id)
    endpoint = await call.run(call.config.get_webhook, endpoint_id)
    view = describe_webhook(endpoint)
    expected = expected_time(request, view, endpoint.updated_at)
    wanted = await read_changes(request, WebhookChanges, view)
    after = await call.run(
        call.config.update_webhook,
        endpoint_id,
        url=wanted.get("url"),
        event_types=wanted.get("eventTypes"),
        description=(wanted["description"] or "") if "description" in wanted else None,
        is_active=wanted.get("isActive"),
        expected=expected,
    )
    return changed(describe_webhook(after))


@acts(_PATH + "/rotate-secret", NewWebhookView, "Give a webhook a new secret", _TAG)
async def rotate_webhook_secret(request: ManageRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
    """What is sent is signed with both for 24 hours, then with it alone. The answer holds it this once."""
    call = Call(request)
    await call.check_owner("webhook", endpoint_id)

    async def work() -> Response[bytes]:
        made = await call.run(call.config.rotate_webhook_secret, endpoint_id)
        return plain({**describe_webhook(made.endpoint), "secret": made.secret})

    return await once(call, work)


@deletes(_PATH, "Delete a webhook", _TAG)
async def delete_webhook(request: ManageRequest, endpoint_id: FromPath[str]) -> None:
    """With its secret."""
    call = Call(request)
    await call.check_owner("webhook", endpoint_id)
    endpoint = await call.run(call.config.get_webhook, endpoint_id)
    expected = expected_time(request, describe_webhook(endpoint), endpoint.updated_at)
    await call.run(call.config.delete_webhook, endpoint_id, expected=expected)


HANDLERS = [list_webhooks, create_webhook, get_webhook, update_webhook, rotate_webhook_secret, delete_webhook]
