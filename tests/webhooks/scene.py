"""A client with webhooks, and what its deliveries say."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from tests.fixtures.builders import a_client
from tracker.config.records import ClientRecord, FormRecord, WebhookRecord
from tracker.stores.documents import Documents
from tracker.webhooks.documents import LIFE


def a_told_client(*event_types: Iterable[str], forms: tuple[FormRecord, ...] = ()) -> ClientRecord:
    """A client with a webhook for each of these lists of event types; one for everything when there is none."""
    hooks = tuple(WebhookRecord(endpoint_id=str(uuid4()), event_types=tuple(kinds)) for kinds in event_types or ((),))
    return replace(a_client(*forms), webhooks=hooks)


async def rows_of(documents: Documents, client: ClientRecord) -> list[dict[str, Any]]:
    """Its deliveries, the oldest first."""
    found = documents.database["webhook_deliveries"].find({"clientId": client.client_id})
    return await found.sort([("createdAt", 1), ("_id", 1)]).to_list()


async def told(documents: Documents, client: ClientRecord) -> list[str]:
    """The types of its messages, in the order of the alphabet."""
    return sorted(row["eventType"] for row in await rows_of(documents, client))


async def payloads(documents: Documents, client: ClientRecord, event_type: str) -> list[dict[str, Any]]:
    """The bodies of one type, the oldest first."""
    return [json.loads(row["payload"]) for row in await rows_of(documents, client) if row["eventType"] == event_type]


def a_delivery(client_id: str, endpoint_id: str, **more: Any) -> dict[str, Any]:
    """The document of a delivery that was given up, as the store holds it."""
    now = datetime.now(UTC)
    entry = {"at": now, "status": 500, "milliseconds": 12, "error": "status", "answer": "no"}
    row = {
        "_id": f"msg_{uuid4().hex}",
        "clientId": client_id,
        "endpointId": endpoint_id,
        "eventType": "lead.created",
        "leadId": str(uuid4()),
        "payload": b'{"type":"lead.created","timestamp":"2030-01-31T08:00:00.000Z","data":{"lead":{}}}',
        "status": "failed",
        "nextAttemptAt": None,
        "lease": None,
        "tries": 10,
        "attempts": 10,
        "log": [entry],
        "deliveredAt": None,
        "failedBecause": "attempts",
        "createdAt": now,
        "expiresAt": now + LIFE,
    }
    return {**row, **more}
