"""What pages load: the per-client loader, the snippet, the browser script (technical design §3.2)."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from tracker.assets import Asset, browser_script, debug_overlay
from tracker.config.keys import hash_key
from tracker.config.records import ClientRecord
from tracker.config.service import ConfigService
from tracker.embed import RECORD_QUERY, VERSION, embed_html, loader_script, records_consent, snippet_of
from tracker.errors import NotFoundError
from tracker.names import OVERLAY_NAME, SCRIPT_NAME
from tracker.settings import Settings
from tracker.web.config import CACHE_CONTROL, etag_matches
from tracker.web.http import AppRequest
from tracker.web.services import Services, caller_address, services_of

_JS = "application/javascript; charset=utf-8"
_IMMUTABLE = "public, max-age=31536000, immutable"
# Not part of any contract, so it may change with any version.
_OVERLAY_CACHE = "public, max-age=300"


@get("/script/{name:str}", media_type=_JS, summary="Loader script of a client, `{clientId}.js`", tags=["embedding"])
async def get_loader(request: AppRequest, name: FromPath[str]) -> Response[bytes]:
    """A small script that sets the key and loads the browser script."""
    client_id, dot, suffix = name.rpartition(".")
    if not dot or suffix != "js":
        raise NotFoundError("ask for /script/{clientId}.js")
    services = services_of(request)
    await services.gate.spend_read(caller_address(request))
    client, key = await _embedded(services, client_id)
    token = await _token(services, client, key, request) if client.settings.site_tokens != "off" else None
    body = loader_script(snippet_of(services.settings, key, client.config.consent, site_token=token)).encode()
    headers = {"Cache-Control": CACHE_CONTROL, "ETag": f'"{sha256(body).hexdigest()[:32]}"', **_SCRIPT_HEADERS}
    if client.settings.site_tokens != "off":
        headers["Vary"] = "Origin, Referer"
    if etag_matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(b"", status_code=304, headers=headers, media_type=_JS)
    return Response(body, headers=headers, media_type=_JS)


@get("/script/{client_id:str}/embed", media_type="text/html", summary="Embed snippet of a client", tags=["embedding"])
async def get_embed(request: AppRequest, client_id: FromPath[str], integrity: FromQuery[bool] = False) -> Response[str]:
    """The snippet to paste into a page; with ``?integrity=true`` the script is pinned to its present bytes."""
    services = services_of(request)
    await services.gate.spend_read(caller_address(request))
    client, key = await _embedded(services, client_id)
    consent = client.config.consent
    pin = browser_script(VERSION, record=records_consent(consent)).integrity if integrity else None
    html = embed_html(snippet_of(services.settings, key, consent, pin))
    return Response(html, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})


def script_route(settings: Settings) -> HTTPRouteHandler:
    """The browser script under its own name, and under the one that this installation gives it."""
    paths = sorted({f"/{SCRIPT_NAME}", f"/{settings.script_name}"})
    return get(paths, media_type=_JS, summary="The browser script", tags=["embedding"])(_get_script)


async def _get_script(request: AppRequest) -> Response[bytes]:
    """Immutable: a change of the script's contract is a new version under a new name."""
    record = request.scope["query_string"] == RECORD_QUERY.encode()
    return asset_response(request, browser_script(VERSION, record=record), _IMMUTABLE)


@get(f"/{OVERLAY_NAME}", media_type=_JS, summary="What `?tracker_debug=1` shows", tags=["embedding"])
async def get_overlay(request: AppRequest) -> Response[bytes]:
    """A panel for the page's author, loaded by the browser script."""
    return asset_response(request, debug_overlay(), _OVERLAY_CACHE)


def asset_response(request: AppRequest, asset: Asset, cache_control: str, media_type: str = _JS) -> Response[bytes]:
    """A file as this browser can read it, for every site; 304 where it has it already."""
    headers = {"Cache-Control": cache_control, "ETag": asset.etag, **_SCRIPT_HEADERS, "Vary": "Accept-Encoding"}
    if etag_matches(request.headers.get("if-none-match"), asset.etag):
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    body, encoding = _encoded(asset, request.headers.get("accept-encoding", ""))
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(body, headers=headers, media_type=media_type)


# Scripts are fetched by other sites: with `integrity` they need CORS, under COEP they need CORP.
_SCRIPT_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def _encoded(asset: Asset, accepted: str) -> tuple[bytes, str | None]:
    offered = {
        part.split(";")[0].strip().lower()
        for part in accepted.split(",")
        if part.replace(" ", "").lower().partition(";q=")[2] not in ("0", "0.0")
    }
    if "br" in offered:
        return asset.brotli, "br"
    if "gzip" in offered:
        return asset.gzip, "gzip"
    return asset.body, None


async def _token(services: Services, client: ClientRecord, api_key: str, request: AppRequest) -> str | None:
    """A site token for the page that loads the script. Where it does not say which page it is (``Referrer-Policy:
    no-referrer``) the configuration brings one."""
    key = await services.cache.key(hash_key(api_key))
    if key is None:
        return None
    return services.gate.mint_token(key, request.headers.get("origin"), request.headers.get("referer"))


async def _embedded(services: Services, client_id: str) -> tuple[ClientRecord, str]:
    """A client and its current publishable key, derived anew.

    :raises NotFoundError: for an unknown or inactive client, alike: who asks here is a stranger.
    """
    client = await services.cache.client(client_id)
    if client is None or not client.is_active:
        raise NotFoundError("no such client")
    service = ConfigService(services.engine, services.settings, actor="web", notify=lambda: None)
    return client, await asyncio.to_thread(service.publishable_key, client.client_id)
