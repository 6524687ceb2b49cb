"""Waits until no transaction can commit that does not know of an erasure's mark.

A worker asks for marks in the snapshot of the transaction that stores (`tracker.pipeline.suppress`), as soon as it has
heard that there is any, which takes a second. So whatever has not seen the mark is in a transaction that was begun
before that, and MongoDB tells which those are. (The embedded server tells of none. Its transactions take milliseconds,
and the time until the mark is known is waited for there too.)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo.errors import OperationFailure

from tracker.privacy.erase.work import WaitingError, Work
from tracker.stores.documents import Database

_WHAT = "transactions that began before"
_POLL = timedelta(seconds=0.3)
_MICROSECONDS = 1e6


async def wait_for_transactions(work: Work) -> None:
    """Return when they have ended.

    :raises WaitingError: when they have not.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    heard = work.row["markedAt"] + timedelta(seconds=work.tools.known_seconds)
    if datetime.now(UTC) < heard:
        raise WaitingError(_WHAT, heard)
    ages = await _ages_of_transactions(work.database)
    now = datetime.now(UTC)
    if ages is None:
        # Where that cannot be asked, such a transaction has had its time.
        end = heard + timedelta(seconds=work.tools.settings.job_timeout_seconds)
        if now < end:
            raise WaitingError(_WHAT, end)
    elif any(age >= now - heard for age in ages):
        raise WaitingError(_WHAT, now + _POLL)


async def _ages_of_transactions(database: Database) -> list[timedelta] | None:
    """For how long each open transaction has been open; ``None`` where this server does not say."""
    for everybody in (True, False):
        # The processes of an installation share a user, whose own operations need no right to be seen.
        looks = {"$currentOp": {"allUsers": everybody, "idleSessions": True}}
        try:
            cursor = await database.client.admin.aggregate([looks, {"$match": {"transaction": {"$exists": True}}}])
            found = await cursor.to_list()
        except OperationFailure:
            continue
        opened = [row["transaction"].get("timeOpenMicros") for row in found]
        if None in opened:
            return None
        return [timedelta(seconds=int(micros) / _MICROSECONDS) for micros in opened]
    return None
