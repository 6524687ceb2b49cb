"""Gives stored events and sessions the days of their client when those change.

MongoDB itself deletes what is past its ``expiresAt``. When a client's days are changed, `follow` notes it in
``retention_marks`` and goes over the client's documents in pieces, each one statement that may be repeated; how far it
came is noted as well, so that a kill costs one piece. Workers may hold the client's old record for a moment and write a
document with the old days behind the pass: only a pass that began when no such transaction can be left is the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pymongo import ReturnDocument

from tracker.analytics import state
from tracker.analytics.documents import AnalyticsDaily
from tracker.privacy.documents import RetentionMark
from tracker.privacy.retention import Periods
from tracker.stores.documents import Database

MARKS = RetentionMark.Settings.name
# Event times are what the collections have an index for; days count from the receipt.
_TIMES = {"events": "timestamp", "sessions": "startedAt"}
_AT_ONCE = 2_000
_MS_PER_DAY = 86_400_000


async def follow(
    database: Database,
    client_id: str,
    periods: Periods,
    *,
    now: datetime,
    settled_after: timedelta,
    again: bool = False,
    at_once: int = _AT_ONCE,
) -> dict[str, int]:
    """Let a client's stored events and sessions end as its days say.

    Nothing but one small question when nothing has changed. May run beside itself.

    :param settled_after: how long after a change workers may still write by the days of before.
    :param again: go over all documents even so.
    :returns: how many documents were changed, by collection; empty when there was nothing to do.
    :raises pymongo.errors.PyMongoError: when MongoDB is away; the next call goes on where this one was.
    """
    mark = await _begun(database, client_id, _wanted(periods), now, again)
    if mark is None:
        return {}
    await _close_days(database, client_id, min(mark["eventsDays"], mark["sessionsDays"]))
    changed = {name: await _pass(database, client_id, mark, name, at_once) for name in _TIMES}
    done: dict[str, Any] = {"$set": {"passBegan": None, "position": {}}}
    if mark["passBegan"] >= mark["changedAt"] + settled_after:
        if mark.get("longer"):
            # Their figures can be recomputed for longer now, which they learn by being recomputed.
            await state.mark(client_id, await _open_days(database, client_id, now))
        done["$set"] |= {"changedAt": None, "appliedAt": now}
        done["$unset"] = {"longer": ""}
    await database[MARKS].update_one(_this_pass(client_id, mark), done)
    return changed


async def count_differing(database: Database, client_id: str, periods: Periods) -> dict[str, int]:
    """How many documents `follow` would change; looks at all of them."""
    days = _wanted(periods)
    return {
        name: await database[name].count_documents(
            {"clientId": client_id, **_DATED, "$expr": {"$ne": ["$expiresAt", _end(days[f"{name}Days"])]}}
        )
        for name in _TIMES
    }


async def pending(database: Database, client_id: str, periods: Periods) -> bool:
    """Whether stored documents may still have other days than the client says."""
    mark = await database[MARKS].find_one({"_id": client_id})
    return mark is None or mark["changedAt"] is not None or _differs(mark, _wanted(periods))


def _wanted(periods: Periods) -> dict[str, int]:
    assert periods.events.days is not None
    assert periods.sessions.days is not None
    return {"eventsDays": periods.events.days, "sessionsDays": periods.sessions.days}


def _differs(mark: Mapping[str, Any], wanted: Mapping[str, int]) -> bool:
    return any(mark[name] != days for name, days in wanted.items())


async def _begun(
    database: Database, client_id: str, wanted: Mapping[str, int], now: datetime, again: bool
) -> dict[str, Any] | None:
    """The mark with a pass that is under way; ``None`` when there is nothing to do."""
    marks = database[MARKS]
    mark = await marks.find_one({"_id": client_id})
    fresh = {"passBegan": now, "position": {}}
    if mark is None or again or _differs(mark, wanted):
        longer = mark is not None and any(mark[name] < days for name, days in wanted.items())
        change = {**wanted, "changedAt": now, **fresh, **({"longer": True} if longer else {})}
    elif mark["changedAt"] is None:
        return None
    elif mark["passBegan"] is None:
        change = fresh
    else:
        return mark
    return await marks.find_one_and_update(
        {"_id": client_id}, {"$set": change}, upsert=True, return_document=ReturnDocument.AFTER
    )


def _this_pass(client_id: str, mark: Mapping[str, Any]) -> dict[str, Any]:
    """Matches while nobody has changed the days, or begun another pass, since."""
    return {"_id": client_id, **{name: mark[name] for name in ("eventsDays", "sessionsDays", "changedAt", "passBegan")}}


_DATED: dict[str, Any] = {"createdAt": {"$type": "date"}}


def _end(days: int) -> dict[str, Any]:
    return {"$add": ["$createdAt", days * _MS_PER_DAY]}


async def _pass(database: Database, client_id: str, mark: Mapping[str, Any], name: str, at_once: int) -> int:
    rows, by = database[name], _TIMES[name]
    update = [{"$set": {"expiresAt": _end(mark[f"{name}Days"])}}]
    position = mark["position"].get(name)
    changed = 0
    while True:
        piece: dict[str, Any] = {"clientId": client_id}
        if position is not None:
            piece[by] = {"$gt": position}
        found = await rows.find(piece, {"_id": 0, by: 1}).sort(by, 1).skip(at_once - 1).limit(1).to_list()
        last = found[0][by] if found else None
        if last is not None:
            piece[by] = {**piece.get(by, {}), "$lte": last}
        # What has the right end already is not written.
        changed += (await rows.update_many({**piece, **_DATED}, update)).modified_count
        if last is None:
            return changed
        position = last
        await database[MARKS].update_one(_this_pass(client_id, mark), {"$set": {f"position.{name}": position}})


# ------------------------------------------------------------------------------------------------------------- figures


async def _close_days(database: Database, client_id: str, days: int) -> None:
    """Days whose documents go earlier than was thought keep their figures from then on."""
    rows = database[AnalyticsDaily.Settings.name]
    for day in await rows.distinct("date", {"clientId": client_id, "openUntil": {"$type": "date"}}):
        # Nothing of a day is received before it begins.
        end = datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=days)
        await rows.update_many(
            {"clientId": client_id, "date": day, "openUntil": {"$gt": end}}, {"$set": {"openUntil": end}}
        )


async def _open_days(database: Database, client_id: str, now: datetime) -> list[date]:
    rows = database[AnalyticsDaily.Settings.name]
    found = await rows.distinct("date", {"clientId": client_id, "openUntil": {"$gt": now}})
    return [date.fromisoformat(day) for day in found]
