"""``GET /v1/config/{apiKey}``: what the browser script must know of a client (decisions §10)."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from tracker.config.records import Batching, ClientRecord, Consent, Features
from tracker.errors import NotFoundError, TrackerError
from tracker.memo import by_identity
from tracker.web.http import JSON_MEDIA_TYPE, AppRequest, cors_headers, problem_response
from tracker.web.services import caller_address, services_of

CACHE_CONTROL = "public, max-age=300"


class PublicField(msgspec.Struct, rename="camel"):
    """A configured input, without its CRM mapping."""

    field_id: str
    field_selector: str
    field_name: str
    field_type: str
    label: str | None
    is_required: bool


class PublicForm(msgspec.Struct, rename="camel"):
    """A configured form; a ``partial_capture`` of ``None`` leaves it to ``features``."""

    form_id: str
    form_name: str
    page_url: str
    form_selector: str
    alternative_selectors: tuple[str, ...]
    partial_capture: bool | None
    fields: list[PublicField]


class PublicConfig(msgspec.Struct, rename="camel", omit_defaults=True):
    """All that browsers may know of a client; ``site_token`` where the client uses them, for the page that asks."""

    client_id: str
    domain: str
    forms: list[PublicForm]
    features: Features
    theme: dict[str, str]
    consent: Consent
    batching: Batching
    capture_unrecognised: bool
    debug: bool
    site_token: str | None = None


def public_config(client: ClientRecord) -> PublicConfig:
    """Leave out what stays on the server."""
    widget = client.config
    forms = [
        PublicForm(
            form.form_id,
            form.form_name,
            form.page_url,
            form.form_selector,
            form.alternative_selectors,
            form.partial_capture,
            [
                PublicField(
                    field.field_id,
                    field.field_selector,
                    field.field_name,
                    field.field_type,
                    field.label,
                    field.is_required,
                )
                for field in form.fields
            ],
        )
        for form in client.forms
    ]
    return PublicConfig(
        client.client_id,
        client.domain,
        forms,
        widget.features,
        widget.theme,
        widget.consent,
        widget.batching,
        widget.capture_unrecognised,
        widget.debug,
    )


@by_identity(1024)
def _render(client: ClientRecord) -> tuple[bytes, str]:
    body = msgspec.json.encode(public_config(client))
    return body, f'"{sha256(body).hexdigest()[:32]}"'


def _with_token(body: bytes, token: str) -> tuple[bytes, str]:
    whole = b'%s,"siteToken":"%s"}' % (body[:-1], token.encode())
    return whole, f'"{sha256(whole).hexdigest()[:32]}"'


@get(
    "/v1/config/{api_key:str}",
    summary="Configuration of a client for the browser script",
    responses={200: ResponseSpec(PublicConfig, description="The configuration")},
    tags=["ingest"],
)
async def get_config(request: AppRequest, api_key: FromPath[str]) -> Response[bytes]:
    """Answers with a strong ETag, 304 when it is current. Publishable and secret keys both may read."""
    origin = request.headers.get("origin")
    headers = {"Access-Control-Allow-Origin": "*"} if origin else {}
    services = services_of(request)
    try:
        key = await services.gate.identify(api_key)
        headers = {}
        services.gate.check_place(key, origin)
        headers = cors_headers(origin)
        await services.gate.spend_config_read(key, caller_address(request))
        client = await services.cache.client(key.client_id)
        if client is None:
            raise NotFoundError("the client is gone")
    except TrackerError as error:
        return problem_response(error, headers=headers)
    body, etag = _render(client)
    headers |= {"Cache-Control": CACHE_CONTROL, "Vary": "Origin"}
    referer = request.headers.get("referer")
    if token := services.gate.mint_token(key, origin, referer):
        body, etag = _with_token(body, token)
    if key.settings.site_tokens != "off" and not origin:
        # A page on the service's own origin sends none; what it reads is for pages of that origin alone.
        headers["Vary"] = "Origin, Referer"
    headers["ETag"] = etag
    if etag_matches(request.headers.get("if-none-match"), etag):
        return Response(b"", status_code=304, headers=headers, media_type=JSON_MEDIA_TYPE)
    return Response(body, status_code=200, headers=headers, media_type=JSON_MEDIA_TYPE)


def etag_matches(header: str | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names this tag (RFC 9110 §13.1.2: weak comparison)."""
    if not header:
        return False
    return header.strip() == "*" or any(part.strip().removeprefix("W/") == etag for part in header.split(","))
