"""Gives up on partial leads that nobody touches any more (decisions §9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tracker.leads.merge import ABANDONED, MAX_HISTORY
from tracker.stores.documents import Database


async def close_abandoned(database: Database, now: datetime, pause: timedelta) -> int:
    """Make the source of every partial lead that was last touched before ``now - pause`` ``abandoned_form``.

    One statement: a submission that comes at the same time wins or promotes the lead afterwards, and running it twice
    changes nothing. The next interaction takes it back.

    :returns: how many leads there were.
    """
    entry: dict[str, Any] = {
        "at": now,
        "decision": "abandoned",
        "reason": f"untouched for {round(pause.total_seconds() / 60)} minutes",
        "status": "partial",
    }
    result = await database["leads"].update_many(
        {"status": "partial", "source": "form_interaction", "lastInteractionAt": {"$lt": now - pause}},
        {
            "$set": {"source": ABANDONED, "abandonedAt": now},
            "$max": {"updatedAt": now},
            "$push": {"history": {"$each": [entry], "$slice": -MAX_HISTORY}},
        },
    )
    return result.modified_count
