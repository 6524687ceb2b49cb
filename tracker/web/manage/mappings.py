"""``/v1/fields/{id}/mapping`` and ``/v1/mappings``: where a field's value goes in the CRM."""

from __future__ import annotations

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from tracker.config.views import describe_mapping
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.replies import changed, created, shown
from tracker.web.manage.views import MappingView

_TAG = "mappings"
_OF_FIELD = "/v1/fields/{field_id:str}/mapping"
_PATH = "/v1/mappings/{mapping_id:str}"


class NewMapping(Body):
    """A mapping to be made: an object of the CRM like ``Lead``, and an attribute of it like ``Email``."""

    target_entity: str
    target_field: str
    transform: str | None = None
    is_required: bool = False


class MappingChanges(Body):
    """What of a mapping can be changed."""

    target_entity: str | UnsetType = UNSET
    target_field: str | UnsetType = UNSET
    transform: str | UnsetType | None = UNSET
    is_required: bool | UnsetType = UNSET


@creates(
    _OF_FIELD,
    MappingView,
    "Create a field's mapping",
    _TAG,
    body=NewMapping,
    example={"targetEntity": "Lead", "targetField": "Email"},
)
async def create_mapping(request: ManageRequest, field_id: FromPath[str]) -> Response[bytes]:
    """A field has one at most: 409 when it has one already."""
    call = Call(request)
    await call.check_owner("field", field_id)
    body = await read_body(request, NewMapping)

    async def work() -> Response[bytes]:
        mapping = await call.run(
            call.config.set_mapping,
            field_id,
            body.target_entity,
            body.target_field,
            body.transform,
            body.is_required,
            replace=False,
        )
        return created(describe_mapping(mapping), f"/v1/mappings/{mapping.mapping_id}")

    return await once(call, work)


@shows(_OF_FIELD, MappingView, "Show a field's mapping", _TAG)
async def get_mapping_of_field(request: ManageRequest, field_id: FromPath[str]) -> Response[bytes]:
    """404 also when the field has none."""
    call = Call(request)
    await call.check_owner("field", field_id)
    return shown(request, describe_mapping(await call.run(call.config.get_mapping, field_id)))


@shows(_PATH, MappingView, "Show a mapping", _TAG)
async def get_mapping(request: ManageRequest, mapping_id: FromPath[str]) -> Response[bytes]:
    """By its own id."""
    call = Call(request)
    await call.check_owner("mapping", mapping_id)
    return shown(request, describe_mapping(await call.run(call.config.get_mapping, mapping_id)))


@updates(_PATH, MappingView, "Change a mapping", _TAG, body=MappingChanges, example={"targetField": "Email__c"})
async def update_mapping(request: ManageRequest, mapping_id: FromPath[str]) -> Response[bytes]:
    """`transform: null` removes it."""
    call = Call(request)
    await call.check_owner("mapping", mapping_id)
    mapping = await call.run(call.config.get_mapping, mapping_id)
    view = describe_mapping(mapping)
    expected = expected_time(request, view, mapping.updated_at)
    wanted = await read_changes(request, MappingChanges, view)
    after = await call.run(
        call.config.update_mapping,
        mapping_id,
        entity=wanted.get("targetEntity"),
        field=wanted.get("targetField"),
        transform=(wanted["transform"] or "") if "transform" in wanted else None,
        required=wanted.get("isRequired"),
        expected=expected,
    )
    return changed(describe_mapping(after))


@deletes(_PATH, "Delete a mapping", _TAG)
async def delete_mapping(request: ManageRequest, mapping_id: FromPath[str]) -> None:
    """The field's value goes nowhere any more."""
    call = Call(request)
    await call.check_owner("mapping", mapping_id)
    mapping = await call.run(call.config.get_mapping, mapping_id)
    expected = expected_time(request, describe_mapping(mapping), mapping.updated_at)
    await call.run(call.config.delete_mapping, mapping_id, expected=expected)


HANDLERS = [create_mapping, get_mapping_of_field, get_mapping, update_mapping, delete_mapping]
