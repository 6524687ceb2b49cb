"""What webhooks keep in MongoDB. Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from beanie import Document
from pymongo import ASCENDING, DESCENDING, IndexModel

DeliveryStatus = Literal["pending", "delivered", "failed"]
LIFE = timedelta(days=90)
"""After that a delivery and its payload are gone."""


class WebhookDelivery(Document):
    """One message to one endpoint: the outbox and the log of what became of it. ``_id`` is its ``webhook-id``.

    ``payload`` is the body, byte by byte as it was when the lead changed. ``nextAttemptAt`` is when a pending one is
    due; while a worker has it in its hands that is when somebody else may take it, and ``lease`` is that worker's
    mark. ``tries`` counts attempts since it was made or sent again, ``attempts`` all of them; ``log`` holds the last
    20, ``{at, status, milliseconds, error, answer}``, ``answer`` being the first bytes of what came back.
    ``failedBecause``: ``attempts`` (all spent), ``gone``, ``disabled`` or ``deleted`` (the endpoint).
    """

    clientId: str
    endpointId: str
    eventType: str
    leadId: str | None = None
    payload: bytes
    status: DeliveryStatus = "pending"
    nextAttemptAt: datetime | None = None
    lease: str | None = None
    tries: int = 0
    attempts: int = 0
    log: list[dict[str, Any]] = []
    deliveredAt: datetime | None = None
    failedBecause: str | None = None
    createdAt: datetime
    expiresAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "webhook_deliveries"
        indexes = [
            # Small: a delivery leaves it when it has arrived or been given up.
            IndexModel(
                [("nextAttemptAt", ASCENDING), ("endpointId", ASCENDING)],
                name="due",
                partialFilterExpression={"status": "pending"},
            ),
            IndexModel([("createdAt", DESCENDING), ("_id", DESCENDING)], name="created"),
            IndexModel(
                [("clientId", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)], name="client_created"
            ),
            IndexModel(
                [("endpointId", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)], name="endpoint_created"
            ),
            IndexModel([("clientId", ASCENDING), ("leadId", ASCENDING)], name="client_lead"),
            IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0),
        ]


class WebhookFailing(Document):
    """An endpoint that has taken nothing since ``since``; ``_id`` is the endpoint's. The next success removes it."""

    clientId: str
    since: datetime
    expiresAt: datetime

    class Settings:
        """Collection and indexes: what nobody tries any more is forgotten."""

        name = "webhook_failing"
        indexes = [IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0)]
