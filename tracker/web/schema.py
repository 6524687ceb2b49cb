"""What the framework cannot describe in the OpenAPI document: the ingest endpoint, which is a bare ASGI handler, and
bodies of the management API, which it does not read.

All of the document is made when it is first asked for: that takes longer than the rest of a start."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, post
from litestar.openapi import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.params import JSONBody

from tracker.web.http import Problem
from tracker.web.manage.describe import body_schemas
from tracker.web.track import Accepted


class EventIn(msgspec.Struct, omit_defaults=True):
    """One event. ``timestamp`` is epoch milliseconds or ISO 8601; ``payload`` may hold ``form``, ``page`` and more."""

    type: str
    id: str | None = None
    timestamp: int | float | str | None = None
    sessionId: str | None = None  # noqa: N815 - the wire's name
    visitorId: str | None = None  # noqa: N815
    payload: dict[str, Any] = {}
    metadata: dict[str, Any] = {}


class BatchIn(msgspec.Struct, omit_defaults=True):
    """1 to 50 events; the key goes here or into the header ``X-API-Key``."""

    events: list[EventIn]
    apiKey: str | None = None  # noqa: N815
    sentAt: int | None = None  # noqa: N815


_PROBLEMS = {
    400: "Unreadable body",
    401: "Key missing, unknown, expired or revoked",
    403: "Origin not allowed, or client switched off",
    413: "Body or batch too large",
    415: "Content type or encoding not supported",
    422: "No valid event in the batch",
    429: "Rate limit reached; see Retry-After",
    503: "The queue is away; send again after Retry-After",
}


@post(
    "/v1/track/events",
    status_code=200,
    operation_id="trackEvents",
    summary="Send a batch of 1 to 50 events",
    description="Answered once the events are in Redis. `application/json` or `text/plain`; gzip is read.",
    tags=["ingest"],
    responses={
        200: ResponseSpec(Accepted, description="The events are safe; refused ones are listed"),
        **{
            status: ResponseSpec(Problem, description=text, media_type="application/problem+json")
            for status, text in _PROBLEMS.items()
        },
    },
)
async def _track_events(data: JSONBody[BatchIn]) -> Accepted:
    """Stands in the description only."""
    return Accepted(True, len(data.events))


@cache
def _ingest() -> Mapping[str, Any]:
    return Litestar([_track_events], openapi_config=OpenAPIConfig(title="", version="")).openapi_schema.to_schema()


def _completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """The framework's document with the rest."""
    ingest, own = _ingest(), document.get("components", {})
    schemas = {**ingest["components"]["schemas"], **own.get("schemas", {}), **body_schemas()}
    return {
        **document,
        "paths": {**ingest["paths"], **document["paths"]},
        "components": {**own, "schemas": schemas},
    }


class WholeJson(JsonRenderPlugin):
    """The document as JSON."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The bytes to send."""
        return super().render(request, _completed(openapi_schema))


class WholeYaml(YamlRenderPlugin):
    """The document as YAML."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The bytes to send."""
        return super().render(request, _completed(openapi_schema))
