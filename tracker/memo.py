"""Remembers what was computed from an immutable object, by the object's identity."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from cachetools import LRUCache

Source = TypeVar("Source")
Result = TypeVar("Result")


def by_identity(size: int) -> Callable[[Callable[[Source], Result]], Callable[[Source], Result]]:
    """For pure functions of one record of the configuration cache, which hands out a new object exactly when
    something changed. Records hold dictionaries, so they have no hash of their own.

    :param size: how many results are kept.
    """

    def decorate(function: Callable[[Source], Result]) -> Callable[[Source], Result]:
        kept: LRUCache[int, tuple[Source, Result]] = LRUCache(size)

        @wraps(function)
        def remembered(source: Source) -> Result:
            found = kept.get(id(source))
            # The source is kept with its result: without it the identity could be given to another object.
            if found is None or found[0] is not source:
                found = (source, function(source))
                kept[id(source)] = found
            return found[1]

        return remembered

    return decorate
