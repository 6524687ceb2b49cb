"""``/v1/clients``: the sites that are tracked."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType, field

from tracker.config.records import KeyMode
from tracker.config.views import describe_client
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Active, Cursor, Limit, Query, Sort
from tracker.web.manage.replies import changed, created, listed, shown
from tracker.web.manage.views import ClientPage, ClientView, NewClientView

_TAG = "clients"
_PATH = "/v1/clients/{client_id:str}"


class NewClient(Body):
    """A client to be made; only the domain is needed."""

    domain: str
    name: str | None = None
    allowed_origins: list[str] = field(default_factory=list)
    retention_days: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    mode: KeyMode = "live"


class ClientChanges(Body):
    """``config`` and ``settings`` are merged as RFC 7396 says: ``null`` goes back to the default."""

    name: str | UnsetType = UNSET
    domain: str | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    allowed_origins: list[str] | UnsetType = UNSET
    retention_days: int | UnsetType | None = UNSET
    config: dict[str, Any] | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET


@lists("/v1/clients", ClientPage, "List clients", _TAG)
async def list_clients(
    request: ManageRequest,
    text: Query = None,
    is_active: Active = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `createdAt`, `domain` or `name`; `query` looks at domain and name."""
    call = Call(request)
    only = call.access.scope.client_id
    return listed(
        await call.run(call.config.page_clients, text, is_active, sort or "createdAt", limit, cursor, only=only)
    )


@creates(
    "/v1/clients",
    NewClientView,
    "Create a client",
    _TAG,
    body=NewClient,
    example={"domain": "example.com", "name": "Example", "allowedOrigins": ["https://landing.example.net"]},
    for_all_clients=True,
)
async def create_client(request: ManageRequest) -> Response[bytes]:
    """The answer holds its first publishable key as `apiKey`."""
    call = Call(request)
    body = await read_body(request, NewClient)

    async def work() -> Response[bytes]:
        made = await call.run(
            call.config.create_client,
            body.domain,
            body.name,
            body.allowed_origins,
            body.retention_days,
            body.config,
            body.settings,
            body.mode,
        )
        key = {"keyId": made.key.key.key_id, "apiKey": made.key.plaintext}
        return created(describe_client(made.client), f"/v1/clients/{made.client.client_id}", key)

    return await once(call, work)


@shows(_PATH, ClientView, "Show a client", _TAG)
async def get_client(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """`config` and `settings` are shown with the defaults filled in."""
    return shown(request, describe_client(await Call(request).client(client_id)))


@updates(
    _PATH,
    ClientView,
    "Change a client",
    _TAG,
    body=ClientChanges,
    example={"name": "Example Ltd", "config": {"features": {"chat": True}}, "settings": {"defaultRegion": "GB"}},
)
async def update_client(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """Its keys are refused while `isActive` is false."""
    call = Call(request)
    client = await call.client(client_id)
    view = describe_client(client)
    expected = expected_time(request, view, client.updated_at)
    wanted = await read_changes(request, ClientChanges, view, ("config", "settings"))
    if "retentionDays" in wanted:
        wanted["retentionDays"] = wanted["retentionDays"] or 0
    after = await call.run(
        call.config.update_client,
        client_id,
        name=wanted.get("name"),
        domain=wanted.get("domain"),
        origins=wanted.get("allowedOrigins"),
        retention_days=wanted.get("retentionDays"),
        config=wanted.get("config"),
        settings=wanted.get("settings"),
        is_active=wanted.get("isActive"),
        expected=expected,
    )
    return changed(describe_client(after))


@deletes(_PATH, "Delete a client", _TAG)
async def delete_client(request: ManageRequest, client_id: FromPath[str]) -> None:
    """With its keys, forms, fields, mappings, webhooks and CRM connections. Events and leads stay."""
    call = Call(request)
    client = await call.client(client_id)
    expected = expected_time(request, describe_client(client), client.updated_at)
    await call.run(call.config.delete_client, client_id, expected=expected)


HANDLERS = [list_clients, create_client, get_client, update_client, delete_client]
