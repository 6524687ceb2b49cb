"""Group commit: while one call is in flight, what arrives gathers and goes out together in the next.

Used at both ends of the queue. It needs no timer: an idle system answers at once, a busy one makes fat calls
(decisions §7, §12: one Redis job per request loses half of the throughput at batches of one).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tracker.errors import UnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gatherer(Generic[Item, Result]):
    """Turns many concurrent ``submit`` calls into few ``flush`` calls, one in flight at a time.

    :param flush: takes the gathered items, returns one result for each, in order. What it raises is raised to every
        submitter of that group.
    :param max_weight: most weight in one group; a single heavier item still goes out, alone.
    :param max_waiting: most weight that waits here; beyond that ``submit`` refuses, so that a store that is away
        costs bounded memory.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        max_weight: int,
        max_waiting: int,
    ) -> None:
        self._flush = flush
        self._max_weight = max_weight
        self._max_waiting = max_waiting
        self._waiting: deque[tuple[Item, int, asyncio.Future[Result]]] = deque()
        self._waiting_weight = 0
        self._drain_task: asyncio.Task[None] | None = None

    async def submit(self, item: Item, weight: int = 1) -> Result:
        """Hand over one item and wait for its result.

        :raises UnavailableError: when too much waits already.
        """
        if self._waiting_weight + weight > self._max_waiting and self._waiting:
            raise UnavailableError("too many events are waiting to be stored", retry_after=2)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, weight, future))
        self._waiting_weight += weight
        if self._drain_task is None:
            self._drain_task = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Wait until nothing is in flight or waiting."""
        while self._drain_task is not None:
            await asyncio.wait([self._drain_task])

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._send(self._take())
        finally:
            self._drain_task = None
            for _, _, future in self._waiting:
                future.cancel()
            self._waiting.clear()
            self._waiting_weight = 0

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        group: list[tuple[Item, asyncio.Future[Result]]] = []
        total = 0
        while self._waiting and (not group or total + self._waiting[0][1] <= self._max_weight):
            item, weight, future = self._waiting.popleft()
            self._waiting_weight -= weight
            # A submitter that gave up before its turn (a closed connection) was promised nothing.
            if not future.cancelled():
                group.append((item, future))
                total += weight
        return group

    async def _send(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        if not group:
            return
        try:
            results = await self._flush([item for item, _ in group])
            # Inside the try: a flush that answers too few must not leave its submitters waiting for ever.
            answered = list(zip(group, results, strict=True))
        except asyncio.CancelledError:
            for _, future in group:
                future.cancel()
            raise
        except Exception as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in answered:
            if not future.done():
                future.set_result(result)
