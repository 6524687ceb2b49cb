"""Pages of a list: keyset pagination with opaque cursors.

A cursor holds the sort value and the id of the last item of a page; the next page begins behind them. It costs the same
however far into a list, and what is added or deleted meanwhile shifts nothing (unlike OFFSET). Pure.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from tracker.errors import InvalidError

MAX_LIMIT = 200
_MAX_CURSOR_CHARS = 2048

SortValue = str | int | float | datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    :ivar items: JSON-ready views.
    :ivar next_cursor: where the next page begins; ``None`` when this is the last.
    """

    items: list[dict[str, Any]]
    next_cursor: str | None = None

    def view(self) -> dict[str, Any]:
        """``{"items": […], "nextCursor": …}``."""
        return {"items": self.items, "nextCursor": self.next_cursor}


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: behind the item of that sort value and id."""

    value: SortValue
    id: str | int


class _Stored(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    order: str
    kind: str
    value: str | int | float | None
    id: str | int


@dataclass(frozen=True, slots=True)
class Sort:
    """How a list is sorted.

    :ivar name: the attribute, as views name it.
    """

    name: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str, known: Sequence[str]) -> Sort:
        """``createdAt``, or ``-createdAt`` for descending.

        :raises InvalidError: when it is none of ``known``.
        """
        name = text.removeprefix("-")
        if name not in known:
            raise InvalidError(f"sort by {', '.join(known)}; a - in front sorts descending")
        return cls(name, text.startswith("-"))

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def checked_limit(limit: int) -> int:
    """Items of a page.

    :raises InvalidError: when it is not 1 to :data:`MAX_LIMIT`.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidError(f"limit is 1 to {MAX_LIMIT}")
    return limit


def encode_cursor(value: SortValue, id: str | int, order: str = "") -> str:  # noqa: A002 - what it is
    """The cursor behind an item: URL-safe, without padding.

    :param value: what the list is sorted by, of that item; times must be aware.
    :param order: the list's order; the cursor is refused for another one.
    """
    moment = isinstance(value, datetime)
    plain = value.isoformat() if isinstance(value, datetime) else value
    stored = _Stored(order, "t" if moment else "", plain, id)
    return base64.urlsafe_b64encode(msgspec.json.encode(stored)).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, order: str = "") -> Cursor:
    """What `encode_cursor` made.

    :raises InvalidError: when it is no cursor, or one of a list in another order.
    """
    refusal = InvalidError("that cursor is not of this list; begin again without one")
    if len(text) > _MAX_CURSOR_CHARS:
        raise refusal
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        stored = msgspec.json.decode(packed, type=_Stored)
        value = stored.value
        if stored.order != order or stored.kind not in ("", "t"):
            raise refusal
        if stored.kind == "t":
            if not isinstance(value, str):
                raise refusal
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise refusal
            return Cursor(moment, stored.id)
    except (binascii.Error, msgspec.DecodeError, ValueError, OverflowError):
        raise refusal from None
    return Cursor(value, stored.id)
