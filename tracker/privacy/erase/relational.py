"""Takes an address out of the configuration database's audit log.

Entries name attributes and never values of a lead, so that there is normally nothing. But an operator may have the same
address in their own name, and a value of the configuration may hold it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, col, select

from tracker.config.failures import explained
from tracker.config.models import AuditEntry
from tracker.privacy.erase.work import Work
from tracker.privacy.needles import ERASED, Needles

_PAGE = 500
Result = TypeVar("Result")


async def strip_audit(work: Work) -> None:
    """Take it out of every entry, page by page.

    :raises UnavailableError: when the database is away.
    """
    last = 0
    while True:
        found = await asyncio.to_thread(_explained, work, _strip_page, last)
        if found is None:
            return
        last, changed = found
        await work.count("audit", changed)


async def count_audit(work: Work) -> int:
    """How many entries hold it."""
    return await asyncio.to_thread(_explained, work, _count, 0)


def _explained(work: Work, read: Callable[[Work, int], Result], last: int) -> Result:
    try:
        return read(work, last)
    except (DBAPIError, PoolTimeoutError) as error:
        raise explained(work.tools.engine, error) from None


def _query(work: Work, last: int) -> object:
    query = select(AuditEntry).where(col(AuditEntry.id) > last)
    if work.notes.subject.client_id:
        query = query.where(col(AuditEntry.client_id) == work.notes.subject.client_id)
    return query.order_by(col(AuditEntry.id)).limit(_PAGE)


def _strip_page(work: Work, last: int) -> tuple[int, int] | None:
    with Session(work.tools.engine) as session:
        rows = list(session.exec(_query(work, last)).all())  # type: ignore[call-overload]
        changed = sum(_strip(row, work.needles) for row in rows)
        if changed:
            session.commit()
        # After the commit a row would be read again.
        return (max(last, *ids), changed) if (ids := [row.id or 0 for row in rows]) else None


def _strip(row: AuditEntry, needles: Needles) -> bool:
    if not needles.in_value([row.actor, row.target_id, row.before, row.after]):
        return False
    row.actor = needles.without([row.actor])[0] if needles.without([row.actor]) else ERASED
    row.target_id = row.target_id if not needles.in_text(row.target_id) else ERASED
    row.before, row.after = needles.without(row.before), needles.without(row.after)
    return True


def _count(work: Work, last: int) -> int:
    number = 0
    with Session(work.tools.engine) as session:
        while rows := list(session.exec(_query(work, last)).all()):  # type: ignore[call-overload]
            number += sum(work.needles.in_value([row.actor, row.target_id, row.before, row.after]) for row in rows)
            last = rows[-1].id or 0
            session.expunge_all()
    return number
