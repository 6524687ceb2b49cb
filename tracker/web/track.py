"""``POST /v1/track/events``: read, admit, commit, answer (technical design §5, decisions §7)."""

from __future__ import annotations

import time
from contextlib import suppress

import msgspec
from litestar import Controller, HttpMethod, Response, post, route
from litestar.openapi.datastructures import ResponseSpec

from tracker.config.records import KeyRecord
from tracker.errors import InvalidError, TooLargeError, TrackerError
from tracker.ingest.admit import Caller
from tracker.ingest.body import check_content_type, read_body
from tracker.ingest.rejected import keep_samples
from tracker.ingest.wire import Refusal, WireBatch, read_batch, read_events
from tracker.privacy.anonymise import anonymise_ip
from tracker.queue import QueuedBatch, QueuedEvent
from tracker.stores.redis import RedisError
from tracker.web.http import (
    JSON_MEDIA_TYPE,
    AppRequest,
    Problem,
    client_address,
    cors_headers,
    problem_response,
)
from tracker.web.services import Services, services_of

_PREFLIGHT_SECONDS = 86_400
_MAX_USER_AGENT_CHARS = 512


class Accepted(msgspec.Struct, omit_defaults=True):
    """The answer once the events are in Redis."""

    success: bool
    queued: int
    rejected: list[Refusal] = []


_DOCUMENTED = {
    200: ResponseSpec(Accepted, description="The events are safe; refused ones are listed"),
    **{
        status: ResponseSpec(Problem, description=text, media_type="application/problem+json")
        for status, text in {
            400: "Unreadable body",
            401: "Key missing, unknown, expired or revoked",
            403: "Origin not allowed, or client switched off",
            413: "Body or batch too large",
            415: "Content type or encoding not supported",
            422: "No valid event in the batch",
            429: "Rate limit reached; see Retry-After",
            503: "The queue is away; send again after Retry-After",
        }.items()
    },
}


class TrackController(Controller):
    """One path, so that a preflight and the request it asks for stand together."""

    path = "/v1/track/events"
    tags = ["ingest"]  # noqa: RUF012 - Litestar's way

    @post(
        status_code=200,
        summary="Send a batch of 1 to 50 events",
        description="The key goes into `apiKey` or the header `X-API-Key`. Gzip is read.",
        responses=_DOCUMENTED,
    )
    async def track_events(self, request: AppRequest) -> Response[bytes]:
        """Answers 200 once the accepted events are in Redis, and not before."""
        return await _track(request)

    @route(http_method=[HttpMethod.OPTIONS], include_in_schema=False, status_code=204)
    async def preflight(self, request: AppRequest) -> Response[None]:
        """Lets a page ask; whether its origin may send is told by the answer to the request itself."""
        return Response(
            None,
            status_code=204,
            headers={
                "Access-Control-Allow-Origin": request.headers.get("origin", "*"),
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, X-API-Key",
                "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
                "Vary": "Origin",
            },
        )


async def _track(request: AppRequest) -> Response[bytes]:
    origin = request.headers.get("origin")
    # Until the key is known no client's list of origins is; these answers say nothing about anyone.
    headers = {"Access-Control-Allow-Origin": "*"} if origin else {}
    extra: dict[str, object] = {}
    services = services_of(request)
    try:
        batch = await _read(request, services)
        key = await services.gate.identify(request.headers.get("x-api-key") or batch.apiKey)
        headers = {}
        services.gate.check_place(key, origin)
        headers = cors_headers(origin)
        caller = Caller(origin, client_address(request, services.settings.trusted_proxies))
        _check_count(batch, services)
        await services.gate.spend_events(key, caller, len(batch.events))
        accepted, refused = read_events(batch.events, services.settings)
        if refused:
            extra["rejected"] = refused
            await _sample(services, key, refused, batch)
        if not accepted:
            raise InvalidError("none of the events is valid; see rejected")
        await services.committer.commit(_queued(request, batch, key, caller, accepted))
    except TrackerError as error:
        return problem_response(error, headers=headers, extra=extra)
    answer = msgspec.json.encode(Accepted(True, len(accepted), refused))
    return Response(answer, status_code=200, media_type=JSON_MEDIA_TYPE, headers=headers)


async def _read(request: AppRequest, services: Services) -> WireBatch:
    headers = request.headers
    check_content_type(headers.get("content-type", "application/json"))
    declared = headers.get("content-length", "")
    body = await read_body(
        request.stream(),
        int(declared) if declared.isdigit() else None,
        headers.get("content-encoding", ""),
        services.settings.max_body_bytes,
    )
    return read_batch(body)


def _check_count(batch: WireBatch, services: Services) -> None:
    limit = services.settings.max_batch_events
    if not batch.events:
        raise InvalidError("the batch holds no event")
    if len(batch.events) > limit:
        raise TooLargeError(f"at most {limit} events in a batch")


def _queued(
    request: AppRequest, batch: WireBatch, key: KeyRecord, caller: Caller, accepted: list[QueuedEvent]
) -> QueuedBatch:
    user_agent = request.headers.get("user-agent")
    return QueuedBatch(
        client_id=key.client_id,
        test=key.mode == "test",
        received_at=time.time(),
        sent_at=_seconds(batch.sentAt),
        ip_address=anonymise_ip(caller.ip_address) if caller.ip_address else None,
        user_agent=user_agent[:_MAX_USER_AGENT_CHARS] if user_agent else None,
        country=None,
        events=accepted,
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
        await keep_samples(services.redis, key.client_id, refused, batch.events, services.settings.rejected_sample)
