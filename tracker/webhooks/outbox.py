"""Writes down what is to be sent, in the transaction that changes the lead.

Clients without a webhook cost a look at an empty tuple.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.config.records import ClientRecord
from tracker.leads.changes import LeadChange
from tracker.pipeline.draft import Draft
from tracker.stores.documents import Database
from tracker.webhooks.documents import LIFE
from tracker.webhooks.payloads import (
    SUBMISSION,
    Message,
    body,
    delivery_id,
    endpoints_for,
    lead_messages,
    submission,
)

COLLECTION = "webhook_deliveries"


def lead_deliveries(changes: Iterable[LeadChange], now: datetime) -> list[UpdateOne]:
    """What is to be written when these leads change."""
    return [
        row
        for change in changes
        if change.client.webhooks
        for row in deliveries(lead_messages(change), change.client, now)
    ]


def form_deliveries(drafts: Iterable[Draft], now: datetime) -> list[UpdateOne]:
    """What is to be written when these events are stored."""
    return [
        row
        for draft in drafts
        if draft.client.webhooks and draft.event_type == SUBMISSION
        for row in deliveries(submission(draft), draft.client, now)
    ]


def deliveries(messages: Iterable[Message], client: ClientRecord, now: datetime) -> list[UpdateOne]:
    """A delivery for each endpoint that wants to know; one that is there already stays as it is."""
    rows = []
    for message in messages:
        text = None
        for endpoint in endpoints_for(message, client):
            text = text or body(message, now)
            rows.append(_insert(delivery_id(endpoint.endpoint_id, message), endpoint.endpoint_id, message, text, now))
    return rows


def _insert(id: str, endpoint_id: str, message: Message, text: bytes, now: datetime) -> UpdateOne:  # noqa: A002
    row: dict[str, Any] = {
        "clientId": message.client_id,
        "endpointId": endpoint_id,
        "eventType": message.event_type,
        "leadId": message.lead_id,
        "payload": text,
        "status": "pending",
        "nextAttemptAt": now,
        "lease": None,
        "tries": 0,
        "attempts": 0,
        "log": [],
        "deliveredAt": None,
        "failedBecause": None,
        "createdAt": now,
        "expiresAt": now + LIFE,
    }
    return UpdateOne({"_id": id}, {"$setOnInsert": row}, upsert=True)


async def stage(database: Database, rows: Sequence[UpdateOne], session: AsyncClientSession | None = None) -> None:
    """Write them.

    :raises pymongo.errors.PyMongoError: when MongoDB is away, or another transaction writes the same.
    """
    if rows:
        await database[COLLECTION].bulk_write(list(rows), ordered=False, session=session)


async def forget_lead(
    database: Database, client_id: str, lead_id: str, session: AsyncClientSession | None = None
) -> None:
    """Remove a deleted lead's messages, sent or not: they hold what the lead held."""
    await database[COLLECTION].delete_many({"clientId": client_id, "leadId": lead_id}, session=session)
