"""Puts the checks together: what is asked, in which order, and what is not asked because of an earlier answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Engine

from tracker.assets import browser_script
from tracker.config.cache import ConfigCache
from tracker.config.keys import hash_key, looks_like_key
from tracker.config.read import find_key
from tracker.config.records import KeyRecord
from tracker.config.values import origins as checked_origins
from tracker.configtest.checks import (
    Answer,
    check_address,
    check_config,
    check_cors,
    check_key,
    check_origin,
    check_script,
    is_secret,
    key_state,
)
from tracker.configtest.fetch import FetchedPage, PageError, PageFetcher, check_html
from tracker.configtest.page import Parser, Place, check_page
from tracker.configtest.report import Check, Report, report
from tracker.embed import VERSION, snippet_of
from tracker.errors import InvalidError, NotFoundError
from tracker.settings import Settings

Ask = Callable[[str, str, dict[str, str], bytes], Awaitable[tuple[Answer, int]]]


class Question(msgspec.Struct, rename="camel"):
    """What an operator wants checked: a publishable key, and optionally the page's origin, and the page by its URL or
    by its HTML."""

    api_key: str = ""
    origin: str = ""
    url: str = ""
    html: str = ""


class ConfigTest:
    """Answers questions for one process."""

    def __init__(self, settings: Settings, engine: Engine, cache: ConfigCache) -> None:
        self._settings = settings
        self._engine = engine
        self._cache = cache
        self._parser = Parser()
        self._fetcher = PageFetcher(settings.page_check_private or settings.embedded)

    async def run(self, question: Question, ask: Ask) -> Report:
        """All checks. A page is fetched only with a valid publishable key.

        :param ask: calls an endpoint of this service as a browser would: method, path, headers and body, to its
            answer and the size of the body on the wire.
        :raises InvalidError: for an origin that is none, or HTML that is too large.
        :raises UnavailableError: when the configuration cannot be read now.
        """
        text, now = question.api_key.strip(), time.time()
        origin = _origin(question)
        key = await self._key(text)
        state = key_state(text, key, now)
        checks = [check_key(state, key, now)]
        if state != "ok" or key is None:
            return report(checks)
        client = await self._cache.client(key.client_id)
        if client is None:
            raise NotFoundError("the client is gone")
        checks += [check_origin(key, origin), *await self._service(ask, text, origin)]
        # A client may refuse who names no origin.
        place = _from(origin or f"https://{key.domain}")
        checks.append(check_config((await ask("GET", f"/v1/config/{text}", place, b""))[0], client))
        if question.url.strip() or question.html.strip():
            try:
                page = await self._page(question, key)
                where = Place(page.url or None, text, self._settings.public_url, self._settings.script_name)
                checks += await check_page(self._parser, page.html, page.policies, client, where)
            except PageError as error:
                checks.append(Check("page", "Page", "error", f"{error.detail[0].upper()}{error.detail[1:]}."))
        return report(checks)

    async def _key(self, text: str) -> KeyRecord | None:
        # A secret key is not looked up: who types it here must hear the same whether it is a good one or not.
        if is_secret(text) or not looks_like_key(text):
            return None
        found = await self._cache.key(hash_key(text))
        return found or await asyncio.to_thread(find_key, self._engine, hash_key(text))

    async def _service(self, ask: Ask, text: str, origin: str | None) -> list[Check]:
        settings = self._settings
        script, size = await ask("GET", f"/{settings.script_name}", {"accept-encoding": "br, gzip"}, b"")
        integrity = browser_script(VERSION).integrity if script.status == 200 else ""
        url = snippet_of(settings, text).source
        checks = [check_address(settings.public_url, origin), check_script(script, size, integrity, url)]
        if origin is None:
            nothing = Answer(0, {})
            return [check_cors(None, nothing, nothing, nothing), *checks]
        path, plain = f"/{settings.ingest_path}", {"content-type": "text/plain"}
        preflight, _ = await ask("OPTIONS", path, _from(origin) | {"access-control-request-method": "POST"}, b"")
        config, _ = await ask("GET", f"/v1/config/{text}", _from(origin), b"")
        # An empty batch goes through all that comes before the events, and leaves nothing.
        batch = msgspec.json.encode({"apiKey": text, "events": []})
        ingest, _ = await ask("POST", path, _from(origin) | plain, batch)
        return [check_cors(origin, preflight, config, ingest), *checks]

    async def _page(self, question: Question, key: KeyRecord) -> FetchedPage:
        if question.html.strip():
            return FetchedPage("", check_html(question.html), [])
        return await self._fetcher.fetch(question.url.strip(), key)


def _from(origin: str | None) -> dict[str, str]:
    return {"origin": origin} if origin else {}


def _origin(question: Question) -> str | None:
    """What was typed, else that of the page's URL.

    :raises InvalidError: when it is none.
    """
    if question.origin.strip():
        return checked_origins([question.origin])[0]
    if not question.url.strip():
        return None
    try:
        parts = urlsplit(question.url.strip())
        return checked_origins([f"{parts.scheme}://{parts.netloc}"])[0]
    except (InvalidError, ValueError):
        raise InvalidError("that is no address of a page; give the whole of it, https://…") from None
