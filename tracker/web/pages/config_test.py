"""``/config-test``: why does this page not track? (decisions §10)"""

from __future__ import annotations

from typing import Any, cast

import httpx
import msgspec
from litestar import Response, get, post

from tracker.configtest.checks import Answer
from tracker.configtest.fetch import MAX_PAGE_BYTES
from tracker.configtest.service import Question
from tracker.errors import InvalidError
from tracker.web.http import JSON_MEDIA_TYPE, AppRequest
from tracker.web.pages.ask import json_body
from tracker.web.pages.render import page_response
from tracker.web.services import caller_address, services_of

# The page writes texts only, and a browser that knows Trusted Types holds it to that.
_TEXTS_ONLY = "; require-trusted-types-for 'script'; trusted-types 'none'"
# JSON writes some characters as six.
_MAX_BODY_BYTES = 3 * MAX_PAGE_BYTES
_MAX_KEY_CHARS = 200
_SELF = "http://localhost"


@get("/config-test", media_type="text/html", include_in_schema=False)
async def config_test(request: AppRequest) -> Response[str]:
    """The page. ``?key=``, ``?url=`` and ``?origin=`` are read by its script, which takes them out of the address
    bar; nothing of them is printed."""
    settings = services_of(request).settings
    values = {"publicUrl": settings.public_url, "scriptName": settings.script_name}
    return page_response(settings, "config-test", "Configuration test", values, policy=_TEXTS_ONLY)


@post(
    "/config-test/check",
    status_code=200,
    summary="Check key, origin, CORS, script, configuration and a page",
    tags=["pages"],
)
async def config_test_check(request: AppRequest) -> Response[bytes]:
    """What is wrong and how to mend it, in words; always 200 for a question that can be answered."""
    services = services_of(request)
    limit = services.settings.limit_page_checks_per_minute
    address = caller_address(request)
    await services.gate.spend_look("check", address, limit)
    question = await json_body(request, Question, _MAX_BODY_BYTES)
    if len(question.api_key) > _MAX_KEY_CHARS:
        raise InvalidError("that is no API key of this service: one has 51 characters")
    transport = httpx.ASGITransport(app=cast(Any, request.app), client=(address or "127.0.0.1", 0))
    async with httpx.AsyncClient(transport=transport, base_url=_SELF) as client:

        async def ask(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[Answer, int]:
            async with client.stream(method, path, headers=headers, content=body) as answer:
                raw = b"".join([chunk async for chunk in answer.aiter_raw()])
            return Answer(answer.status_code, dict(answer.headers), _plain(answer, raw)), len(raw)

        found = await services.config_test.run(question, ask)
    body = msgspec.json.encode(found)
    return Response(body, media_type=JSON_MEDIA_TYPE, headers={"Cache-Control": "no-store"})


def _plain(answer: httpx.Response, raw: bytes) -> bytes:
    """The body as the browser unpacks it."""
    coding = answer.headers.get("content-encoding", "identity")
    return httpx.Response(200, headers={"content-encoding": coding}, content=raw).content
