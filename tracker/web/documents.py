"""The document store of the HTTP service, opened when a request first asks for it: events are taken without it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from pymongo.errors import PyMongoError

from tracker.documents import open_documents
from tracker.errors import UnavailableError
from tracker.settings import Settings

_PAUSE_SECONDS = 1.0


class LazyDocuments:
    """Opens the document store once, and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._open = False
        self._failed_at = float("-inf")

    async def ready(self) -> None:
        """Return when the document classes are bound.

        :raises UnavailableError: when MongoDB is away.
        """
        if self._open:
            return
        async with self._opening:
            if self._open:
                return
            # Who waited while another one tried must not wait for a try of its own.
            if time.monotonic() - self._failed_at < _PAUSE_SECONDS:
                raise _away()
            try:
                await self._stack.enter_async_context(open_documents(self._settings))
            except PyMongoError:
                self._failed_at = time.monotonic()
                raise _away() from None
            self._open = True

    async def close(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()


def _away() -> UnavailableError:
    return UnavailableError("MongoDB does not answer; try again", retry_after=5)
