"""``/v1/leads/{leadId}/gdpr-delete`` and ``/v1/gdpr/requests``: erasing a person (technical design §5.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from litestar import Response
from litestar.params import FromPath

from tracker.config.service.lookup import is_id
from tracker.errors import NotFoundError
from tracker.leads.documents import Lead
from tracker.privacy.erase.requests import ask_for_lead, show
from tracker.privacy.erase.work import Tools
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import shows, starts_deleting
from tracker.web.manage.replies import plain, shown
from tracker.web.manage.views import View

_TAG = "gdpr"
_REQUESTS = "/v1/gdpr/requests"


class ErasureView(View, kw_only=True):
    """An erasure. `subject` holds keyed hashes; `certificate` comes when it is done."""

    request_id: str
    status: Literal["open", "done"]
    client_id: str | None
    subject: list[dict[str, str]]
    counts: dict[str, int]
    crm: list[dict[str, Any]]
    webhooks: list[dict[str, Any]]
    waiting_for: str | None
    asked_at: datetime
    asked_by: str
    ended_at: datetime | None
    certificate: dict[str, Any] | None


@starts_deleting("/v1/leads/{lead_id:str}/gdpr-delete", ErasureView, "Erase the person of a lead", _TAG)
async def erase_lead(request: ManageRequest, lead_id: FromPath[str]) -> Response[bytes]:
    """Everything of the person at the lead's client: leads, visits, events, what waits, what CRMs and webhooks hold.
    Workers do it; repeated while it is open, it is the same request."""
    call = Call(request)
    lead = await call.lead(lead_id)
    database = Lead.get_pymongo_collection().database
    tools = Tools(database, call.services.engine, call.config, call.services.settings)
    request_id = await ask_for_lead(tools, lead, call.actor)
    return plain(await show(database, request_id), 202, {"Location": f"{_REQUESTS}/{request_id}"})


@shows(f"{_REQUESTS}/{{request_id:str}}", ErasureView, "Show an erasure", _TAG)
async def get_erasure(request: ManageRequest, request_id: FromPath[str]) -> Response[bytes]:
    """How far it is and what it waits for; at the end the signed certificate."""
    call = Call(request)
    if not is_id(request_id):
        raise _unknown()
    await call.services.documents.ready()
    try:
        view = await show(Lead.get_pymongo_collection().database, request_id)
    except NotFoundError:
        raise _unknown() from None
    client_id = call.access.scope.client_id
    # One that is about all clients is no business of one of them.
    if client_id is not None and view["clientId"] != client_id:
        raise _unknown()
    return shown(request, view)


def _unknown() -> NotFoundError:
    return NotFoundError("no erasure has this id")


HANDLERS = [erase_lead, get_erasure]
