"""Pages that work against this server, for an operator who has just installed it (decisions §10)."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from tracker.config.service import ConfigService
from tracker.errors import NotFoundError, TrackerError
from tracker.web.http import AppRequest
from tracker.web.pages.render import page_response
from tracker.web.services import Services, services_of

DEMO_DOMAIN = "localhost"
_EXAMPLES = {
    "": ("example", "Fernwood Gardens"),
    "quote": ("example-quote", "A quote in three steps"),
    "tour": ("example-tour", "Tour"),
    "widget": ("example-widget", "Web component"),
    "thanks": ("example-thanks", "Thank you"),
}
# Routes that the tour's own script makes; opened directly they must lead to it.
_TOUR = {"tour/plans", "tour/sign-up"}


@get("/demo", media_type="text/html", include_in_schema=False)
async def demo(request: AppRequest, client: FromQuery[str | None] = None) -> Response[str]:
    """A form that is tracked for the client named by ``?client=`` (id or domain), else for the demo client, and what
    becomes of each of its events."""
    return await _tracked(request, client, "demo", "Live demo")


@get(["/example", "/example/{rest:path}"], media_type="text/html", include_in_schema=False)
async def example(request: AppRequest, client: FromQuery[str | None] = None, rest: FromPath[str] = "") -> Response[str]:
    """A plain site of a few pages, tracked like the demo."""
    place = rest.strip("/")
    if place not in _EXAMPLES and place not in _TOUR:
        raise NotFoundError("the example site has no such page")
    name, title = _EXAMPLES[place.partition("/")[0]]
    return await _tracked(request, client, name, title)


@post("/example/{rest:path}", include_in_schema=False)
async def example_sent(client: FromQuery[str | None] = None, rest: FromPath[str] = "") -> Redirect:
    """Where the example's contact form is sent to: what was typed is not read, the browser goes on to another page."""
    query = f"?{urlencode({'client': client})}" if client else ""
    return Redirect(f"/example/thanks{query}", status_code=303)


async def _tracked(request: AppRequest, client: str | None, name: str, title: str) -> Response[str]:
    services = services_of(request)
    settings = services.settings
    try:
        client_id, domain = await _find(services, client or DEMO_DOMAIN)
    except TrackerError as error:
        values = {"detail": error.detail}
        return page_response(settings, "missing", "Nothing to show", values, status=error.status)
    values = {
        "client": client_id,
        "domain": domain,
        "globalName": settings.global_name,
        "ingestPath": settings.ingest_path,
    }
    return page_response(settings, name, title, values)


async def _find(services: Services, ref: str) -> tuple[str, str]:
    service = ConfigService(services.engine, services.settings, actor="web", notify=lambda: None)
    found = await asyncio.to_thread(service.get_client, ref)
    return found.client_id, found.domain
