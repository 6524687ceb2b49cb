"""What became of single events, for who has their ids: no value that a visitor typed is in the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from tracker.errors import UnavailableError
from tracker.leads.documents import Lead
from tracker.pipeline.documents import Event
from tracker.privacy.redact import REDACTED
from tracker.settings import Settings
from tracker.stores.documents import connect


class StoredEvent(msgspec.Struct, frozen=True, rename="camel"):
    """An event that is in MongoDB. ``fields``: names of inputs to whether the server kept or redacted their values."""

    id: str
    fields: dict[str, str]
    lead_status: str | None
    lead_quality: str | None


class StoredEvents:
    """Looks events up by their ids. Connects at the first look: most processes are never asked."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: AsyncMongoClient[dict[str, Any]] | None = None
        self._connecting = asyncio.Lock()

    async def find(self, client_id: str, event_ids: Sequence[str], *, test_only: bool) -> list[StoredEvent]:
        """Those of these events that are stored, in any order.

        :param test_only: leave out what is not marked as test.
        :raises UnavailableError: when MongoDB is away.
        """
        query: dict[str, Any] = {"clientId": client_id, "eventId": {"$in": list(event_ids)}}
        if test_only:
            query["test"] = True
        wanted = {"eventId": 1, "leadId": 1, "payload.form.fields": 1}
        try:
            database = (await self._connected())[self._settings.mongodb_database]
            events = await database[Event.Settings.name].find(query, wanted).to_list()
            lead_ids = list({event["leadId"] for event in events if event.get("leadId")})
            found = database[Lead.Settings.name].find(
                {"clientId": client_id, "leadId": {"$in": lead_ids}}, {"leadId": 1, "status": 1, "quality": 1}
            )
            leads = {lead["leadId"]: lead async for lead in found}
        except PyMongoError as error:
            raise UnavailableError("MongoDB does not answer", retry_after=5) from error
        return [_described(event, leads.get(event.get("leadId")) or {}) for event in events]

    async def close(self) -> None:
        """Close what was opened."""
        if self._client is not None:
            await self._client.close()

    async def _connected(self) -> AsyncMongoClient[dict[str, Any]]:
        async with self._connecting:
            if self._client is None:
                self._client = connect(self._settings)
            return self._client


def _described(event: dict[str, Any], lead: dict[str, Any]) -> StoredEvent:
    fields = ((event.get("payload") or {}).get("form") or {}).get("fields") or {}
    return StoredEvent(
        event["eventId"],
        {name: "redacted" if value == REDACTED else "kept" for name, value in fields.items()},
        lead.get("status"),
        lead.get("quality"),
    )
