"""Background tasks end, whatever they catch."""

from __future__ import annotations

import asyncio

import pytest

from tracker.tasks import Flusher, end, pause


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


async def test_a_loop_that_pauses_ends_though_its_cancellation_was_dropped() -> None:
    begun = asyncio.Event()

    async def deaf() -> None:
        while True:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                pass
            await pause(60)

    task = asyncio.create_task(deaf())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


async def test_what_was_gathered_is_written_every_so_often_and_at_the_end() -> None:
    class Gathering(Flusher):
        flush_seconds = 0.001

        def __init__(self) -> None:
            super().__init__()
            self.waiting, self.written = 0, 0
            self.wrote = asyncio.Event()

        async def flush(self) -> None:
            self.written, self.waiting = self.written + self.waiting, 0
            self.wrote.set()

    gathering = Gathering()
    gathering.waiting = 3
    await gathering.start()
    await asyncio.wait_for(gathering.wrote.wait(), 10)
    assert gathering.written == 3
    gathering.waiting = 2
    await gathering.close()
    assert gathering.written == 5
