"""``/v1/forms/{id}/fields`` and ``/v1/fields``: inputs of a form."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType, field

from tracker.config.views import describe_field
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Cursor, Limit, Sort
from tracker.web.manage.replies import changed, created, listed, shown
from tracker.web.manage.views import FieldPage, FieldView

_TAG = "fields"
_OF_FORM = "/v1/forms/{form_id:str}/fields"
_PATH = "/v1/fields/{field_id:str}"


class NewField(Body):
    """A field to be made. ``displayOrder``: ``null`` = behind the last one."""

    field_selector: str
    field_name: str
    field_type: str = "text"
    label: str | None = None
    is_required: bool = False
    display_order: int | None = None
    validation_rules: dict[str, Any] = field(default_factory=dict)


class FieldChanges(Body):
    """``validationRules`` are merged as RFC 7396 says."""

    field_selector: str | UnsetType = UNSET
    field_name: str | UnsetType = UNSET
    field_type: str | UnsetType = UNSET
    label: str | UnsetType | None = UNSET
    is_required: bool | UnsetType = UNSET
    display_order: int | UnsetType = UNSET
    validation_rules: dict[str, Any] | UnsetType = UNSET


@lists(_OF_FORM, FieldPage, "List a form's fields", _TAG)
async def list_fields(
    request: ManageRequest, form_id: FromPath[str], sort: Sort = None, limit: Limit = 50, cursor: Cursor = None
) -> Response[bytes]:
    """Sorted by `displayOrder`, `createdAt` or `fieldName`."""
    call = Call(request)
    await call.check_owner("form", form_id)
    return listed(await call.run(call.config.page_fields, form_id, sort or "displayOrder", limit, cursor))


@creates(
    _OF_FORM,
    FieldView,
    "Create a field",
    _TAG,
    body=NewField,
    example={"fieldSelector": "[name=email]", "fieldName": "email", "fieldType": "email", "isRequired": True},
)
async def create_field(request: ManageRequest, form_id: FromPath[str]) -> Response[bytes]:
    """`fieldName` is the name that events call it by."""
    call = Call(request)
    await call.check_owner("form", form_id)
    body = await read_body(request, NewField)

    async def work() -> Response[bytes]:
        field = await call.run(
            call.config.create_field,
            form_id,
            body.field_selector,
            body.field_name,
            body.field_type,
            body.label,
            body.is_required,
            body.display_order,
            body.validation_rules,
        )
        return created(describe_field(field), f"/v1/fields/{field.field_id}")

    return await once(call, work)


@shows(_PATH, FieldView, "Show a field", _TAG)
async def get_field(request: ManageRequest, field_id: FromPath[str]) -> Response[bytes]:
    """Without its mapping, which `/v1/fields/{field_id}/mapping` shows."""
    call = Call(request)
    await call.check_owner("field", field_id)
    return shown(request, describe_field(await call.run(call.config.get_field, field_id)))


@updates(_PATH, FieldView, "Change a field", _TAG, body=FieldChanges, example={"isRequired": True, "label": "E-mail"})
async def update_field(request: ManageRequest, field_id: FromPath[str]) -> Response[bytes]:
    """`label: null` removes it."""
    call = Call(request)
    await call.check_owner("field", field_id)
    field = await call.run(call.config.get_field, field_id)
    view = describe_field(field)
    expected = expected_time(request, view, field.updated_at)
    wanted = await read_changes(request, FieldChanges, view, ("validationRules",))
    after = await call.run(
        call.config.update_field,
        field_id,
        selector=wanted.get("fieldSelector"),
        name=wanted.get("fieldName"),
        type=wanted.get("fieldType"),
        label=(wanted["label"] or "") if "label" in wanted else None,
        required=wanted.get("isRequired"),
        order=wanted.get("displayOrder"),
        validation=wanted.get("validationRules"),
        expected=expected,
    )
    return changed(describe_field(after))


@deletes(_PATH, "Delete a field", _TAG)
async def delete_field(request: ManageRequest, field_id: FromPath[str]) -> None:
    """With its mapping."""
    call = Call(request)
    await call.check_owner("field", field_id)
    field = await call.run(call.config.get_field, field_id)
    expected = expected_time(request, describe_field(field), field.updated_at)
    await call.run(call.config.delete_field, field_id, expected=expected)


HANDLERS = [list_fields, create_field, get_field, update_field, delete_field]
