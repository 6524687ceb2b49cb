"""Declares endpoints of the management API: the route, and every answer of it in the OpenAPI document.

Bodies are read by `tracker.web.manage.bodies`, strictly, and not by the framework; so their shapes are put into the
document here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from litestar import delete, get, post, put
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    Reference,
    RequestBody,
    Schema,
)
from litestar.openapi.spec.enums import OpenAPIType

from tracker.web.http import JSON_MEDIA_TYPE, PROBLEM_MEDIA_TYPE, Problem
from tracker.web.manage.bodies import Body
from tracker.web.manage.guard import FOR_ALL_CLIENTS

Decorator = Callable[[Callable[..., Any]], HTTPRouteHandler]

SECURITY = [{"token": list[str]()}]
_COMPONENT = "#/components/schemas/{name}"

PROBLEMS = {
    400: "The body is no JSON object",
    401: "No valid token",
    403: "The token's scope does not allow it",
    404: "There is none, or it belongs to another client",
    409: "In conflict with what exists, or the first request with this Idempotency-Key is still running",
    412: "Changed since it was read (If-Match)",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "A parameter or member is wrong or unknown; the detail names it",
    429: "The token's calls of this minute are spent; see Retry-After",
    500: "A defect; nothing was changed that is not shown",
    503: "A store does not answer; try again",
}
_READ = (401, 404, 422, 429, 500, 503)
_WRITE = (*_READ, 403)
_BODY = (400, 413, 415)

_bodies: dict[str, type[Body]] = {}


def _header(name: str, text: str) -> Parameter:
    return Parameter(name, param_in="header", description=text, schema=Schema(type=OpenAPIType.STRING))


_IF_MATCH = _header("If-Match", "The ETag that the change is a change of; another state is refused with 412.")
_IF_NONE_MATCH = _header("If-None-Match", "An ETag that is known already; answered with 304 while it is current.")
_IDEMPOTENCY_KEY = _header(
    "Idempotency-Key", "Up to 255 printable characters, such as a UUID: a repetition within 24 hours is done once."
)


@dataclass
class _Described(Operation):
    """An operation with what the framework does not see: headers and the body."""

    headers: ClassVar[tuple[Parameter, ...]] = ()
    tagged: ClassVar[bool] = False
    body: ClassVar[type[Body] | None] = None
    example: ClassVar[Mapping[str, Any] | None] = None
    required: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.parameters = [*(self.parameters or []), *self.headers] or None
        for status, response in (self.responses or {}).items():
            if isinstance(response, OpenAPIResponse):
                self._add_headers(status, response)
        if self.body is not None:
            media = OpenAPIMediaType(schema=Reference(_COMPONENT.format(name=self.body.__name__)))
            if self.example is not None:
                # As a Mapping it would be taken for Example objects by name.
                media.example = dict(self.example)
            self.request_body = RequestBody(content={JSON_MEDIA_TYPE: media}, required=self.required)

    def _add_headers(self, status: str, response: OpenAPIResponse) -> None:
        text = Schema(type=OpenAPIType.STRING)
        if self.tagged and status in ("200", "201"):
            response.headers = {"ETag": OpenAPIHeader(schema=text, description="Of the object as it is now")}
        if status == "201":
            response.headers = {
                **(response.headers or {}),
                "Location": OpenAPIHeader(schema=text, description="The path of what was made"),
            }
        if status == "401":
            response.headers = {"WWW-Authenticate": OpenAPIHeader(schema=text)}
        if status in ("429", "503"):
            response.headers = {"Retry-After": OpenAPIHeader(schema=text, description="Seconds")}


def shows(path: str, shape: type[Any], summary: str, tag: str) -> Decorator:
    """A GET of one object, with its ETag."""
    responses = {200: _answer(shape, "The object"), 304: ResponseSpec(None, description="As the ETag says")}
    return get(
        path,
        responses={**responses, **_problems(_READ)},
        operation_class=_operation(headers=(_IF_NONE_MATCH,), tagged=True),
        **_common(summary, tag),
    )


def lists(path: str, shape: type[Any], summary: str, tag: str) -> Decorator:
    """A GET of a list or of figures."""
    return get(
        path,
        responses={200: _answer(shape, "What was found"), **_problems(_READ)},
        operation_class=_operation(),
        **_common(summary, tag),
    )


def creates(
    path: str,
    shape: type[Any],
    summary: str,
    tag: str,
    *,
    body: type[Body],
    example: Mapping[str, Any] | None = None,
    for_all_clients: bool = False,
) -> Decorator:
    """A POST that makes an object: 201 with its place and ETag."""
    required = any(entry.required for entry in msgspec.structs.fields(body))
    return post(
        path,
        status_code=201,
        responses={201: _answer(shape, "The new object"), **_problems((*_WRITE, *_BODY, 409))},
        operation_class=_operation(
            headers=(_IDEMPOTENCY_KEY,), tagged=True, body=body, example=example, required=required
        ),
        opt={FOR_ALL_CLIENTS: for_all_clients},
        **_common(summary, tag),
    )


def acts(
    path: str,
    shape: type[Any],
    summary: str,
    tag: str,
    *,
    status: int = 200,
    body: type[Body] | None = None,
    example: Mapping[str, Any] | None = None,
) -> Decorator:
    """A POST that does something to what there is."""
    statuses = (*_WRITE, 409, *(_BODY if body else (413,)))
    return post(
        path,
        status_code=status,
        responses={status: _answer(shape, "Done"), **_problems(statuses)},
        operation_class=_operation(headers=(_IDEMPOTENCY_KEY,), body=body, example=example),
        **_common(summary, tag),
    )


def updates(
    path: str, shape: type[Any], summary: str, tag: str, *, body: type[Body], example: Mapping[str, Any] | None = None
) -> Decorator:
    """A PUT of the whole object or a part of it."""
    return put(
        path,
        responses={200: _answer(shape, "The object as it is now"), **_problems((*_WRITE, *_BODY, 409, 412))},
        operation_class=_operation(headers=(_IF_MATCH,), tagged=True, body=body, example=example),
        **_common(summary, tag),
    )


def deletes(path: str, summary: str, tag: str) -> Decorator:
    """A DELETE: 204 without a body."""
    return delete(
        path,
        status_code=204,
        responses={204: ResponseSpec(None, description="Done"), **_problems((*_WRITE, 409, 412))},
        operation_class=_operation(headers=(_IF_MATCH,)),
        **_common(summary, tag),
    )


def starts_deleting(path: str, shape: type[Any], summary: str, tag: str) -> Decorator:
    """A DELETE that takes its time: 202 with the place where to look how far it is."""
    return delete(
        path,
        status_code=202,
        responses={202: _answer(shape, "Begun; Location says where to look"), **_problems(_WRITE)},
        operation_class=_operation(),
        **_common(summary, tag),
    )


def body_schemas() -> dict[str, Any]:
    """The JSON Schemas of all bodies, by name, for the components of an OpenAPI document."""
    return msgspec.json.schema_components(_bodies.values(), ref_template=_COMPONENT)[1]


def page_of(shape: type[Any], name: str) -> type[msgspec.Struct]:
    """The shape of a page of a list."""
    return msgspec.defstruct(name, [("items", list[shape]), ("nextCursor", str | None)])  # type: ignore[valid-type]


def _operation(body: type[Body] | None = None, **parts: Any) -> type[_Described]:
    if body is not None:
        _bodies[body.__name__] = body
    return type("Described", (_Described,), {"body": body, **parts})


def _common(summary: str, tag: str) -> dict[str, Any]:
    return {"summary": summary, "tags": [tag], "operation_id": _operation_id, "security": SECURITY}


def camel(name: str) -> str:
    """``client_id`` as JSON and addresses have it: ``clientId``."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _operation_id(handler: HTTPRouteHandler, _method: HttpMethod, _path: Any) -> str:
    return camel(handler.handler_name)


def _answer(shape: type[Any], description: str) -> ResponseSpec:
    return ResponseSpec(shape, description=description, generate_examples=False)


def _problems(statuses: tuple[int, ...]) -> dict[int, ResponseSpec]:
    return {
        status: ResponseSpec(
            Problem, description=PROBLEMS[status], media_type=PROBLEM_MEDIA_TYPE, generate_examples=False
        )
        for status in sorted(set(statuses))
    }
