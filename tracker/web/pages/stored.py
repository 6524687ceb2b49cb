"""``POST /demo/stored``: which events of the demo page have reached MongoDB.

The ids are random and made in the browser that asks. Even so nothing that was typed is in the answer, and of a client
of other people's, on an installation in earnest, only events that are marked as test are told of.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, post
from msgspec import Meta

from tracker.errors import NotFoundError
from tracker.ingest.wire import MAX_ID_CHARS
from tracker.pipeline.outlook import StoredEvent
from tracker.web.http import JSON_MEDIA_TYPE, AppRequest
from tracker.web.pages import DEMO_DOMAIN
from tracker.web.pages.ask import json_body
from tracker.web.services import caller_address, services_of

_MAX_BODY_BYTES = 16 * 1024
# The page asks about once a second while events wait.
_LOOKS_PER_MINUTE = 120


class Asked(msgspec.Struct, rename="camel"):
    """Events of one client, by their ids."""

    client_id: Annotated[str, Meta(max_length=64)]
    ids: Annotated[list[Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARS)]], Meta(max_length=50)]


class Stored(msgspec.Struct, rename="camel"):
    """Those that are stored. ``test_only``: of this client only test events are told of."""

    events: list[StoredEvent]
    test_only: bool


@post("/demo/stored", status_code=200, include_in_schema=False)
async def demo_stored(request: AppRequest) -> Response[bytes]:
    """Names of fields and what became of them, never their values."""
    services = services_of(request)
    await services.gate.spend_look("demo", caller_address(request), _LOOKS_PER_MINUTE)
    asked = await json_body(request, Asked, _MAX_BODY_BYTES)
    client = await services.cache.client(asked.client_id)
    if client is None:
        raise NotFoundError("no such client")
    test_only = not (services.settings.embedded or client.domain == DEMO_DOMAIN)
    events = await services.stored.find(client.client_id, asked.ids, test_only=test_only)
    body = msgspec.json.encode(Stored(events, test_only))
    return Response(body, media_type=JSON_MEDIA_TYPE, headers={"Cache-Control": "no-store"})
