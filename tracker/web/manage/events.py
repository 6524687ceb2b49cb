"""``/v1/events`` and ``/v1/sessions``: what browsers sent, as it is stored."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter

from tracker.pipeline.pages import page_events, page_sessions
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import lists
from tracker.web.manage.paging import ClientId, Cursor, Limit, Since, Sort, Test, Until, aware
from tracker.web.manage.replies import listed
from tracker.web.manage.views import EventPage, SessionPage

_TAG = "events"

EventType = Annotated[str | None, QueryParameter(name="eventType", description="Only of this type.")]
SessionId = Annotated[str | None, QueryParameter(name="sessionId", description="Only of this visit.")]
VisitorId = Annotated[str | None, QueryParameter(name="visitorId", description="Only of this visitor.")]
LeadId = Annotated[str | None, QueryParameter(name="leadId", description="Only of this lead.")]
FormId = Annotated[str | None, QueryParameter(name="formId", description="Only of this form.")]


@lists("/v1/events", EventPage, "List events", _TAG)
async def list_events(
    request: ManageRequest,
    client_id: ClientId = None,
    event_type: EventType = None,
    session_id: SessionId = None,
    visitor_id: VisitorId = None,
    lead_id: LeadId = None,
    form_id: FormId = None,
    test: Test = None,
    since: Since = None,
    until: Until = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `timestamp`, which is when it happened in the browser, the newest first if not told otherwise."""
    call = Call(request)
    only = await call.only_client(client_id)
    await call.services.documents.ready()
    page = await page_events(
        client_id=only,
        event_type=event_type,
        session_id=session_id,
        visitor_id=visitor_id,
        lead_id=lead_id,
        form_id=form_id,
        test=test,
        since=aware(since, "since"),
        until=aware(until, "until"),
        sort=sort or "-timestamp",
        limit=limit,
        cursor=cursor,
    )
    return listed(page)


@lists("/v1/sessions", SessionPage, "List sessions", _TAG)
async def list_sessions(
    request: ManageRequest,
    client_id: ClientId = None,
    session_id: SessionId = None,
    visitor_id: VisitorId = None,
    test: Test = None,
    since: Since = None,
    until: Until = None,
    sort: Sort = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """Sorted by `startedAt`, the newest first if not told otherwise."""
    call = Call(request)
    only = await call.only_client(client_id)
    await call.services.documents.ready()
    page = await page_sessions(
        client_id=only,
        session_id=session_id,
        visitor_id=visitor_id,
        test=test,
        since=aware(since, "since"),
        until=aware(until, "until"),
        sort=sort or "-startedAt",
        limit=limit,
        cursor=cursor,
    )
    return listed(page)


HANDLERS = [list_events, list_sessions]
