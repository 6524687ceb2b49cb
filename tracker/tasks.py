"""Ending tasks."""

from __future__ import annotations

import asyncio
from typing import Any


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
