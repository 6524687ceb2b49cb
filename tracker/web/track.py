"""``POST /v1/track/events``: read, admit, commit, answer (technical design §5, decisions §7).

A bare ASGI handler: on the path of every event the framework's request object, dependency injection and response
would cost as much as all that is done here (measured: 0.16 against 0.09 CPU seconds per 1,000 requests that do
nothing). ``tracker.web.schema`` describes it in the OpenAPI document.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any, cast

import msgspec
import structlog
from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send

from tracker.config.records import KeyRecord
from tracker.errors import (
    InvalidError,
    MethodNotAllowedError,
    SiteTokenError,
    TooLargeError,
    TooSlowError,
    TrackerError,
    UnreadableError,
)
from tracker.ingest.admit import Caller
from tracker.ingest.body import check_content_type, read_body
from tracker.ingest.geo import NOWHERE, Place, country_code
from tracker.ingest.site_token import TokenState
from tracker.ingest.wire import Refusal, WireBatch, read_batch, read_events
from tracker.names import INGEST_PATH
from tracker.privacy.anonymise import anonymise_ip
from tracker.queue import MAX_USER_AGENT_CHARS, QueuedBatch, QueuedEvent
from tracker.settings import Settings
from tracker.stores.redis import RedisError
from tracker.web.http import JSON_MEDIA_TYPE, Answer, cors_headers, header_lines, is_trusted, peer_address, problem
from tracker.web.services import Services

log = structlog.get_logger(__name__)

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, X-API-Key",
    "Access-Control-Max-Age": "86400",
    "Vary": "Origin",
}


class Accepted(msgspec.Struct, omit_defaults=True):
    """The answer once the events are in Redis."""

    success: bool
    queued: int
    rejected: list[Refusal] = []


def track_route(settings: Settings) -> ASGIRouteHandler:
    """The endpoint under its own path, and under the one that this installation's pages send to."""
    paths = sorted({f"/{INGEST_PATH}", f"/{settings.ingest_path}"})
    return asgi(paths, copy_scope=False)(_track_events)


