"""Erasures of persons that do not come to their end: the law gives a month (GDPR Art. 12(3)), and somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tracker.doctor.mongodb import patient_client
from tracker.doctor.report import Finding, error, good
from tracker.privacy.erase.work import COLLECTION
from tracker.settings import Settings

_LATE = timedelta(days=1)


async def check_erasures(settings: Settings) -> list[Finding]:
    """The oldest one that is open for more than a day, and how many there are.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    late = {"status": "open", "askedAt": {"$lt": datetime.now(UTC) - _LATE}}
    async with patient_client(settings) as client:
        rows = client[settings.mongodb_database][COLLECTION]
        oldest = await rows.find(late, {"askedAt": 1, "waitingFor": 1}).sort("askedAt", 1).limit(1).to_list()
        if not oldest:
            return [good("privacy", "no erasure is open for more than a day")]
        number = await rows.count_documents(late)
    waits_for = oldest[0].get("waitingFor") or "a worker"
    return [
        error(
            "privacy",
            f"erasures that are open for more than a day: {number}",
            f"the oldest since {oldest[0]['askedAt']:%Y-%m-%d}; it waits for {waits_for}",
            f"Mend what it waits for; `trackerctl gdpr status {oldest[0]['_id']} --wait` works it off.",
        )
    ]
