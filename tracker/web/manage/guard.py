"""Who may call the management API: a bearer token, its scope, and its calls a minute (decisions §11, RFC 6750).

The order is: token, limit, scope. What belongs to another client is not refused here but not found by `calls`.
"""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from tracker.access.tokens import Access, read_token
from tracker.errors import ForbiddenError, UnauthenticatedError
from tracker.ingest.admit import RateLimitError
from tracker.ingest.limits import Spend
from tracker.stores.redis import RedisError
from tracker.web.services import Services

FOR_ALL_CLIENTS = "for_all_clients"
"""Option of a handler that tokens of one client may not call."""

_READING = ("GET", "HEAD")
# Longer ones are no tokens; they are not parsed.
_SCHEME = "bearer"


async def check_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let a request through and leave its `Access` as ``request.auth``.

    Redis away means no limit: an operator who looks for the fault must not be locked out by it.

    :raises UnauthenticatedError: without a valid token.
    :raises RateLimitError: when the token's calls of this minute are spent.
    :raises ForbiddenError: when its scope allows no such call.
    """
    services: Services = connection.app.state.services
    access = read_token(services.settings, _token(connection.headers.get("authorization", "")))
    await _spend(services, access)
    scope = access.scope
    if not scope.may_write and connection.scope.get("method") not in _READING:
        raise ForbiddenError("the token may only read; `trackerctl token issue --scope admin` makes one that may write")
    if scope.kind == "client" and handler.opt.get(FOR_ALL_CLIENTS):
        raise ForbiddenError("the token is for one client; this needs one with the scope admin")
    connection.scope["auth"] = access


def _token(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != _SCHEME or not token:
        raise UnauthenticatedError("send `Authorization: Bearer <token>`; `trackerctl token issue` makes one")
    return token.strip()


async def _spend(services: Services, access: Access) -> None:
    limit = services.settings.limit_management_per_minute
    try:
        refused = await services.limiter.spend(Spend(1, (f"m:{access.token_id}", limit)))
    except (RedisError, OSError):
        return
    if refused:
        raise RateLimitError(refused)
