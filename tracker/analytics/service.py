"""Recomputes daily figures: what changed, every few minutes, and whole periods on demand.

A day of a client is recomputed whole, by one aggregation from the raw documents; then the rows of earlier runs that it
did not write again are removed. So it may be done any number of times, and duplicates, replays and deletions are
accounted for without a count of their own. Of two at once each client's turn goes to one
(:func:`tracker.analytics.state.turn`).

A day whose first events have expired is closed: its rows are history and stay, unless forced.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pymongo
import structlog

from tracker.analytics import state
from tracker.analytics.aggregate import REACH, day_pipeline
from tracker.analytics.changes import LONGEST_SECONDS, clients, mark_changes, span
from tracker.analytics.documents import AnalyticsDaily
from tracker.errors import ConflictError
from tracker.pipeline.documents import Event
from tracker.settings import Settings

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 30.0
# Recomputing a client's days takes at most this part of the time: a busy site is refreshed less often.
_SHARE = 0.1
_REST = (timedelta(minutes=1), timedelta(hours=1))  # shortest one that is worth a write, longest


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did for a client: days recomputed, rows they have now, closed days left as they were."""

    client_id: str
    days: int = 0
    rows: int = 0
    closed: int = 0


async def rebuild_days(
    client_id: str, days: Iterable[date], settings: Settings, *, force: bool = False, patience: float = PATIENCE_SECONDS
) -> Rebuilt:
    """Recompute days (UTC) of a client from what is stored now; for whoever deletes, too.

    :param force: closed days as well: what has expired is then missing from their figures.
    :param patience: seconds to wait for another rebuild of this client to end.
    :raises ConflictError: when that takes longer.
    :raises pymongo.errors.PyMongoError: when MongoDB is away; what was recomputed stays.
    """
    wanted = sorted(set(days), reverse=True)
    result = Rebuilt(client_id)
    if not wanted:
        return result
    async with state.turn(client_id, patience) as run:
        closed = set() if force else await _closed(client_id, wanted)
        for day in wanted:
            if day in closed:
                result = replace(result, closed=result.closed + 1)
            else:
                rows = await _rebuild_day(client_id, day, run, settings)
                result = replace(result, days=result.days + 1, rows=result.rows + rows)
    return result


async def rebuild(
    settings: Settings,
    *,
    client_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    force: bool = False,
) -> AsyncIterator[Rebuilt]:
    """Recompute all days of one client or all, or those of a period; gives each client's result when it is done.

    :param since: the day of this moment and later ones; ``until``: days that begin before it.
    :raises ConflictError: when a client is being rebuilt elsewhere for longer than :data:`PATIENCE_SECONDS`.
    """
    for one in [client_id] if client_id else await clients():
        days = [
            day
            for day in await span(one)
            if (since is None or day >= since.date())
            and (until is None or day <= (until - timedelta(microseconds=1)).date())
        ]
        yield await rebuild_days(one, days, settings, force=force)


async def refresh_analytics(settings: Settings) -> list[Rebuilt]:
    """Recompute the days that changed since the last time, or whose attempts were abandoned in the meantime.

    Can be cut off anywhere: days stay marked until they are done. A client that is being rebuilt elsewhere is left
    for the next time.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    now = datetime.now(UTC)
    await mark_changes(now)
    results: list[Rebuilt] = []
    for due in await state.due(now):
        started = time.monotonic()
        try:
            results.append(await _refresh(due, settings))
        except ConflictError:
            log.info("analytics_busy", client=due.client_id)
            continue
        took = timedelta(seconds=time.monotonic() - started)
        if (rest := took / _SHARE - took) > _REST[0]:
            await state.rest(due.client_id, datetime.now(UTC) + min(rest, _REST[1]))
    return results


async def _refresh(due: state.Due, settings: Settings) -> Rebuilt:
    total = Rebuilt(due.client_id)
    for day in sorted(due.days, reverse=True):
        done = await rebuild_days(due.client_id, [day], settings, patience=0.0)
        await state.unmark(due.client_id, day, due.days[day])
        total = replace(
            total, days=total.days + done.days, rows=total.rows + done.rows, closed=total.closed + done.closed
        )
    return total


async def _rebuild_day(client_id: str, day: date, run: int, settings: Settings) -> int:
    pause = timedelta(minutes=settings.abandoned_after_minutes)
    now = datetime.now(UTC)
    pipeline = day_pipeline(
        client_id, day, run=run, now=now.replace(microsecond=now.microsecond // 1000 * 1000), pause=pause
    )
    with pymongo.timeout(LONGEST_SECONDS):
        async with await Event.get_pymongo_collection().aggregate(pipeline, allowDiskUse=True) as cursor:
            await cursor.to_list()
    rows = AnalyticsDaily.get_pymongo_collection()
    own = {"clientId": client_id, "date": day.isoformat()}
    await rows.delete_many({**own, "run": {"$lt": run}})
    return await rows.count_documents(own)


async def _closed(client_id: str, days: Sequence[date]) -> set[date]:
    """The days some of whose events have expired: they cannot be recomputed."""
    now = datetime.now(UTC)
    today = now.date()
    # Events of the evening before belong to a day too; but on the day itself they must not close it.
    query = {
        "clientId": client_id,
        "date": {"$in": [day.isoformat() for day in days if day < today]},
        "openUntil": {"$lte": now + REACH},
    }
    return {date.fromisoformat(text) for text in await AnalyticsDaily.get_pymongo_collection().distinct("date", query)}
