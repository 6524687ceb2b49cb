"""``/v1/audit``: who changed what and when."""

from __future__ import annotations

from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter

from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import lists
from tracker.web.manage.paging import ClientId, Cursor, Limit, Since, Until, aware
from tracker.web.manage.replies import listed
from tracker.web.manage.views import AuditPage

Actor = Annotated[str | None, QueryParameter(description="Only by this one, such as `api:dashboard`.")]
Action = Annotated[str | None, QueryParameter(description="`client.update`, or `client` for all done to clients.")]
Target = Annotated[str | None, QueryParameter(description="Id of what was changed.")]


@lists("/v1/audit", AuditPage, "List changes", "audit")
async def list_audit(
    request: ManageRequest,
    client_id: ClientId = None,
    actor: Actor = None,
    action: Action = None,
    target: Target = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The newest first. Entries outlive what they are about, so `clientId` may be of a client that is deleted."""
    call = Call(request)
    if client_id is not None:
        call.check_client(client_id)
    page = await call.run(
        call.config.list_audit,
        client_id or call.access.scope.client_id,
        actor,
        action,
        target,
        aware(since, "since"),
        aware(until, "until"),
        limit,
        cursor,
    )
    return listed(page)


HANDLERS = [list_audit]
