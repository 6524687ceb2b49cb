"""What the sync keeps in MongoDB. Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from beanie import Document
from pymongo import ASCENDING, DESCENDING, IndexModel

CircuitReason = Literal["away", "limit", "reserve", "credentials", "refused", "unexpected"]


class CrmDue(Document):
    """One lead that one account is to be told of: the outbox. ``_id`` is ``<connectionId>:<leadId>``.

    ``token`` is another one after each change of the lead, so that what was done for an earlier state does not take
    away what is due for a later one. ``tries`` counts refusals that may pass. ``task`` says what is to be done: a lead
    that was deleted here is deleted there by ``crmIds``, which maps entities to ids.
    """

    connectionId: str
    clientId: str
    leadId: str
    dueAt: datetime
    token: str
    tries: int = 0
    force: bool = False
    task: Literal["upsert", "delete"] = "upsert"
    crmIds: dict[str, str] = {}
    createdAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "crm_due"
        indexes = [
            IndexModel([("connectionId", ASCENDING), ("dueAt", ASCENDING)], name="connection_due"),
            IndexModel([("clientId", ASCENDING), ("leadId", ASCENDING)], name="client_lead"),
        ]


class CrmState(Document):
    """How it stands with one account. ``_id`` is the connection's.

    ``lease``: the worker that has the account in its hands ``{worker, until}``. ``circuit``: why and until when the
    account is left alone ``{reason, detail, until, failures, version}``. ``usage``: its budget as last heard ``{used,
    limit, windowSeconds, at}``; ``samples``: the last of these, one for each quarter of an hour. ``totals``: leads by
    outcome.
    """

    clientId: str
    lease: dict[str, Any] | None = None
    circuit: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    samples: list[dict[str, Any]] = []
    totals: dict[str, int] = {}
    lastSuccessAt: datetime | None = None
    lastTryAt: datetime | None = None

    class Settings:
        """Collection."""

        name = "crm_state"
        indexes = [IndexModel([("clientId", ASCENDING)], name="client")]


class CrmAttempt(Document):
    """One record in one call, for `lead trace`: which fields went over, never their values; gone after thirty days."""

    connectionId: str
    clientId: str
    leadId: str
    entity: str
    at: datetime
    fields: list[str] = []
    outcome: str
    crmId: str | None = None
    code: str | None = None
    message: str | None = None
    seconds: float = 0.0
    expiresAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "crm_attempts"
        indexes = [
            IndexModel([("clientId", ASCENDING), ("leadId", ASCENDING), ("at", DESCENDING)], name="client_lead_at"),
            IndexModel([("connectionId", ASCENDING), ("at", DESCENDING)], name="connection_at"),
            IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0),
        ]
