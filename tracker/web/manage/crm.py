"""``/v1/clients/{id}/crm`` and ``/v1/crm``: CRM accounts that leads are brought to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType, field

from tracker.config.views import describe_connection
from tracker.crm.reach import may_lead_inside
from tracker.errors import ForbiddenError
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Active, Cursor, Limit, Sort
from tracker.web.manage.replies import changed, created, listed, shown
from tracker.web.manage.views import CrmPage, CrmView

_TAG = "crm"
_OF_CLIENT = "/v1/clients/{client_id:str}/crm"
_PATH = "/v1/crm/{connection_id:str}"


class NewConnection(Body):
    """A connection to be made. ``credentials``: names and texts, kept sealed; ``settings`` hold no secrets."""

    adapter: str
    credentials: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)


class ConnectionChanges(Body):
    """``credentials`` replace all old ones; ``settings`` are merged as RFC 7396 says."""

    credentials: dict[str, str] | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


@lists(_OF_CLIENT, CrmPage, "List a client's CRM connections", _TAG)
async def list_crm(
    request: ManageRequest,
    client_id: FromPath[str],
    is_active: Active = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `createdAt` or `adapter`."""
    call = Call(request)
    await call.client(client_id)
    return listed(await call.run(call.config.page_crm, client_id, is_active, sort or "createdAt", limit, cursor))


@creates(
    _OF_CLIENT,
    CrmView,
    "Create a CRM connection",
    _TAG,
    body=NewConnection,
    example={
        "adapter": "salesforce",
        "credentials": {"username": "tracker@example.com", "password": "…", "securityToken": "…"},
        "settings": {"sandbox": True},
    },
)
async def create_crm(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """No answer shows the credentials."""
    call = Call(request)
    await call.client(client_id)
    body = await read_body(request, NewConnection)
    _check_reach(call, body.adapter, body.settings)

    async def work() -> Response[bytes]:
        made = await call.run(call.config.create_crm, client_id, body.adapter, body.credentials, body.settings)
        return created(describe_connection(made), f"/v1/crm/{made.connection_id}")

    return await once(call, work)


@shows(_PATH, CrmView, "Show a CRM connection", _TAG)
async def get_crm(request: ManageRequest, connection_id: FromPath[str]) -> Response[bytes]:
    """Without its credentials."""
    call = Call(request)
    await call.check_owner("crm", connection_id)
    return shown(request, describe_connection(await call.run(call.config.get_crm, connection_id)))


@updates(_PATH, CrmView, "Change a CRM connection", _TAG, body=ConnectionChanges, example={"isActive": False})
async def update_crm(request: ManageRequest, connection_id: FromPath[str]) -> Response[bytes]:
    """The adapter cannot be changed: make another connection."""
    call = Call(request)
    await call.check_owner("crm", connection_id)
    connection = await call.run(call.config.get_crm, connection_id)
    view = describe_connection(connection)
    expected = expected_time(request, view, connection.updated_at)
    wanted = await read_changes(request, ConnectionChanges, view, ("settings",))
    if "settings" in wanted or "credentials" in wanted:
        _check_reach(call, connection.adapter, wanted.get("settings") or connection.settings)
    after = await call.run(
        call.config.update_crm,
        connection_id,
        credentials=wanted.get("credentials"),
        settings=wanted.get("settings"),
        is_active=wanted.get("isActive"),
        expected=expected,
    )
    return changed(describe_connection(after))


@deletes(_PATH, "Delete a CRM connection", _TAG)
async def delete_crm(request: ManageRequest, connection_id: FromPath[str]) -> None:
    """With its credentials."""
    call = Call(request)
    await call.check_owner("crm", connection_id)
    connection = await call.run(call.config.get_crm, connection_id)
    expected = expected_time(request, describe_connection(connection), connection.updated_at)
    await call.run(call.config.delete_crm, connection_id, expected=expected)


def _check_reach(call: Call, adapter: str, settings: Mapping[str, Any]) -> None:
    """:raises ForbiddenError: where a token of one client would lead the tracker into the operator's network."""
    if call.access.scope.kind == "client" and may_lead_inside(adapter, settings):
        raise ForbiddenError(
            "the token is for one client, and may connect accounts on the public internet only; a private address "
            "needs one with the scope admin"
        )


HANDLERS = [list_crm, create_crm, get_crm, update_crm, delete_crm]
