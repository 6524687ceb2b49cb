"""``/v1/analytics``: views, forms and leads by day, form and source."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Response
from litestar.params import QueryParameter

from tracker.analytics import queries, reports
from tracker.errors import InvalidError
from tracker.paging import Page
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import lists
from tracker.web.manage.paging import ClientId, Since, Until, aware
from tracker.web.manage.replies import listed, plain
from tracker.web.manage.views import DayPage, FormFiguresPage, FunnelView, SourcePage, SummaryView

_TAG = "analytics"

OnlyTest = Annotated[bool, QueryParameter(description="What came with test keys, instead of the rest.")]
By = Annotated[Literal["source", "medium", "campaign"], QueryParameter(description="What to add up by.")]


@lists("/v1/analytics/summary", SummaryView, "A period as a whole", _TAG)
async def show_summary(
    request: ManageRequest,
    client_id: ClientId = None,
    test: OnlyTest = False,
    since: Since = None,
    until: Until = None,
) -> Response[bytes]:
    """`clientId` is needed, except with a token of one client; `since` and `until` are about whole days of UTC."""
    client = await _client(request, client_id)
    return plain(await reports.summary(client, test=test, since=aware(since, "since"), until=aware(until, "until")))


@lists("/v1/analytics/timeseries", DayPage, "Figures by day", _TAG)
async def show_timeseries(
    request: ManageRequest,
    client_id: ClientId = None,
    test: OnlyTest = False,
    since: Since = None,
    until: Until = None,
) -> Response[bytes]:
    """The newest day first. Days without figures are left out."""
    client = await _client(request, client_id)
    period = {"since": aware(since, "since"), "until": aware(until, "until")}
    return listed(Page(await queries.totals(client, by="date", test=test, **period)))


@lists("/v1/analytics/sources", SourcePage, "Figures by source, medium or campaign", _TAG)
async def show_sources(
    request: ManageRequest,
    client_id: ClientId = None,
    by: By = "source",
    test: OnlyTest = False,
    since: Since = None,
    until: Until = None,
) -> Response[bytes]:
    """Those with the most views first."""
    client = await _client(request, client_id)
    period = {"since": aware(since, "since"), "until": aware(until, "until")}
    return listed(Page(await queries.totals(client, by=by, test=test, **period)))


@lists("/v1/analytics/forms", FormFiguresPage, "Figures by form", _TAG)
async def show_forms(
    request: ManageRequest,
    client_id: ClientId = None,
    test: OnlyTest = False,
    since: Since = None,
    until: Until = None,
) -> Response[bytes]:
    """`formId: null` is what is about no form, such as page views."""
    client = await _client(request, client_id)
    period = {"since": aware(since, "since"), "until": aware(until, "until")}
    return listed(Page(await queries.totals(client, by="formId", test=test, **period)))


@lists("/v1/analytics/funnel", FunnelView, "From visits to leads", _TAG)
async def show_funnel(
    request: ManageRequest,
    client_id: ClientId = None,
    test: OnlyTest = False,
    since: Since = None,
    until: Until = None,
) -> Response[bytes]:
    """Each step with its share of the one before and of the first."""
    client = await _client(request, client_id)
    return plain(await reports.funnel(client, test=test, since=aware(since, "since"), until=aware(until, "until")))


async def _client(request: ManageRequest, client_id: str | None) -> str:
    call = Call(request)
    only = await call.only_client(client_id)
    if only is None:
        raise InvalidError("clientId is needed: figures are of one client")
    await call.services.documents.ready()
    return only


HANDLERS = [show_summary, show_timeseries, show_sources, show_forms, show_funnel]
