"""What controllers share: who is calling, problem documents (RFC 9457), headers for other origins."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.datastructures import State

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


def problem_response(
    error: TrackerError, *, headers: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
) -> Response[bytes]:
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
    return Response(
        msgspec.json.encode(body), status_code=error.status, media_type=PROBLEM_MEDIA_TYPE, headers=all_headers
    )


def tracker_error_handler(_request: AppRequest, error: TrackerError) -> Response[bytes]:
    """For every route that does not answer its refusals itself."""
    return problem_response(error, headers={"Access-Control-Allow-Origin": "*"})


def cors_headers(origin: str | None) -> dict[str, str]:
    """Headers that let a page of this origin read the answer."""
    if origin is None:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset",
        "Vary": "Origin",
    }


def client_address(request: AppRequest, trusted_proxies: str) -> str | None:
    """The visitor's address: the peer's, or behind trusted proxies the last address in ``X-Forwarded-For`` that is
    none of them. What anyone else writes into that header is ignored."""
    peer = request.client.host if request.client else None
    if not trusted_proxies or peer is None or not _is_trusted(peer, trusted_proxies):
        return peer
    hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
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
