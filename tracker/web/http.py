"""What controllers share: who is calling, problem documents (RFC 9457), headers for other origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import Send

from tracker.errors import TrackerError
from tracker.ingest.admit import RateLimitError

AppRequest = Request[Any, Any, State]
PROBLEM_MEDIA_TYPE = "application/problem+json"
JSON_MEDIA_TYPE = "application/json"


class Problem(msgspec.Struct, omit_defaults=True):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, for a bare ASGI handler."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    media_type: str | None = None

    async def send(self, send: Send) -> None:
        """Put it on the wire."""
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers.append((b"content-length", b"%d" % len(self.body)))
        if self.media_type:
            headers.append((b"content-type", self.media_type.encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def problem(
    error: TrackerError, *, headers: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
) -> Answer:
    """Render a refusal, with ``Retry-After`` and ``RateLimit-*`` where they help."""
    body = {
        "type": f"urn:trackerctl:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **(extra or {}),
    }
    all_headers = dict(headers or {})
    if error.retry_after is not None:
        all_headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, RateLimitError):
        all_headers["RateLimit-Limit"] = str(error.refused.limit)
        all_headers["RateLimit-Remaining"] = str(error.refused.remaining)
        all_headers["RateLimit-Reset"] = str(error.refused.retry_after)
    return Answer(error.status, all_headers, msgspec.json.encode(body), PROBLEM_MEDIA_TYPE)


def problem_response(error: TrackerError, *, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """The same for a handler of the framework."""
    answer = problem(error, headers=headers)
    return Response(answer.body, status_code=answer.status, media_type=PROBLEM_MEDIA_TYPE, headers=dict(answer.headers))


def tracker_error_handler(_request: AppRequest, error: TrackerError) -> Response[bytes]:
    """For every route that does not answer its refusals itself."""
    return problem_response(error, headers={"Access-Control-Allow-Origin": "*"})


def http_error_handler(_request: AppRequest, error: HTTPException) -> Response[bytes]:
    """The framework's own refusals (no such path, wrong method) as problem documents too."""
    body = {"type": "about:blank", "title": HTTPStatus(error.status_code).phrase, "status": error.status_code}
    return Response(
        msgspec.json.encode(body), status_code=error.status_code, media_type=PROBLEM_MEDIA_TYPE, headers=error.headers
    )


def cors_headers(origin: str | None) -> dict[str, str]:
    """Headers that let a page of this origin read the answer."""
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
        "Vary": "Origin",
    }


def peer_address(peer: str | None, forwarded_for: str, trusted_proxies: str) -> str | None:
    """The visitor's address: the peer's, or behind trusted proxies the last address in ``X-Forwarded-For`` that is
    none of them. What anyone else writes into that header is ignored."""
    if not trusted_proxies or peer is None or not _is_trusted(peer, trusted_proxies):
        return peer
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    for hop in reversed(hops):
        if not _is_trusted(hop, trusted_proxies):
            return hop if _is_address(hop) else peer
    return hops[0] if hops and _is_address(hops[0]) else peer


@lru_cache(maxsize=4096)
def _is_trusted(address: str, trusted_proxies: str) -> bool:
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    networks = [ip_network(part.strip(), strict=False) for part in trusted_proxies.split(",") if part.strip()]
    return any(parsed.version == network.version and parsed in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
