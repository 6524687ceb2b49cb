"""Finds what is wrong with a batch that was refused as a whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def in_halves(items: Sequence[T], send: Callable[[Sequence[T]], Awaitable[bool]]) -> None:
    """Send a batch; one that is refused is sent again as two halves, until a refusal concerns one item alone.

    ``k`` bad ones among ``n`` cost about ``2 k log n`` calls.

    :param send: sends some of them and says whether that settled them; of one alone it must say so.
    """
    if not items or await send(items) or len(items) == 1:
        return
    middle = (len(items) + 1) // 2
    await in_halves(items[:middle], send)
    await in_halves(items[middle:], send)
