"""What is stored about privacy itself. Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime

from beanie import Document
from pymongo import ASCENDING, IndexModel


class Suppression(Document):
    """``_id``: reason and keyed hash. ``clientId``: whom it is limited to. ``before``: of an erasure, events received
    until then are meant. ``what``: reason and kind, so that workers learn cheaply which there are. ``visits``: clients
    and sessions of events that were dropped by this mark; until the erasure has looked there, nothing else names them.
    """

    id: str  # type: ignore[assignment]
    what: str
    clientId: str | None = None
    before: datetime | None = None
    visits: list[list[str]] = []
    createdAt: datetime
    createdBy: str | None = None
    expiresAt: datetime | None = None

    class Settings:
        """Collection and indexes."""

        name = "suppressions"
        indexes = [
            IndexModel([("what", ASCENDING)], name="what"),
            IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0),
        ]


class RetentionMark(Document):
    """Which days the stored documents of a client (``id``) were given last.

    ``changedAt``: when other days were first seen; ``null`` once no document can have the old ones any more: workers
    may hold a client's old record for a moment, so that a pass over all documents counts only if it began late enough.
    ``position``: how far the pass that is under way came, by collection: the event time of the last document.
    """

    id: str  # type: ignore[assignment]
    eventsDays: int
    sessionsDays: int
    changedAt: datetime | None = None
    passBegan: datetime | None = None
    position: dict[str, datetime] = {}
    appliedAt: datetime | None = None

    class Settings:
        """Collection."""

        name = "retention_marks"
        indexes: list[IndexModel] = []


class LeadDraft(Document):
    """What a visitor has typed into a form and neither sent nor consented to have kept (`tracker.privacy.drafts`).

    ``id`` follows from client, form, session and test flag. ``sealed`` holds the values; ``emailHash`` and
    ``phoneHash`` are keyed hashes of all addresses in it, so that an erasure finds it without opening any.
    """

    id: str  # type: ignore[assignment]
    clientId: str
    formId: str
    sessionId: str
    visitorId: str | None = None
    test: bool = False
    emailHash: list[str] = []
    phoneHash: list[str] = []
    sealed: str
    createdAt: datetime
    updatedAt: datetime
    expiresAt: datetime

    class Settings:
        """Collection and indexes. It is small: a draft lives for days."""

        name = "lead_drafts"
        indexes = [
            IndexModel([("clientId", ASCENDING), ("sessionId", ASCENDING)], name="client_session"),
            IndexModel([("emailHash", ASCENDING)], name="email", sparse=True),
            IndexModel([("phoneHash", ASCENDING)], name="phone", sparse=True),
            IndexModel([("visitorId", ASCENDING)], name="visitor"),
            IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0),
        ]
