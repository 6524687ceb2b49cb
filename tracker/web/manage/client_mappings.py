"""``/v1/clients/{id}/mappings`` and ``/v1/client-mappings``: what all leads of a client take to the CRM."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from tracker.config.views import describe_client_mapping
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Cursor, Limit, Sort
from tracker.web.manage.replies import changed, created, listed, shown
from tracker.web.manage.views import ClientMappingPage, ClientMappingView

_TAG = "mappings"
_OF_CLIENT = "/v1/clients/{client_id:str}/mappings"
_PATH = "/v1/client-mappings/{client_mapping_id:str}"


class NewClientMapping(Body):
    """A mapping to be made. ``source``: ``utmSource``, ``fields.NAME`` or ``=TEXT``."""

    source: str
    target_entity: str
    target_field: str
    transform: str | None = None
    is_required: bool = False


class ClientMappingChanges(Body):
    """What of a mapping can be changed."""

    source: str | UnsetType = UNSET
    target_entity: str | UnsetType = UNSET
    target_field: str | UnsetType = UNSET
    transform: str | UnsetType | None = UNSET
    is_required: bool | UnsetType = UNSET


@lists(_OF_CLIENT, ClientMappingPage, "List a client's own mappings", _TAG)
async def list_client_mappings(
    request: ManageRequest, client_id: FromPath[str], sort: Sort = None, limit: Limit = 50, cursor: Cursor = None
) -> Response[bytes]:
    """Sorted by `createdAt`, `targetField` or `source`. Those of its fields are with the fields."""
    call = Call(request)
    await call.client(client_id)
    return listed(await call.run(call.config.page_client_mappings, client_id, sort or "createdAt", limit, cursor))


@creates(
    _OF_CLIENT,
    ClientMappingView,
    "Create a client's mapping",
    _TAG,
    body=NewClientMapping,
    example={"source": "utmSource", "targetEntity": "Lead", "targetField": "LeadSource", "transform": "default:Web"},
)
async def create_client_mapping(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """409 when that source leads to that target already."""
    call = Call(request)
    await call.client(client_id)
    body = await read_body(request, NewClientMapping)

    async def work() -> Response[bytes]:
        made = await call.run(
            call.config.create_client_mapping,
            client_id,
            body.source,
            body.target_entity,
            body.target_field,
            body.transform,
            body.is_required,
        )
        return created(describe_client_mapping(made), f"/v1/client-mappings/{made.mapping_id}")

    return await once(call, work)


@shows(_PATH, ClientMappingView, "Show a client's mapping", _TAG)
async def get_client_mapping(request: ManageRequest, client_mapping_id: FromPath[str]) -> Response[bytes]:
    """By its own id."""
    call = Call(request)
    await call.check_owner("client_mapping", client_mapping_id)
    return shown(request, describe_client_mapping(await call.run(call.config.get_client_mapping, client_mapping_id)))


@updates(
    _PATH,
    ClientMappingView,
    "Change a client's mapping",
    _TAG,
    body=ClientMappingChanges,
    example={"source": "utmMedium", "transform": "lower"},
)
async def update_client_mapping(request: ManageRequest, client_mapping_id: FromPath[str]) -> Response[bytes]:
    """`transform: null` removes it."""
    call = Call(request)
    await call.check_owner("client_mapping", client_mapping_id)
    mapping = await call.run(call.config.get_client_mapping, client_mapping_id)
    view = describe_client_mapping(mapping)
    expected = expected_time(request, view, mapping.updated_at)
    wanted = await read_changes(request, ClientMappingChanges, view)
    after = await call.run(
        call.config.update_client_mapping,
        client_mapping_id,
        source=wanted.get("source"),
        entity=wanted.get("targetEntity"),
        field=wanted.get("targetField"),
        transform=(wanted["transform"] or "") if "transform" in wanted else None,
        required=wanted.get("isRequired"),
        expected=expected,
    )
    return changed(describe_client_mapping(after))


@deletes(_PATH, "Delete a client's mapping", _TAG)
async def delete_client_mapping(request: ManageRequest, client_mapping_id: FromPath[str]) -> None:
    """Leads take that to the CRM no more."""
    call = Call(request)
    await call.check_owner("client_mapping", client_mapping_id)
    mapping = await call.run(call.config.get_client_mapping, client_mapping_id)
    expected = expected_time(request, describe_client_mapping(mapping), mapping.updated_at)
    await call.run(call.config.delete_client_mapping, client_mapping_id, expected=expected)


HANDLERS = [
    list_client_mappings,
    create_client_mapping,
    get_client_mapping,
    update_client_mapping,
    delete_client_mapping,
]
