"""``/v1/webhook-deliveries``: what webhooks were told, and trying them out."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, QueryParameter

from tracker.errors import NotFoundError
from tracker.web.manage.bodies import Body, read_body
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import acts, lists, shows
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import ClientId, Cursor, Limit, Since, Until, aware
from tracker.web.manage.replies import listed, plain, shown
from tracker.web.manage.views import DeliveryDetailsView, DeliveryPage, DeliveryView, WebhookTestView
from tracker.webhooks.documents import DeliveryStatus
from tracker.webhooks.open import open_client
from tracker.webhooks.service import DeliveryFilter, get_delivery, page_deliveries, send_test
from tracker.webhooks.service import resend as send_again

_TAG = "webhooks"
_PATH = "/v1/webhook-deliveries/{delivery_id:str}"

EndpointId = Annotated[str | None, QueryParameter(name="endpointId", description="Only to this webhook.")]
LeadId = Annotated[str | None, QueryParameter(name="leadId", description="Only about this lead.")]
Status = Annotated[DeliveryStatus | None, QueryParameter(description="Only of this status.")]


class WebhookTest(Body):
    """What to send. ``eventType``: ``null`` = the first that the webhook is told."""

    event_type: str | None = None


@lists("/v1/webhook-deliveries", DeliveryPage, "List deliveries of webhooks", _TAG)
async def list_webhook_deliveries(
    request: ManageRequest,
    client_id: ClientId = None,
    endpoint_id: EndpointId = None,
    lead_id: LeadId = None,
    status: Status = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The newest first; `since` and `until` are about `createdAt`. They are kept for 90 days."""
    call = Call(request)
    only = await call.only_client(client_id)
    await call.services.documents.ready()
    wanted = DeliveryFilter(
        client_id=only,
        endpoint_id=endpoint_id,
        status=status,
        lead_id=lead_id,
        since=aware(since, "since"),
        until=aware(until, "until"),
    )
    return listed(await page_deliveries(wanted, limit, cursor))


@shows(_PATH, DeliveryDetailsView, "Show a delivery", _TAG)
async def get_webhook_delivery(request: ManageRequest, delivery_id: FromPath[str]) -> Response[bytes]:
    """With what was sent, its last attempts, and what was answered."""
    call = Call(request)
    await _check_delivery(call, delivery_id)
    return shown(request, await get_delivery(delivery_id))


@acts(_PATH + "/resend", DeliveryView, "Send a delivery again", _TAG, status=202)
async def resend_webhook_delivery(request: ManageRequest, delivery_id: FromPath[str]) -> Response[bytes]:
    """The same message under the same `webhook-id`, with a new life of attempts."""
    call = Call(request)
    await _check_delivery(call, delivery_id)

    async def work() -> Response[bytes]:
        return plain(await send_again(delivery_id, config=call.config), 202)

    return await once(call, work)


@acts(
    "/v1/webhooks/{endpoint_id:str}/test",
    WebhookTestView,
    "Send a webhook an example",
    _TAG,
    body=WebhookTest,
    example={"eventType": "lead.created"},
)
async def test_webhook(request: ManageRequest, endpoint_id: FromPath[str]) -> Response[bytes]:
    """Signed, of a person who does not exist, at once; the answer tells what the receiver said."""
    call = Call(request)
    await call.check_owner("webhook", endpoint_id)
    body = await read_body(request, WebhookTest)

    async def work() -> Response[bytes]:
        target = await call.run(call.config.webhook_target, endpoint_id)
        async with open_client(call.services.settings) as client:
            return plain(await send_test(target, client, body.event_type))

    return await once(call, work)


async def _check_delivery(call: Call, delivery_id: str) -> None:
    """Refuse what belongs to a client that this caller does not see.

    :raises NotFoundError: when there is no such delivery, or not for this caller.
    """
    unknown = NotFoundError("no delivery has this id")
    await call.services.documents.ready()
    try:
        view = await get_delivery(delivery_id)
    except NotFoundError:
        raise unknown from None
    if not call.access.scope.sees(view["clientId"]):
        raise unknown


HANDLERS = [list_webhook_deliveries, get_webhook_delivery, resend_webhook_delivery, test_webhook]
