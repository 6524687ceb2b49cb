"""``/v1/clients/{id}/forms`` and ``/v1/forms``: forms on a client's pages."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, UnsetType, field

from tracker.config.views import describe_form
from tracker.web.manage.bodies import Body, read_body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Active, Cursor, Limit, Sort
from tracker.web.manage.replies import changed, created, listed, shown
from tracker.web.manage.views import FormPage, FormView

_TAG = "forms"
_OF_CLIENT = "/v1/clients/{client_id:str}/forms"
_PATH = "/v1/forms/{form_id:str}"


class NewForm(Body):
    """A form to be made. ``partialCapture``: ``null`` = as the client's configuration says."""

    form_name: str
    page_url: str
    form_selector: str
    alternative_selectors: list[str] = field(default_factory=list)
    partial_capture: bool | None = None
    draft: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)


class FormChanges(Body):
    """``metadata`` is merged as RFC 7396 says."""

    form_name: str | UnsetType = UNSET
    page_url: str | UnsetType = UNSET
    form_selector: str | UnsetType = UNSET
    alternative_selectors: list[str] | UnsetType = UNSET
    partial_capture: bool | UnsetType | None = UNSET
    draft: bool | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


@lists(_OF_CLIENT, FormPage, "List a client's forms", _TAG)
async def list_forms(
    request: ManageRequest,
    client_id: FromPath[str],
    is_active: Active = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `createdAt` or `formName`."""
    call = Call(request)
    await call.client(client_id)
    return listed(await call.run(call.config.page_forms, client_id, is_active, sort or "createdAt", limit, cursor))


@creates(
    _OF_CLIENT,
    FormView,
    "Create a form",
    _TAG,
    body=NewForm,
    example={"formName": "Contact", "pageUrl": "/contact", "formSelector": "form#contact"},
)
async def create_form(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """`pageUrl` is a URL, a path or a pattern."""
    call = Call(request)
    await call.client(client_id)
    body = await read_body(request, NewForm)

    async def work() -> Response[bytes]:
        form = await call.run(
            call.config.create_form,
            client_id,
            body.form_name,
            body.page_url,
            body.form_selector,
            body.alternative_selectors,
            body.partial_capture,
            body.metadata,
            draft=body.draft or None,
        )
        return created(describe_form(form), f"/v1/forms/{form.form_id}")

    return await once(call, work)


@shows(_PATH, FormView, "Show a form", _TAG)
async def get_form(request: ManageRequest, form_id: FromPath[str]) -> Response[bytes]:
    """Without its fields, which `/v1/forms/{form_id}/fields` lists."""
    call = Call(request)
    await call.check_owner("form", form_id)
    return shown(request, describe_form(await call.run(call.config.get_form, form_id)))


@updates(_PATH, FormView, "Change a form", _TAG, body=FormChanges, example={"formSelector": "form.contact"})
async def update_form(request: ManageRequest, form_id: FromPath[str]) -> Response[bytes]:
    """`partialCapture: null` goes back to the client's setting."""
    call = Call(request)
    await call.check_owner("form", form_id)
    form = await call.run(call.config.get_form, form_id)
    view = describe_form(form)
    expected = expected_time(request, view, form.updated_at)
    wanted = await read_changes(request, FormChanges, view, ("metadata",))
    metadata = wanted.get("metadata")
    if "partialCapture" in wanted and wanted["partialCapture"] is None:
        metadata = {**(metadata or {}), "partialCapture": None}
    after = await call.run(
        call.config.update_form,
        form_id,
        name=wanted.get("formName"),
        page_url=wanted.get("pageUrl"),
        selector=wanted.get("formSelector"),
        alternatives=wanted.get("alternativeSelectors"),
        partial_capture=wanted.get("partialCapture"),
        metadata=metadata,
        is_active=wanted.get("isActive"),
        draft=wanted.get("draft"),
        expected=expected,
    )
    return changed(describe_form(after))


@deletes(_PATH, "Delete a form", _TAG)
async def delete_form(request: ManageRequest, form_id: FromPath[str]) -> None:
    """With its fields and mappings."""
    call = Call(request)
    await call.check_owner("form", form_id)
    form = await call.run(call.config.get_form, form_id)
    expected = expected_time(request, describe_form(form), form.updated_at)
    await call.run(call.config.delete_form, form_id, expected=expected)


HANDLERS = [list_forms, create_form, get_form, update_form, delete_form]
