"""The management API (technical design §5, decisions §11): the operations of ``trackerctl`` over HTTP, with tokens."""

from __future__ import annotations

import structlog
from litestar import Response, Router
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from pymongo.errors import PyMongoError

from tracker.errors import InvalidError, TrackerError, UnauthenticatedError, UnavailableError
from tracker.settings import Settings
from tracker.stores.documents import is_outage
from tracker.web.http import AppRequest, http_error_handler, problem_response
from tracker.web.manage import (
    analytics,
    audit,
    client_mappings,
    clients,
    crm,
    deadletters,
    deliveries,
    events,
    fields,
    forms,
    gdpr,
    keys,
    leads,
    mappings,
    retention,
    webhooks,
)
from tracker.web.manage.describe import camel
from tracker.web.manage.guard import check_access

__all__ = ["manage_router"]

log = structlog.get_logger(__name__)

_NOUNS = (
    *(clients, retention, keys, forms, fields, mappings, client_mappings, webhooks, deliveries, crm),
    *(leads, gdpr, events, analytics, deadletters, audit),
)
# Pages of other sites have no business here: no answer has a CORS header, unlike those of the ingest endpoints.
_NO_STORE = {"Cache-Control": "no-store"}


def manage_router(settings: Settings) -> Router:
    """All routes of the management API."""
    handlers: list[HTTPRouteHandler] = [handler for noun in _NOUNS for handler in noun.HANDLERS]
    return Router(
        "/",
        route_handlers=handlers,
        guards=[check_access],
        exception_handlers={
            TrackerError: _refused,
            ValidationException: _wrong_parameter,
            HTTPException: http_error_handler,
            PyMongoError: _document_store,
            Exception: _defect,
        },
        request_max_body_size=settings.max_body_bytes,
    )


def _refused(_request: AppRequest, error: TrackerError) -> Response[bytes]:
    headers = dict(_NO_STORE)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = 'Bearer realm="trackerctl"'
    return problem_response(error, headers=headers)


def _wrong_parameter(request: AppRequest, error: ValidationException) -> Response[bytes]:
    """The parameters that are wrong by name; what stood there is not repeated."""
    found = error.extra if isinstance(error.extra, list) else []
    names = sorted({camel(str(one["key"])) for one in found if isinstance(one, dict) and "key" in one})
    if not names:
        return _refused(request, InvalidError("a parameter of the address is wrong"))
    text = f"{', '.join(names)}: not a value that is taken; /schema says which"
    return _refused(request, InvalidError(text))


def _document_store(request: AppRequest, error: PyMongoError) -> Response[bytes]:
    if is_outage(error):
        away = UnavailableError("MongoDB does not answer in time; try again, or ask for less", retry_after=5)
        return _refused(request, away)
    return _defect(request, error)


def _defect(request: AppRequest, error: Exception) -> Response[bytes]:
    # A message could hold what somebody typed.
    log.error("management_failed", error=type(error).__name__, method=request.method)
    return _refused(request, TrackerError("that failed because of a defect; look whether it was done, and report it"))
