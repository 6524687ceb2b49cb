"""What the endpoints behind these pages share: who asks, and the JSON that they ask with."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tracker.errors import UnreadableError, UnsupportedMediaError
from tracker.ingest.body import read_body
from tracker.web.http import AppRequest

Shape = TypeVar("Shape")


async def json_body(request: AppRequest, shape: type[Shape], limit: int) -> Shape:
    """The request's JSON in the given shape.

    Only ``application/json`` is taken: a page of another site cannot send that without asking first.

    :raises UnsupportedMediaError: for any other content type.
    :raises TooLargeError: for more than ``limit`` bytes.
    :raises UnreadableError: when it is not JSON, or of another shape.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaError("send application/json")
    declared = request.headers.get("content-length", "")
    body = await read_body(
        request.stream(),
        int(declared) if declared.isdigit() else None,
        request.headers.get("content-encoding", ""),
        limit,
    )
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise UnreadableError(f"the question is not of the right shape: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableError("the body is not JSON") from None
