"""What controllers share: who is calling, problem documents (RFC 9457), headers for other origins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
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

Address = IPv4Address | IPv6Address
_MAPPED = "::ffff:"
_WITH_PORT = re.compile(r"\[([^\[\]]*:[^\[\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5}")


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
    # A refusal may repeat a name that the caller sent; no browser takes it for a page.
    all_headers = {"X-Content-Type-Options": "nosniff", **(headers or {})}
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
        msgspec.json.encode(body),
        status_code=error.status_code,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={"X-Content-Type-Options": "nosniff", **(error.headers or {})},
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


def header_lines(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """A list-valued header as one line: several lines of it are one list in their order (RFC 9110 §5.3)."""
    return ",".join(value.decode("latin-1") for key, value in headers if key == name)


def peer_address(peer: str | None, forwarded_for: str, trusted_proxies: str) -> str | None:
    """The visitor's address: the peer's, or behind trusted proxies the last address in ``X-Forwarded-For`` that is
    none of them. What anyone else writes into that header is ignored, and what stands before that address too: a
    visitor may have written it. A hop that is no address hides the visitor, and the peer's address stands.

    :param peer: who is connected; ``None`` for a socket in the file system, whose visitors have no address then.
    :param forwarded_for: all lines of the header. ``Forwarded`` (RFC 7239) is never read.
    """
    if peer is None:
        return None
    own = str(_parsed(peer) or peer) if peer.startswith(_MAPPED) else peer
    if not (forwarded_for and is_trusted(peer, trusted_proxies)):
        return own
    visitor = None
    for hop in reversed(forwarded_for.split(",")):
        if not hop.strip():
            continue
        visitor = _parsed(hop)
        if visitor is None or not _among(visitor, trusted_proxies):
            break
    return str(visitor) if visitor else own


# Small: behind a proxy a few peers come again and again, without one they are visitors, whose addresses are not kept.
@lru_cache(maxsize=64)
def is_trusted(peer: str | None, trusted_proxies: str) -> bool:
    """Whether the peer is one of the proxies whose headers are believed."""
    own = _parsed(peer) if peer and trusted_proxies else None
    return own is not None and _among(own, trusted_proxies)


def _among(address: Address, trusted_proxies: str) -> bool:
    return any(address in network for network in _networks(trusted_proxies) if network.version == address.version)


@lru_cache(maxsize=16)
def _networks(trusted_proxies: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in trusted_proxies.split(",") if part.strip())


def _parsed(hop: str) -> Address | None:
    """Read an address as proxies write it: bare, ``192.0.2.7:4711``, ``[2001:db8::7]``, ``[2001:db8::7]:4711``. An
    IPv4 address inside an IPv6 one, as a socket for both shows it, is the IPv4 address; a zone is left out."""
    text = hop.strip()
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or (IPv6Address(int(address)) if address.scope_id else address)
    return address
