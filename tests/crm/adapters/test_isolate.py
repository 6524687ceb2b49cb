"""The bad ones of a batch are found."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tracker.crm.isolate import in_halves


@given(st.integers(0, 200), st.sets(st.integers(0, 199), max_size=5))
def test_every_good_one_is_taken_once_and_every_bad_one_alone(number: int, bad: set[int]) -> None:
    taken: list[int] = []
    refused: list[int] = []
    calls = 0

    async def send(part: Sequence[int]) -> bool:
        nonlocal calls
        calls += 1
        if not bad & set(part):
            taken.extend(part)
            return True
        if len(part) == 1:
            refused.extend(part)
        return False

    asyncio.run(in_halves(range(number), send))
    there = bad & set(range(number))
    assert sorted(taken) == sorted(set(range(number)) - bad)
    assert sorted(refused) == sorted(there)
    assert calls <= 1 + 2 * len(there) * math.ceil(math.log2(number)) if number > 1 else calls <= 1
