"""Group commit: few calls, in order, nothing lost, nothing answered before it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.errors import UnavailableError
from tracker.gather import Gatherer


class Flush:
    """Records the groups; waits for ``gate`` before it answers."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.running = 0
        self.gate = asyncio.Event()
        self.began = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> list[int]:
        assert not self.running, "two calls in flight"
        self.running += 1
        self.groups.append(list(items))
        self.began.set()
        await self.gate.wait()
        self.running -= 1
        if self.error:
            raise self.error
        return [item * 10 for item in items]


async def _submit_behind(flush: Flush, gatherer: Gatherer[int, int], *items: int) -> list[asyncio.Task[int]]:
    """The first item goes out alone; the others arrive while it is in flight."""
    first = asyncio.create_task(gatherer.submit(items[0]))
    await flush.began.wait()
    tasks = [first, *(asyncio.create_task(gatherer.submit(item)) for item in items[1:])]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_arrives_during_a_call_goes_out_together_in_the_next() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=100, max_waiting=100)
    tasks = await _submit_behind(flush, gatherer, 1, 2, 3, 4)
    assert not any(task.done() for task in tasks)
    flush.gate.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]
    assert flush.groups == [[1], [2, 3, 4]]


async def test_a_lone_item_goes_out_at_once() -> None:
    flush = Flush()
    flush.gate.set()
    assert await Gatherer(flush, max_weight=10, max_waiting=10).submit(7) == 70


async def test_an_item_heavier_than_a_group_goes_out_alone() -> None:
    flush = Flush()
    flush.gate.set()
    gatherer = Gatherer(flush, max_weight=5, max_waiting=100)
    results = await asyncio.gather(gatherer.submit(1, 3), gatherer.submit(2, 50), gatherer.submit(3, 3))
    assert results == [10, 20, 30]
    assert flush.groups == [[1], [2], [3]]


@settings(deadline=None, max_examples=60)
@given(weights=st.lists(st.integers(1, 60), min_size=1, max_size=40), limit=st.integers(1, 100))
def test_groups_keep_the_order_and_the_weight_limit(weights: list[int], limit: int) -> None:
    async def scenario() -> None:
        flush = Flush()
        flush.gate.set()
        gatherer = Gatherer(flush, max_weight=limit, max_waiting=10_000)
        results = await asyncio.gather(*(gatherer.submit(i, weight) for i, weight in enumerate(weights)))
        assert results == [i * 10 for i in range(len(weights))]
        assert [item for group in flush.groups for item in group] == list(range(len(weights)))
        for group in flush.groups:
            assert len(group) == 1 or sum(weights[item] for item in group) <= limit

    asyncio.run(scenario())


async def test_an_error_reaches_every_submitter_of_its_group_and_no_other() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=100, max_waiting=100)
    flush.error = OSError("gone")
    tasks = await _submit_behind(flush, gatherer, 1, 2, 3)
    flush.gate.set()
    assert all(isinstance(result, OSError) for result in await asyncio.gather(*tasks, return_exceptions=True))
    flush.error = None
    assert await gatherer.submit(4) == 40


async def test_a_flush_that_answers_too_few_leaves_nobody_waiting() -> None:
    async def forgetful(_items: Sequence[int]) -> list[int]:
        return []

    gatherer = Gatherer(forgetful, max_weight=100, max_waiting=100)
    with pytest.raises(ValueError, match="zip"):
        await asyncio.wait_for(gatherer.submit(1), 5)


async def test_refuses_more_than_may_wait_and_takes_again_afterwards() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=10, max_waiting=3)
    tasks = await _submit_behind(flush, gatherer, 1, 2, 3, 4)
    with pytest.raises(UnavailableError) as refused:
        await gatherer.submit(5)
    assert refused.value.retry_after
    flush.gate.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40]
    assert await gatherer.submit(6) == 60


async def test_an_item_whose_submitter_gave_up_before_its_turn_is_not_sent() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=100, max_waiting=100)
    tasks = await _submit_behind(flush, gatherer, 1, 2, 3)
    tasks[1].cancel()
    await asyncio.sleep(0)
    flush.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert (results[0], results[2]) == (10, 30)
    assert isinstance(results[1], asyncio.CancelledError)
    assert flush.groups == [[1], [3]]


async def test_a_submitter_that_gives_up_in_flight_harms_no_neighbour() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=100, max_waiting=100)
    first = asyncio.create_task(gatherer.submit(1))
    await flush.began.wait()
    first.cancel()
    second = asyncio.create_task(gatherer.submit(2))
    flush.gate.set()
    assert await second == 20


async def test_close_waits_for_what_is_in_flight_and_waiting() -> None:
    flush = Flush()
    gatherer = Gatherer(flush, max_weight=1, max_waiting=100)
    tasks = await _submit_behind(flush, gatherer, 1, 2, 3)
    closing = asyncio.create_task(gatherer.close())
    await asyncio.sleep(0)
    assert not closing.done()
    flush.gate.set()
    await closing
    assert flush.groups == [[1], [2], [3]]
    assert await asyncio.gather(*tasks) == [10, 20, 30]
