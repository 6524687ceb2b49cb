"""Answers of the management API: JSON of one object or one page, never stored by anyone in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from tracker.paging import Page
from tracker.web.config import etag_matches
from tracker.web.http import JSON_MEDIA_TYPE
from tracker.web.manage.calls import ManageRequest
from tracker.web.manage.etag import etag_of

# They hold personal data, and secrets that are shown once.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def shown(request: ManageRequest, view: Mapping[str, Any]) -> Response[bytes]:
    """An object with its tag; 304 without a body when the request's ``If-None-Match`` names it."""
    tag = etag_of(view)
    if etag_matches(request.headers.get("if-none-match"), tag):
        return Response(b"", status_code=304, headers={**_HEADERS, "ETag": tag}, media_type=JSON_MEDIA_TYPE)
    return changed(view)


def changed(view: Mapping[str, Any], status: int = 200) -> Response[bytes]:
    """An object after a write, with its new tag."""
    return plain(view, status, {"ETag": etag_of(view)})


def created(view: Mapping[str, Any], location: str, secret: Mapping[str, Any] | None = None) -> Response[bytes]:
    """A new object and where it is.

    :param secret: members that are shown this once; the tag is of the object without them.
    """
    return plain({**view, **(secret or {})}, 201, {"Location": location, "ETag": etag_of(view)})


def listed(page: Page) -> Response[bytes]:
    """A page of a list."""
    return plain(page.view())


def plain(view: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response[bytes]:
    """Any JSON."""
    return Response(
        msgspec.json.encode(view),
        status_code=status,
        headers={**_HEADERS, **(headers or {})},
        media_type=JSON_MEDIA_TYPE,
    )
