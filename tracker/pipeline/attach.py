"""Gives the lead of an ``identify`` to its visitor's earlier events.

That is looked at after the batch's transaction, and changed in one of its own: of an ``identify`` and an earlier event
that are stored at the same moment, in two transactions that do not see each other, whoever looks last sees both. A
worker that dies in between leaves its job, and whoever gets it looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.read_concern import ReadConcern

from tracker.pipeline.draft import Draft
from tracker.pipeline.identities import IDENTIFY, VisitorKey, attachments, visitors_to_settle
from tracker.stores.documents import AsyncCollection, either

# The latest ones of a visitor: a bound for the transaction, far beyond what one person clicks within a retention.
_MOST_EVENTS = 5_000
_EVER = datetime.fromtimestamp(0, UTC)
_READ = dict.fromkeys(("eventId", "eventType", "timestamp", "leadId", "attachedBy", "test"), 1)


class Attacher:
    """Looks at the visitors of a batch."""

    def __init__(self, events: AsyncCollection, sessions: AsyncCollection) -> None:
        self._events = events
        self._sessions = sessions
        # What others committed just now counts, whether or not a majority has it.
        self._latest_sessions = sessions.with_options(read_concern=ReadConcern("local"))

    async def mark_identified(self, drafts: Iterable[Draft], session: AsyncClientSession | None) -> None:
        """Tell every session of a visitor, so that its later events know without a search. In the batch's transaction,
        after its sessions."""
        latest: dict[VisitorKey, datetime] = {}
        for draft in drafts:
            if draft.event_type == IDENTIFY and draft.lead_id and draft.visitor_id:
                key = (draft.client.client_id, draft.visitor_id)
                latest[key] = max(latest.get(key, draft.timestamp), draft.timestamp)
        for (client_id, visitor_id), at in sorted(latest.items()):
            await self._sessions.update_many(
                {"clientId": client_id, "visitorId": visitor_id}, {"$max": {"identifiedAt": at}}, session=session
            )

    async def due(self, drafts: Sequence[Draft], known: Sequence[Draft]) -> set[VisitorKey]:
        """Visitors whose events are to be settled, after the batch was committed.

        :param drafts: what it changed.
        :param known: what an earlier delivery had stored, which may have ended before it settled anything.
        """
        visitors: dict[str, set[str]] = {}
        for draft in (*drafts, *known):
            if draft.visitor_id:
                visitors.setdefault(draft.client.client_id, set()).add(draft.visitor_id)
        if not visitors:
            return set()
        identified = await self._identified(visitors)
        again = {(draft.client.client_id, draft.visitor_id) for draft in known if draft.visitor_id}
        return visitors_to_settle(drafts, identified) | (again & identified.keys())

    async def _identified(self, visitors: dict[str, set[str]]) -> dict[VisitorKey, datetime]:
        query = either(
            [
                {"clientId": client, "visitorId": {"$in": sorted(ids)}, "identifiedAt": {"$gt": _EVER}}
                for client, ids in visitors.items()
            ]
        )
        fields = {"_id": 0, "clientId": 1, "visitorId": 1, "identifiedAt": 1}
        found: dict[VisitorKey, datetime] = {}
        # The index holds sessions of identified visitors only: a few, so that the answer is nearly always nothing.
        async for row in self._latest_sessions.find(query, fields):
            key = (row["clientId"], row["visitorId"])
            found[key] = max(found.get(key, row["identifiedAt"]), row["identifiedAt"])
        return found

    async def settle(self, visitors: Iterable[VisitorKey], session: AsyncClientSession | None) -> None:
        """Attach the visitors' events to where they belong, in a transaction that does nothing else."""
        for client_id, visitor_id in sorted(visitors):
            own = {"clientId": client_id, "visitorId": visitor_id}
            # Of two transactions that settle a visitor one waits for the other: both write this, and the second begins
            # anew and reads what the first has left.
            await self._sessions.update_many(
                {**own, "identifiedAt": {"$gt": _EVER}}, {"$inc": {"settled": 1}}, session=session
            )
            cursor = self._events.find(own, _READ, session=session)
            events = await cursor.sort("timestamp", -1).limit(_MOST_EVENTS).to_list()
            updates = [
                UpdateOne({"clientId": client_id, "eventId": event_id}, _change(wanted))
                for event_id, wanted in attachments(events).items()
            ]
            if updates:
                await self._events.bulk_write(updates, ordered=False, session=session)


def _change(wanted: tuple[str, str] | None) -> dict[str, Any]:
    if wanted is None:
        return {"$unset": {"leadId": "", "attachedBy": ""}}
    return {"$set": {"leadId": wanted[0], "attachedBy": wanted[1]}}
