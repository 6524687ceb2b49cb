"""Takes an address out of what is somebody else's: the value goes, the rest stays as it is.

Only the attributes that hold it are changed, and only if they are as they were read: a worker may write the same
document at that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.errors import DuplicateKeyError

from tracker.privacy.erase.work import Work
from tracker.privacy.scan import scan

_ATTEMPTS = 20
# Without them a document is none any more.
_IDS = frozenset({"_id", "clientId", "eventId", "leadId", "sessionId", "visitorId", "connectionId", "endpointId"})


async def strip_mentions(work: Work, store: str, *, query: Mapping[str, Any] | None = None) -> None:
    """All documents of a collection that still hold an address: lose it, or go where an id holds it."""
    filters = {**work.notes.subject.client_query, **(query or {})}
    async for row in scan(work.database[store], work.needles, filters):
        await strip(work, store, row)


async def strip(work: Work, store: str, row: dict[str, Any]) -> None:
    """Take the address out of one document."""
    rows = work.database[store]
    for _ in range(_ATTEMPTS):
        left = work.needles.without(row)
        if any(name in row and left.get(name) != row[name] for name in _IDS):
            await work.remove(store, {"_id": row["_id"]})
            return
        differ = [name for name in row if left.get(name) != row[name]]
        if not differ:
            return
        update: dict[str, Any] = {}
        for operator, names in (
            ("$set", [n for n in differ if n in left]),
            ("$unset", [n for n in differ if n not in left]),
        ):
            if names:
                update[operator] = {name: left.get(name, "") for name in names}
        same = {name: {"$eq": row[name]} for name in differ}
        try:
            matched = (await rows.update_one({"_id": row["_id"], **same}, update)).matched_count
        except DuplicateKeyError:
            # Two rows of figures that differed in nothing else.
            await work.remove(store, {"_id": row["_id"]})
            return
        if matched:
            await work.count("mentions", 1)
            return
        again = await rows.find_one({"_id": row["_id"]})
        if again is None or not work.needles.in_value(again):
            return
        row = again
