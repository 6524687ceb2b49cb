"""Pages of dead letters, the newest first, over all servers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tracker.deadletters.places import Place
from tracker.deadletters.select import Entry, Filter, newest_entries
from tracker.deadletters.views import entry_view
from tracker.errors import InvalidError
from tracker.paging import Page, checked_limit, decode_cursor, encode_cursor

_LABEL = "dead-letters"
_Place = tuple[float, str]


async def page_letters(places: Sequence[Place], wanted: Filter, *, limit: int = 50, cursor: str | None = None) -> Page:
    """A page of the entries that a filter takes, by their last failure.

    :raises InvalidError: when the limit or cursor cannot be used.
    """
    size = checked_limit(limit)
    behind: _Place | None = None
    if cursor is not None:
        behind = _read(cursor)
        # Up to and with that time; of it those with a smaller id follow.
        end = math.nextafter(behind[0], math.inf)
        wanted = replace(wanted, until=end if wanted.until is None else min(wanted.until, end))
    number = size + 2
    while True:
        found = await newest_entries(places, wanted, number)
        rest = sorted((entry for entry in found if behind is None or _order(entry) < behind), key=_order, reverse=True)
        if len(found) == number:
            # Of the time at which it was cut there may be more, with larger ids.
            rest = [entry for entry in rest if _order(entry)[0] > _order(found[-1])[0]]
        if len(found) < number or len(rest) > size:
            following = encode_cursor(*_order(rest[size - 1]), _LABEL) if len(rest) > size else None
            return Page([entry_view(entry) for entry in rest[:size]], following)
        number *= 2


def _order(entry: Entry) -> _Place:
    return entry.last_at or 0.0, entry.id


def _read(cursor: str) -> _Place:
    found = decode_cursor(cursor, _LABEL)
    value = found.value
    if isinstance(value, int | float) and not isinstance(value, bool) and isinstance(found.id, str):
        try:
            return float(value), found.id
        except OverflowError:
            pass
    raise InvalidError("that cursor is not of this list; begin again without one")
