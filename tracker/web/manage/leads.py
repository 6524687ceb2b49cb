"""``/v1/leads``: people who filled in a form, or began to."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import FromPath, QueryParameter
from msgspec import UNSET, UnsetType

from tracker.leads.documents import LeadQuality, LeadStatus
from tracker.leads.edits import delete_lead as delete_with_events
from tracker.leads.edits import request_sync
from tracker.leads.edits import update_lead as edit_lead
from tracker.leads.service import page_leads
from tracker.web.manage.bodies import Body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import acts, deletes, lists, shows, updates
from tracker.web.manage.etag import check_match
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import ClientId, Cursor, Limit, Since, Sort, Test, Until, aware
from tracker.web.manage.replies import changed, listed, plain, shown
from tracker.web.manage.views import LeadPage, LeadView

_TAG = "leads"
_PATH = "/v1/leads/{lead_id:str}"

Status = Annotated[LeadStatus | None, QueryParameter(description="Only of this status.")]
Quality = Annotated[LeadQuality | None, QueryParameter(description="Only of this quality.")]
Email = Annotated[str | None, QueryParameter(description="Compared as leads are de-duplicated.")]
FormId = Annotated[str | None, QueryParameter(name="formId", description="Only of this form.")]
Source = Annotated[str | None, QueryParameter(description="Only of this source, such as `abandoned_form`.")]
Tag = Annotated[str | None, QueryParameter(description="Only with this tag.")]
Synced = Annotated[bool | None, QueryParameter(name="crmSynced", description="Only what is in the CRM, or is not.")]

Spam = Annotated[bool | None, QueryParameter(description="Only what is marked as spam, or is not.")]


class LeadChanges(Body):
    """What people may set; ``null`` goes back to what the events say."""

    email: str | UnsetType | None = UNSET
    phone: str | UnsetType | None = UNSET
    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType | None = UNSET
    name: str | UnsetType | None = UNSET
    company: str | UnsetType | None = UNSET
    message: str | UnsetType | None = UNSET
    status: LeadStatus | UnsetType | None = UNSET
    quality: LeadQuality | UnsetType | None = UNSET
    spam: bool | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET


@lists("/v1/leads", LeadPage, "List leads", _TAG)
async def list_leads(
    request: ManageRequest,
    client_id: ClientId = None,
    status: Status = None,
    quality: Quality = None,
    email: Email = None,
    form_id: FormId = None,
    source: Source = None,
    tag: Tag = None,
    test: Test = None,
    crm_synced: Synced = None,
    spam: Spam = None,
    since: Since = None,
    until: Until = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `createdAt` or `updatedAt`, the newest first if not told otherwise. `since` and `until` are about
    `createdAt`."""
    call = Call(request)
    only = await call.only_client(client_id)
    await call.services.documents.ready()
    page = await page_leads(
        client_id=only,
        status=status,
        quality=quality,
        email=email,
        form_id=form_id,
        source=source,
        tag=tag,
        test=test,
        crm_synced=crm_synced,
        spam=spam,
        since=aware(since, "since"),
        until=aware(until, "until"),
        sort=sort or "-createdAt",
        limit=limit,
        cursor=cursor,
    )
    return listed(page)


@shows(_PATH, LeadView, "Show a lead", _TAG)
async def get_lead(request: ManageRequest, lead_id: FromPath[str]) -> Response[bytes]:
    """All that is known of it."""
    return shown(request, await Call(request).lead(lead_id))


@updates(
    _PATH,
    LeadView,
    "Correct a lead",
    _TAG,
    body=LeadChanges,
    example={"company": "Example Ltd", "tags": ["called"], "notes": "Asked for an offer."},
)
async def update_lead(request: ManageRequest, lead_id: FromPath[str]) -> Response[bytes]:
    """What is set by hand wins over what later events say, until `null` takes it back."""
    call = Call(request)
    view = await call.lead(lead_id)
    expected = view if check_match(request, view) else None
    # A member that the lead does not have yet reads as null.
    names = ("email", "phone", "firstName", "lastName", "name", "company", "message", "spam", "notes", "tags")
    wanted = await read_changes(request, LeadChanges, {**dict.fromkeys(names), **view})
    if not wanted:
        return changed(view)
    return changed(await edit_lead(lead_id, wanted, call.actor, config=call.config, expected=expected))


@deletes(_PATH, "Delete a lead", _TAG)
async def delete_lead(request: ManageRequest, lead_id: FromPath[str]) -> None:
    """With its events. Figures of the days that it touches are recomputed soon."""
    call = Call(request)
    view = await call.lead(lead_id)
    expected = view if check_match(request, view) else None
    await delete_with_events(lead_id, call.actor, config=call.config, expected=expected)


@acts(_PATH + "/sync", LeadView, "Ask for a lead to be brought to the CRM", _TAG, status=202)
async def sync_lead(request: ManageRequest, lead_id: FromPath[str]) -> Response[bytes]:
    """Noted on the lead as `syncRequestedAt`."""
    call = Call(request)
    await call.lead(lead_id)

    async def work() -> Response[bytes]:
        return plain(await request_sync(lead_id, call.actor, config=call.config), 202)

    return await once(call, work)


HANDLERS = [list_leads, get_lead, update_lead, delete_lead, sync_lead]