async def _track_events(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 200 once the accepted events are in Redis, and not before."""
    http = cast(dict[str, Any], scope)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in http["headers"]}
    match http["method"]:
        case "POST":
            answer = await _guarded(http, headers, receive)
        case "OPTIONS":
            # Whether the page's origin may send is told by the answer to the request itself.
            answer = Answer(204, {"Access-Control-Allow-Origin": headers.get("origin", "*"), **_PREFLIGHT}, b"")
        case _:
            answer = problem(MethodNotAllowedError("send events with POST"), headers={"Allow": "POST, OPTIONS"})
    await answer.send(send)


async def _guarded(http: Mapping[str, Any], headers: Mapping[str, str], receive: Receive) -> Answer:
    services = cast(Services, http["litestar_app"].state.services)
    try:
        return await _track(services, http, headers, receive)
    except Exception as error:
        log.error("ingest_failed", error=type(error).__name__)
        any_origin = {"Access-Control-Allow-Origin": "*"}
        return problem(TrackerError("the events were not taken; send them again"), headers=any_origin)


async def _track(services: Services, http: Mapping[str, Any], headers: Mapping[str, str], receive: Receive) -> Answer:
    origin = headers.get("origin")
    # Until the key is known no client's list of origins is; these answers say nothing about anyone.
    cors = {"Access-Control-Allow-Origin": "*"} if origin else {}
    extra: dict[str, object] = {}
    try:
        batch = await _read(headers, receive, services.settings)
        key = await services.gate.identify(headers.get("x-api-key") or batch.apiKey)
        cors = {}
        services.gate.check_place(key, origin)
        cors = cors_headers(origin)
        peer = http["client"][0] if http.get("client") else None
        trusted = services.settings.trusted_proxies
        forwarded_for = header_lines(http["headers"], b"x-forwarded-for") if trusted else ""
        address = peer_address(peer, forwarded_for, trusted)
        _check_count(batch, services.settings.max_batch_events)
        no_token = _lacks_token(services, key, origin, batch)
        await services.gate.spend_events(key, Caller(origin, address), len(batch.events))
        accepted, refused = read_events(batch.events, services.settings)
        if refused:
            extra["rejected"] = refused
            await _sample(services, key, refused, batch)
        if not accepted:
            raise InvalidError("none of the events is valid; see rejected")
        place = _place(services, key, peer, address, headers)
        queued = _queued(batch, key, address, place, headers.get("user-agent"), accepted)
        queued.no_token = no_token
        await services.committer.commit(queued)
        services.usage.note(key.key_id)
    except TrackerError as error:
        return problem(error, headers=cors, extra=extra)
    return Answer(200, cors, msgspec.json.encode(Accepted(True, len(accepted), refused)), JSON_MEDIA_TYPE)


async def _read(headers: Mapping[str, str], receive: Receive, settings: Settings) -> WireBatch:
    check_content_type(headers.get("content-type", "application/json"))
    declared = headers.get("content-length", "")
    length = int(declared) if declared.isdigit() else None
    encoding = headers.get("content-encoding", "")
    try:
        # Who sends a byte a minute would otherwise hold a connection and its memory for as long as he likes.
        async with asyncio.timeout(settings.max_body_seconds):
            body = await read_body(_chunks(receive), length, encoding, settings.max_body_bytes)
    except TimeoutError:
        raise TooSlowError(f"the body did not arrive within {settings.max_body_seconds:g} s; send it again") from None
    return read_batch(body)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = cast(dict[str, Any], await receive())
        if message["type"] == "http.disconnect":
            raise UnreadableError("the request was cut off")
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _check_count(batch: WireBatch, limit: int) -> None:
    if not batch.events:
        raise InvalidError("the batch holds no event")
    if len(batch.events) > limit:
        raise TooLargeError(f"at most {limit} events in a batch")


def _lacks_token(services: Services, key: KeyRecord, origin: str | None, batch: WireBatch) -> bool:
    """Whether the client would rather have had a valid site token with the batch.

    :raises SiteTokenError: when it does not take it without one.
    """
    try:
        state = services.gate.check_token(key, origin, batch.siteToken)
    except SiteTokenError as error:
        services.tokens.note(TokenState(error.state), len(batch.events))
        raise
    if state is TokenState.VALID:
        return False
    services.tokens.note(state, len(batch.events))
    return True


def _place(
    services: Services, key: KeyRecord, peer: str | None, address: str | None, headers: Mapping[str, str]
) -> Place:
    """Where the visitor is. With a secret key the address is a server's, which is not looked up."""
    if key.kind == "secret":
        return NOWHERE
    place = services.geo.place(address)
    header = services.settings.geo_country_header
    if place.country is None and header and is_trusted(peer, services.settings.trusted_proxies):
        return Place(country_code(headers.get(header)))
    return place


def _queued(
    batch: WireBatch,
    key: KeyRecord,
    address: str | None,
    place: Place,
    user_agent: str | None,
    accepted: list[QueuedEvent],
) -> QueuedBatch:
    return QueuedBatch(
        client_id=key.client_id,
        test=key.mode == "test",
        received_at=time.time(),
        sent_at=_seconds(batch.sentAt),
        ip_address=anonymise_ip(address) if address else None,
        user_agent=user_agent[:MAX_USER_AGENT_CHARS] if user_agent else None,
        country=place.country,
        events=accepted,
        server=key.kind == "secret",
        region=place.region,
        city=place.city,
    )


def _seconds(milliseconds: float | None) -> float | None:
    try:
        return milliseconds / 1000 if milliseconds else None
    except OverflowError:
        # JSON's whole numbers have no end; a clock that says such a thing tells nothing.
        return None


async def _sample(services: Services, key: KeyRecord, refused: list[Refusal], batch: WireBatch) -> None:
    # Samples are a help for operators; that Redis is away will be told by the commit.
    with suppress(RedisError, OSError):
        await services.sampler.keep(key.client_id, refused, batch.events)
