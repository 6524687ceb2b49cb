"""Ending tasks, and one that writes every so often."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import Any, ClassVar


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task and wait until it has ended.

    Cancelled again until it has: redis-py can lose a cancellation that comes in the middle of a command, and a loop
    around such a command would then go on for ever. An error of the task itself is dropped.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.5)


async def pause(seconds: float) -> None:
    """Wait between two rounds of a loop that ends only by being cancelled.

    Python 3.11's ``wait_for`` (bpo-37658) and redis-py drop a cancellation that comes at the wrong moment; the task
    still knows that it was asked.

    :raises asyncio.CancelledError: when it was asked to end, also before.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    await asyncio.sleep(seconds)


class Flusher(ABC):
    """Writes what was gathered in memory every so often, and what is left at the end."""

    flush_seconds: ClassVar[float]
    """How long to gather."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Write what is left."""
        await end(self._task)
        await self.flush()

    @abstractmethod
    async def flush(self) -> None:
        """Write now; what a store that is away does not take is kept for the next time."""

    async def _go_on(self) -> None:
        while True:
            await pause(self.flush_seconds)
            await self.flush()
