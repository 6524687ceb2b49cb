"""Pages that work against this server, for an operator who has just installed it."""

from __future__ import annotations

import asyncio
from functools import cache
from html import escape
from importlib.resources import files

from litestar import Response, get
from litestar.params import FromQuery

from tracker.config.service import ConfigService
from tracker.errors import TrackerError
from tracker.web.http import AppRequest
from tracker.web.services import Services, services_of

DEMO_DOMAIN = "localhost"
_HTML = "text/html; charset=utf-8"


@cache
def _template(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@get("/demo", media_type="text/html", include_in_schema=False)
async def demo(request: AppRequest, client: FromQuery[str | None] = None) -> Response[str]:
    """A form that is tracked for the client named by ``?client=`` (id or domain), else for the demo client."""
    services = services_of(request)
    try:
        client_id, domain = await _find(services, client or DEMO_DOMAIN)
    except TrackerError as error:
        page = _template("missing.html").replace("{{detail}}", escape(error.detail))
        return Response(page, status_code=error.status, media_type=_HTML)
    page = _template("demo.html").replace("{{clientId}}", escape(client_id)).replace("{{domain}}", escape(domain))
    return Response(page, media_type=_HTML, headers={"Cache-Control": "no-cache"})


async def _find(services: Services, ref: str) -> tuple[str, str]:
    service = ConfigService(services.engine, services.settings, actor="web", notify=lambda: None)
    found = await asyncio.to_thread(service.get_client, ref)
    return found.client_id, found.domain
