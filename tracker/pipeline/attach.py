"""Gives the lead of an ``identify`` to its visitor's earlier events, inside the batch's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.pipeline.draft import Draft
from tracker.pipeline.identities import IDENTIFY, VisitorKey, attachments, visitors_to_settle
from tracker.stores.documents import AsyncCollection, either

# The latest ones of a visitor: a bound for the transaction, far beyond what one person clicks within a retention.
_MOST_EVENTS = 5_000
_EVER = datetime.fromtimestamp(0, UTC)
_READ = dict.fromkeys(("eventId", "eventType", "timestamp", "leadId", "attachedBy", "test"), 1)


class Attacher:
    """Looks at the visitors of a batch after its events are in."""

    def __init__(self, events: AsyncCollection, sessions: AsyncCollection) -> None:
        self._events = events
        self._sessions = sessions

    async def attach(self, drafts: Sequence[Draft], session: AsyncClientSession | None) -> None:
        """Attach what is new, or late."""
        await self._mark_identified(drafts, session)
        identified = await self._identified(drafts, session)
        for client_id, visitor_id in sorted(visitors_to_settle(drafts, identified)):
            await self._settle(client_id, visitor_id, session)

    async def _mark_identified(self, drafts: Sequence[Draft], session: AsyncClientSession | None) -> None:
        """Tell every session of a visitor, so that its later events know without a search."""
        latest: dict[VisitorKey, datetime] = {}
        for draft in drafts:
            if draft.event_type == IDENTIFY and draft.lead_id and draft.visitor_id:
                key = (draft.client.client_id, draft.visitor_id)
                latest[key] = max(latest.get(key, draft.timestamp), draft.timestamp)
        for (client_id, visitor_id), at in sorted(latest.items()):
            await self._sessions.update_many(
                {"clientId": client_id, "visitorId": visitor_id}, {"$max": {"identifiedAt": at}}, session=session
            )

    async def _identified(
        self, drafts: Sequence[Draft], session: AsyncClientSession | None
    ) -> dict[VisitorKey, datetime]:
        visitors: dict[str, set[str]] = {}
        for draft in drafts:
            if draft.visitor_id:
                visitors.setdefault(draft.client.client_id, set()).add(draft.visitor_id)
        found: dict[VisitorKey, datetime] = {}
        if visitors:
            query = either(
                [
                    {"clientId": client, "visitorId": {"$in": sorted(ids)}, "identifiedAt": {"$gt": _EVER}}
                    for client, ids in visitors.items()
                ]
            )
            fields = {"_id": 0, "clientId": 1, "visitorId": 1, "identifiedAt": 1}
            # The index holds sessions of identified visitors only: a few, so that the answer is nearly always nothing.
            async for row in self._sessions.find(query, fields, session=session):
                key = (row["clientId"], row["visitorId"])
                found[key] = max(found.get(key, row["identifiedAt"]), row["identifiedAt"])
        return found

    async def _settle(self, client_id: str, visitor_id: str, session: AsyncClientSession | None) -> None:
        cursor = self._events.find({"clientId": client_id, "visitorId": visitor_id}, _READ, session=session)
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
