"""``/v1/clients/{id}/retention``: for how many days a client's data is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response
from litestar.params import FromPath
from msgspec import UNSET, Meta, UnsetType

from tracker.config.values import MAX_RETENTION_DAYS
from tracker.privacy.retention_service import view
from tracker.web.manage.bodies import Body, read_changes
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import shows, updates
from tracker.web.manage.etag import expected_time
from tracker.web.manage.replies import changed, shown
from tracker.web.manage.views import View

_TAG = "clients"
_PATH = "/v1/clients/{client_id:str}/retention"

Days = Annotated[int, Meta(ge=1, le=MAX_RETENTION_DAYS)]
LeadDays = Days | Literal["forever"]


class OwnRetention(View, kw_only=True):
    """What the client has set, in days; ``null`` is the default."""

    events_days: Days | None
    sessions_days: Days | None
    unsynced_leads_days: LeadDays | None
    synced_leads_days: LeadDays | None


class PeriodView(View, kw_only=True):
    """``days`` is ``null`` for what is kept until somebody deletes it; ``source``: where that was set."""

    days: int | None
    source: str


class InForceView(View, kw_only=True):
    """The days in force."""

    events: PeriodView
    sessions: PeriodView
    unsynced_leads: PeriodView
    synced_leads: PeriodView


class RetentionView(View, kw_only=True):
    """A client's retention."""

    client_id: str
    retention: OwnRetention
    in_force: InForceView
    updated_at: datetime


class RetentionPatch(Body):
    """What changes; ``null`` goes back to the default."""

    events_days: Days | UnsetType | None = UNSET
    sessions_days: Days | UnsetType | None = UNSET
    unsynced_leads_days: LeadDays | UnsetType | None = UNSET
    synced_leads_days: LeadDays | UnsetType | None = UNSET


class RetentionChanges(Body):
    """The member that can be changed."""

    retention: RetentionPatch | UnsetType = UNSET


@shows(_PATH, RetentionView, "Show a client's retention", _TAG)
async def get_retention(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """What the client has set, and what is in force with the defaults."""
    call = Call(request)
    return shown(request, view(await call.client(client_id), call.services.settings))


@updates(
    _PATH,
    RetentionView,
    "Change a client's retention",
    _TAG,
    body=RetentionChanges,
    example={"retention": {"eventsDays": 30, "syncedLeadsDays": "forever"}},
)
async def update_retention(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """Workers give stored events and sessions their new end within minutes; what is older then is deleted."""
    call = Call(request)
    client = await call.client(client_id)
    before = view(client, call.services.settings)
    expected = expected_time(request, before, client.updated_at)
    wanted = await read_changes(request, RetentionChanges, before, ("retention",))
    patch = wanted.get("retention")
    after = await call.run(
        call.config.update_client,
        client_id,
        settings={"retention": patch} if patch else None,
        expected=expected,
    )
    return changed(view(after, call.services.settings))


HANDLERS = [get_retention, update_retention]
