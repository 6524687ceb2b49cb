"""Pages of the configuration's lists: one statement each, whatever a page holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session
from sqlmodel.sql.expression import SelectOfScalar

from tracker.config.models import Table
from tracker.errors import InvalidError
from tracker.paging import Page, Sort, checked_limit, decode_cursor, encode_cursor

Row = TypeVar("Row", bound=Table)
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """How the rows of one table are listed.

    :ivar name: of the list; a cursor of another list is refused.
    :ivar key: attribute of the id, which decides between equal sort values.
    :ivar sorts: sort names by attributes, which must never be null. The first is the default.
    """

    name: str
    model: type[Row]
    key: str
    sorts: Mapping[str, str]
    view: Callable[[Row], dict[str, Any]]

    def page(
        self, session: Session, query: SelectOfScalar[Row], sort: str | None, limit: int, cursor: str | None
    ) -> Page:
        """A page of what ``query`` selects.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        order = Sort.parse(sort or next(iter(self.sorts)), tuple(self.sorts))
        attribute = self.sorts[order.name]
        column, key = getattr(self.model, attribute), getattr(self.model, self.key)
        label = f"{self.name}:{order}"
        if cursor is not None:
            query = query.where(_behind(column, key, cursor, order, label))
        turn = (column.desc(), key.desc()) if order.descending else (column.asc(), key.asc())
        size = checked_limit(limit)
        rows = list(session.exec(query.order_by(*turn).limit(size + 1)))
        last = rows[size - 1] if len(rows) > size else None
        following = encode_cursor(getattr(last, attribute), getattr(last, self.key), label) if last else None
        return Page([self.view(row) for row in rows[:size]], following)


def _behind(column: Any, key: Any, text: str, order: Sort, label: str) -> ColumnElement[bool]:
    cursor = decode_cursor(text, label)
    for target, value in ((column, cursor.value), (key, cursor.id)):
        if not _fits(target.type.python_type, value):
            raise InvalidError("that cursor is not of this list; begin again without one")
    if column is key:
        return _after(key, cursor.id, order)
    return or_(_after(column, cursor.value, order), and_(column == cursor.value, _after(key, cursor.id, order)))


def _after(column: Any, value: Any, order: Sort) -> ColumnElement[bool]:
    beyond: ColumnElement[bool] = column < value if order.descending else column > value
    return beyond


def _fits(kind: type, value: object) -> bool:
    """Whether a value that came from outside can be compared with a column of that type."""
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    return not isinstance(value, int) or abs(value) <= _LARGEST_ID
