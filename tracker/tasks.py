"""Ending background tasks."""

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
