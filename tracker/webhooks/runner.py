"""The loop in each worker that sends what is due.

A delivery is claimed by a lease on its document: one that a killed worker had in its hands is sent again, under the
same ``webhook-id``. The worker that commits a change wakes its own loop; a look every two seconds finds all the rest:
retries that fall due, changes by hand, what a dead worker has left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from cachetools import TTLCache
from pymongo.errors import PyMongoError

from tracker.config.service.webhooks import WebhookTarget
from tracker.errors import TrackerError
from tracker.stores.documents import Database
from tracker.tasks import end
from tracker.webhooks import claims
from tracker.webhooks.client import TIMEOUT_SECONDS, WebhookClient
from tracker.webhooks.delivery import FAILING, Recorded, attempt
from tracker.webhooks.lanes import Lanes

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 2.0
_TARGET_SECONDS = 1.0
_AWAY = timedelta(seconds=10)
_STOP_SECONDS = 5.0
# From so many failures in a row what else waits for the endpoint is put off, longer each time.
_STEADY_FAILURES = 3
_POSTPONED = timedelta(seconds=5)
_MOST_POSTPONED = timedelta(minutes=1)


class Endpoints(Protocol):
    """What the loop needs to know of the configuration."""

    async def target(self, endpoint_id: str) -> WebhookTarget | None:
        """Where to send, ``None`` when there is no such endpoint any more.

        :raises TrackerError: when that cannot be told now.
        """

    async def disable(self, endpoint_id: str, reason: str, since: datetime | None) -> bool:
        """Switch it off; tells whether it was on."""


class WebhookRunner:
    """Sends deliveries; made once in a worker.

    :param count: notes an outcome for the metrics; must not raise.
    :param at_once: requests together; :param per_endpoint: to one endpoint that answers.
    """

    def __init__(
        self,
        database: Database,
        endpoints: Endpoints,
        client: WebhookClient,
        count: Callable[[str], Awaitable[None]],
        *,
        at_once: int,
        per_endpoint: int,
        timeout_seconds: float = TIMEOUT_SECONDS,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._database = database
        self._endpoints = endpoints
        self._client = client
        self._count = count
        self._lanes = Lanes(at_once, per_endpoint)
        self._lease = timedelta(seconds=timeout_seconds) + claims.MARGIN
        self._sweep_seconds = sweep_seconds
        self._wake = asyncio.Event()
        self._running: dict[asyncio.Task[None], dict[str, Any]] = {}
        self._targets: TTLCache[str, WebhookTarget] = TTLCache(1024, _TARGET_SECONDS)
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; from now on the loop runs in the background."""
        self._loop = asyncio.create_task(self._run())

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing in its hands."""
        return not self._running

    async def close(self) -> None:
        """Stop; what is being sent may end, and what does not is left to others."""
        await end(self._loop)
        if self._running:
            await asyncio.wait(self._running, timeout=_STOP_SECONDS)
        rows = list(self._running.values())
        for task in list(self._running):
            await end(task)
        with suppress(PyMongoError):
            await claims.give_back(self._database, rows, datetime.now(UTC))
        await self._client.close()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.look()
            except PyMongoError as error:
                log.warning("webhook_outbox_away", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._sweep_seconds):
                    await self._wake.wait()

    async def look(self) -> None:
        """Begin with what is due, as far as there is room.

        :raises pymongo.errors.PyMongoError: when MongoDB is away.
        """
        while self._lanes.has_room:
            row = await claims.claim(self._database, datetime.now(UTC), self._lease, self._lanes.full())
            if row is None:
                return
            self._lanes.begin(row["endpointId"])
            task = asyncio.create_task(self._deliver(row))
            self._running[task] = row
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._lanes.end(self._running.pop(task)["endpointId"])
        self._wake.set()

    async def _deliver(self, row: dict[str, Any]) -> None:
        endpoint_id = row["endpointId"]
        try:
            target = await self._target(endpoint_id)
            if target is None or not target.is_active:
                await claims.abandon(self._database, row, "deleted" if target is None else "disabled")
                await self._count("failed")
                return
            answer, recorded = await attempt(self._database, row, target, self._client)
            arrived = recorded.outcome == "delivered"
            await self._count(recorded.outcome)
            log.debug("webhook_attempt", delivery=row["_id"], outcome=recorded.outcome, error=answer.error)
            await self._note(endpoint_id, arrived, recorded)
        except PyMongoError as error:
            # The lease ends by itself, and it is sent again.
            log.warning("webhook_outbox_away", error=type(error).__name__)
        except Exception as error:
            known = isinstance(error, TrackerError)
            (log.warning if known else log.error)("webhook_not_sent", endpoint=endpoint_id, error=type(error).__name__)
            with suppress(PyMongoError):
                await claims.give_back(self._database, [row], datetime.now(UTC) + _AWAY)

    async def _target(self, endpoint_id: str) -> WebhookTarget | None:
        held = self._targets.get(endpoint_id)
        if held is None:
            held = await self._endpoints.target(endpoint_id)
            # One that is off may be switched on and asked for at once.
            if held is not None and held.is_active:
                self._targets[endpoint_id] = held
        return held

    async def _note(self, endpoint_id: str, arrived: bool, recorded: Recorded) -> None:
        failures = self._lanes.note(endpoint_id, arrived=arrived)
        if recorded.give_up is not None:
            await self._disable(endpoint_id, recorded)
        elif failures >= _STEADY_FAILURES:
            now = datetime.now(UTC)
            pause = min(_POSTPONED * failures, _MOST_POSTPONED)
            await claims.postpone(self._database, endpoint_id, now, now + pause)

    async def _disable(self, endpoint_id: str, recorded: Recorded) -> None:
        assert recorded.give_up is not None
        self._targets.pop(endpoint_id, None)
        self._lanes.forget(endpoint_id)
        if await self._endpoints.disable(endpoint_id, recorded.give_up, recorded.since):
            since = recorded.since.isoformat() if recorded.since else None
            log.warning("webhook_disabled", endpoint=endpoint_id, reason=recorded.give_up, failing_since=since)
            await self._count(f"disabled_{recorded.give_up}")
        await self._database[FAILING].delete_one({"_id": endpoint_id})
