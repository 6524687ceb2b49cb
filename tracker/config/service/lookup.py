"""How an operator names a client, and how a row is found by its id."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from tracker.config import values
from tracker.config.models import Client, Table
from tracker.errors import InvalidError, NotFoundError, StaleError

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_PREFIX = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,27}")
Row = TypeVar("Row", bound=Table)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def find_row(session: Session, model: type[Row], key: str, refusal: str, *, lock: bool = False) -> Row:
    """The row with that id.

    :param lock: keep others from changing it, and from adding to it, until the transaction ends.
    :raises NotFoundError: with ``refusal`` as detail.
    """
    row = find_optional(session, model, key, lock=lock)
    if row is None:
        raise NotFoundError(refusal)
    return row


def find_optional(session: Session, model: type[Row], key: str, *, lock: bool = False) -> Row | None:
    """The row with that id, or ``None``; what is no id is not looked for."""
    return session.get(model, key, with_for_update=lock) if is_id(key) else None


def checked_fresh(row: Row, expected: datetime | None) -> Row:
    """``row``, if it is still as the caller saw it.

    :param expected: its ``updated_at`` then, aware; ``None`` = whatever it is now. Views show milliseconds, so
        a time of whole milliseconds is compared as one.
    :raises StaleError: when it was changed since.
    """
    if expected is not None:
        known: datetime = row.updated_at  # type: ignore[attr-defined]
        if expected.microsecond % 1000 == 0:
            known = known.replace(microsecond=known.microsecond // 1000 * 1000)
        if known != expected:
            raise StaleError("somebody has changed it since you read it; read it again and repeat your change")
    return row


def find_client(session: Session, ref: str, *, lock: bool = False, expected: datetime | None = None) -> Client:
    """The client that ``ref`` names: its id, the first 8 or more characters of that, or its domain.

    :param lock: as in `find_row`.
    :param expected: as in `checked_fresh`.
    :raises NotFoundError: when there is none.
    :raises InvalidError: when the beginning of an id fits several.
    :raises StaleError: as in `checked_fresh`.
    """
    given = ref.strip()
    condition = _condition(given)
    if condition is None:
        raise _unknown(given)
    query = select(Client).where(condition).limit(2)
    found = list(session.exec(query.with_for_update() if lock else query))
    if not found:
        raise _unknown(given)
    if len(found) > 1:
        raise InvalidError(f"{given} is the beginning of several client ids; write more of it")
    return checked_fresh(found[0], expected)


def _condition(given: str) -> ColumnElement[bool] | None:
    lowered = given.lower()
    if _ID.fullmatch(lowered):
        return col(Client.client_id) == lowered
    if _ID_PREFIX.fullmatch(lowered):  # no domain looks like this: it would have a dot
        return col(Client.client_id).startswith(lowered)
    try:
        return col(Client.domain) == values.domain(given)
    except InvalidError:
        return None


def _unknown(given: str) -> NotFoundError:
    shown = given if given.isprintable() and 0 < len(given) <= 64 else "of that name"
    return NotFoundError(f"no client {shown}; `trackerctl client list` shows them")
