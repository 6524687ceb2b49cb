"""Deliveries for operators: what became of messages, sending them again, sending an example."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from tracker.config.service import ConfigService
from tracker.config.service.webhooks import WebhookTarget
from tracker.errors import ConflictError, InvalidError, NotFoundError
from tracker.paging import Cursor, Page, checked_limit, decode_cursor, encode_cursor
from tracker.views import document_view
from tracker.webhooks.client import WebhookClient
from tracker.webhooks.delivery import send
from tracker.webhooks.documents import DeliveryStatus, WebhookDelivery
from tracker.webhooks.example import example_message
from tracker.webhooks.payloads import EVENT_TYPES, body

_LABEL = "deliveries:-createdAt"
_LISTED = {"payload": 0}
_IDS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries are meant; ``None`` = any.

    :ivar since: made at or after; :ivar until: made before. Aware.
    """

    client_id: str | None = None
    endpoint_id: str | None = None
    status: DeliveryStatus | None = None
    lead_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, Any]:
        """The same for MongoDB."""
        exact = {
            "clientId": self.client_id,
            "endpointId": self.endpoint_id,
            "status": self.status,
            "leadId": self.lead_id,
        }
        found: dict[str, Any] = {name: value for name, value in exact.items() if value}
        made = {operator: moment for operator, moment in (("$gte", self.since), ("$lt", self.until)) if moment}
        return found | ({"createdAt": made} if made else {})


def delivery_view(row: dict[str, Any]) -> dict[str, Any]:
    """A delivery without its payload."""
    log = row.get("log") or []
    names = ("clientId", "endpointId", "eventType", "leadId", "status", "attempts", "failedBecause")
    times = ("nextAttemptAt", "deliveredAt", "createdAt", "expiresAt")
    return document_view(
        {
            "deliveryId": row["_id"],
            **{name: row.get(name) for name in (*names, *times)},
            "lastAttempt": log[-1] if log else None,
        }
    )


async def list_deliveries(wanted: DeliveryFilter, limit: int = 50) -> list[dict[str, Any]]:
    """Views of deliveries, the newest first."""
    rows = WebhookDelivery.get_pymongo_collection()
    found = rows.find(wanted.query(), _LISTED).sort([("createdAt", -1), ("_id", -1)]).limit(limit)
    return [delivery_view(row) async for row in found]


async def page_deliveries(wanted: DeliveryFilter, limit: int = 50, cursor: str | None = None) -> Page:
    """A page of the same.

    :raises InvalidError: when the limit or cursor cannot be used.
    """
    query, size = wanted.query(), checked_limit(limit)
    if cursor is not None:
        query = {"$and": [query, _behind(decode_cursor(cursor, _LABEL))]}
    rows = WebhookDelivery.get_pymongo_collection()
    found = await rows.find(query, _LISTED).sort([("createdAt", -1), ("_id", -1)]).limit(size + 1).to_list()
    last = found[size - 1] if len(found) > size else None
    following = encode_cursor(last["createdAt"], last["_id"], _LABEL) if last else None
    return Page([delivery_view(row) for row in found[:size]], following)


def _behind(cursor: Cursor) -> dict[str, Any]:
    if not isinstance(cursor.value, datetime) or not isinstance(cursor.id, str):
        raise InvalidError("that cursor is not of this list; begin again without one")
    return {"$or": [{"createdAt": {"$lt": cursor.value}}, {"createdAt": cursor.value, "_id": {"$lt": cursor.id}}]}


async def get_delivery(delivery_id: str) -> dict[str, Any]:
    """One delivery with its payload and its last attempts.

    :raises NotFoundError: when there is none.
    """
    row = await _row(delivery_id)
    view = delivery_view(row)
    return {**view, "log": document_view({"log": row["log"]})["log"], "payload": msgspec.json.decode(row["payload"])}


async def _row(delivery_id: str) -> dict[str, Any]:
    row: dict[str, Any] | None = await WebhookDelivery.get_pymongo_collection().find_one({"_id": delivery_id})
    if row is None:
        raise NotFoundError("no such delivery; `trackerctl webhook deliveries` shows the ids")
    return row


async def resend(delivery_id: str, *, config: ConfigService) -> dict[str, Any]:
    """Send a delivery again, soon, with a new life of attempts: the same bytes under the same ``webhook-id``.

    :returns: its view as it is then.
    :raises NotFoundError: when there is none, or its endpoint is gone.
    :raises ConflictError: when its endpoint is switched off.
    """
    row = await _row(delivery_id)
    await asyncio.to_thread(_check_active, config, row["endpointId"])
    await _again([delivery_id])
    return delivery_view(await _row(delivery_id))


async def resend_failed(wanted: DeliveryFilter, *, config: ConfigService, dry_run: bool = False) -> dict[str, int]:
    """Send all failed deliveries again that a filter leaves; those of endpoints that are off or gone stay as they are.

    :returns: ``{"resent": …, "skipped": …}``; with ``dry_run`` what it would be.
    """
    rows = WebhookDelivery.get_pymongo_collection()
    query = {**wanted.query(), "status": "failed"}
    counts = {"resent": 0, "skipped": 0}
    for endpoint_id in await rows.distinct("endpointId", query):
        own = {**query, "endpointId": endpoint_id}
        try:
            await asyncio.to_thread(_check_active, config, endpoint_id)
        except (ConflictError, NotFoundError):
            counts["skipped"] += await rows.count_documents(own)
            continue
        ids = [row["_id"] async for row in rows.find(own, {"_id": 1})]
        counts["resent"] += len(ids)
        for start in range(0, 0 if dry_run else len(ids), _IDS_AT_ONCE):
            await _again(ids[start : start + _IDS_AT_ONCE])
    return counts


async def _again(ids: list[str]) -> None:
    values = {"status": "pending", "nextAttemptAt": datetime.now(UTC), "tries": 0, "lease": None}
    await WebhookDelivery.get_pymongo_collection().update_many(
        {"_id": {"$in": ids}}, {"$set": {**values, "failedBecause": None, "deliveredAt": None}}
    )


def _check_active(config: ConfigService, endpoint_id: str) -> None:
    if not config.get_webhook(endpoint_id).is_active:
        raise ConflictError(
            f"the webhook {endpoint_id} is switched off; `trackerctl webhook update {endpoint_id} --active` first"
        )


async def send_test(target: WebhookTarget, client: WebhookClient, event_type: str | None = None) -> dict[str, Any]:
    """Send a signed example now, whether or not the endpoint is on. Nothing is kept of it, nothing tried again.

    :param event_type: of :data:`tracker.webhooks.payloads.EVENT_TYPES`; ``None`` = the first that the endpoint is
        told.
    :returns: ``{messageId, endpointId, eventType, delivered, status, milliseconds, error, answer}``.
    :raises InvalidError: when there is no such event type.
    """
    kind = event_type or next((one for one in target.event_types if one in EVENT_TYPES), "lead.created")
    if kind not in EVENT_TYPES:
        raise InvalidError(f"an event type is one of {', '.join(EVENT_TYPES)}")
    now = datetime.now(UTC)
    message_id = f"msg_{uuid4().hex}"
    answer = await send(client, target, message_id, body(example_message(kind, target.client_id, now), now))
    return {
        "messageId": message_id,
        "endpointId": target.endpoint_id,
        "eventType": kind,
        "delivered": answer.error is None,
        "status": answer.status,
        "milliseconds": answer.milliseconds,
        "error": answer.error,
        "answer": answer.text,
    }
