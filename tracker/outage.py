"""What a worker does while a store is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog

from tracker.errors import UnavailableError
from tracker.stores import documents, redis
from tracker.tasks import end

log = structlog.get_logger(__name__)

# Least and most seconds between two looks whether a store is back.
PAUSE_SECONDS = (0.25, 5.0)
_PUT_OFF_SECONDS = 1.0
_PROBE_SECONDS = 10.0


class Picking(Protocol):
    """A worker that can be told to pick no jobs."""

    allow_pick_jobs: bool


def is_outage(error: BaseException) -> bool:
    """Whether any of the stores was away, so that the same work can succeed later."""
    return isinstance(error, UnavailableError) or documents.is_outage(error) or redis.is_outage(error)


class OutageGate:
    """While a store is away no job is picked, so that a long outage costs neither tries nor work.

    :param probe: raises while the store is away.
    """

    def __init__(self, probe: Callable[[], Awaitable[Any]]) -> None:
        self._probe = probe
        self._waiting: asyncio.Task[None] | None = None
        self.workers: list[Picking] = []

    def began(self, error: BaseException) -> float:
        """Note an outage; returns for how many seconds the job shall be put off."""
        if self._waiting is None:
            log.warning("store_away", error=type(error).__name__)
            self._let_pick(False)
            self._waiting = asyncio.create_task(self._wait())
        return _PUT_OFF_SECONDS

    async def is_away(self) -> bool:
        """Whether a store is away, asked of it now; then nothing is picked any more.

        For a job that took too long, which says nothing yet about whose fault it was.
        """
        if self._waiting is not None:
            return True
        try:
            await asyncio.wait_for(self._probe(), _PROBE_SECONDS)
        except Exception as error:
            self.began(error)
            return True
        return False

    def _let_pick(self, allowed: bool) -> None:
        for worker in self.workers:
            worker.allow_pick_jobs = allowed

    async def _wait(self) -> None:
        started, pause = time.monotonic(), PAUSE_SECONDS[0]
        while True:
            await asyncio.sleep(pause)
            try:
                await self._probe()
                break
            except Exception as error:
                if not is_outage(error):
                    log.error("probe_failed", error=type(error).__name__)
                pause = min(2 * pause, PAUSE_SECONDS[1])
        log.info("store_back", away_seconds=round(time.monotonic() - started, 1))
        self._waiting = None
        self._let_pick(True)

    async def close(self) -> None:
        """Stop waiting; nothing is picked any more."""
        await end(self._waiting)
