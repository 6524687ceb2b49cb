"""Reads and writes the sessions of a batch, inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.pipeline.event_document import session_expires_at
from tracker.pipeline.sessions import SessionDelta, SessionKey, new_session, session_update
from tracker.settings import Settings
from tracker.stores.documents import AsyncCollection, either

_READ = dict.fromkeys(
    (
        "clientId",
        "sessionId",
        "visitorId",
        "startedAt",
        "endedAt",
        "updatedAt",
        "touch",
        "touchAt",
        "leads",
        "waiting",
        "userAgent",
        "consents",
        "submittedForms",
    ),
    1,
)


class SessionWriter:
    """The sessions that a batch's events belong to."""

    def __init__(self, sessions: AsyncCollection, settings: Settings) -> None:
        self._sessions = sessions
        self._settings = settings

    async def existing(
        self, keys: Iterable[SessionKey], session: AsyncClientSession | None
    ) -> dict[SessionKey, dict[str, Any]]:
        """Those that are stored already, without their page views."""
        ids: dict[str, list[str]] = {}
        for client_id, session_id in keys:
            ids.setdefault(client_id, []).append(session_id)
        if not ids:
            return {}
        query = either([{"clientId": client, "sessionId": {"$in": found}} for client, found in ids.items()])
        cursor = self._sessions.find(query, _READ, session=session)
        return {(row["clientId"], row["sessionId"]): row async for row in cursor}

    async def write(
        self,
        deltas: Mapping[SessionKey, SessionDelta],
        existing: Mapping[SessionKey, dict[str, Any]],
        session: AsyncClientSession | None,
    ) -> None:
        """Add the events to their sessions, or begin them."""
        keep = self._settings.session_page_views
        updates = [
            UpdateOne({"_id": existing[key]["_id"]}, session_update(existing[key], delta, keep))
            for key, delta in deltas.items()
            if key in existing
        ]
        begun = [
            new_session(delta, session_expires_at(delta.first, self._settings), keep)
            for key, delta in deltas.items()
            if key not in existing
        ]
        if updates:
            await self._sessions.bulk_write(updates, ordered=False, session=session)
        if begun:
            await self._sessions.insert_many(begun, session=session)
