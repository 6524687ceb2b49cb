"""Background tasks end, whatever they catch."""

from __future__ import annotations

import asyncio

from tracker.tasks import end


async def test_ends_a_task_that_loses_its_first_cancellation() -> None:
    lost: list[int] = []

    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost.append(1)
                if len(lost) > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 10)
    assert task.cancelled() and len(lost) == 2


async def test_no_task_and_an_ended_one_are_ended_already() -> None:
    await end(None)
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await end(task)
