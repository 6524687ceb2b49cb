"""Events and sessions as they are stored (technical design §2.4, decisions §6). Attribute names are the stored ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from beanie import Document
from pymongo import ASCENDING, DESCENDING, IndexModel

TTL = IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0)


class Event(Document):
    """One event in the one stored shape: ``payload.form.{formId,formName,fields}``,
    ``payload.page.{url,path,title,referrer}``, beside what else the payload held.

    ``attachedBy``: the ``identify`` event whose lead an earlier event of its visitor was given. ``stripped``: why all
    that says who somebody is was taken out before it was stored.
    ``noToken``: it came without a valid site token, where the client prefers them. ``spamReasons``:
    of `tracker.leads.spam`, for events that speak of a person.
    """

    eventId: str
    clientId: str
    formId: str | None = None
    leadId: str | None = None
    attachedBy: str | None = None
    eventType: str
    payload: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    sessionId: str | None = None
    visitorId: str | None = None
    userAgent: str | None = None
    ipAddress: str | None = None
    geo: dict[str, Any] | None = None
    stripped: str | None = None
    noToken: bool = False
    spamReasons: list[str] = []
    test: bool = False
    timestamp: datetime
    createdAt: datetime
    expiresAt: datetime

    class Settings:
        """Collection and indexes. The e-mail index is sparse: most events hold none."""

        name = "events"
        indexes = [
            IndexModel([("clientId", ASCENDING), ("eventId", ASCENDING)], name="client_event", unique=True),
            IndexModel([("clientId", ASCENDING), ("timestamp", DESCENDING)], name="client_time"),
            IndexModel([("eventType", ASCENDING), ("timestamp", DESCENDING)], name="type_time"),
            IndexModel([("sessionId", ASCENDING)], name="session"),
            IndexModel([("visitorId", ASCENDING)], name="visitor"),
            IndexModel([("payload.form.fields.email", ASCENDING)], name="email", sparse=True),
            TTL,
        ]


class Session(Document):
    """A visit: what was seen and done between two pauses of thirty minutes. ``duration`` in seconds.

    ``leads`` tells which lead each of its forms belongs to (``tracker.leads.visits``), ``waiting`` how many of its
    events wait for such a lead, ``identifiedAt`` when its visitor was last identified, ``settled`` how often the
    visitor's events were looked at since (see ``tracker.pipeline.attach``). ``consents``: what its events say of
    consent (`tracker.privacy.consent`); ``submittedForms``: when each form with drafts was submitted last.
    """

    sessionId: str
    clientId: str
    visitorId: str | None = None
    startedAt: datetime
    endedAt: datetime
    duration: int
    pageViews: list[dict[str, Any]] = []
    pageViewCount: int = 0
    eventCount: int = 0
    formSubmissions: int = 0
    utmParams: dict[str, str] = {}
    touch: dict[str, str] = {}
    touchAt: datetime | None = None
    referrer: str | None = None
    landingPage: str | None = None
    userAgent: str | None = None
    device: str | None = None
    browser: str | None = None
    os: str | None = None
    geo: dict[str, Any] | None = None
    leads: list[dict[str, Any]] = []
    waiting: int = 0
    identifiedAt: datetime | None = None
    settled: int = 0
    consents: list[dict[str, Any]] = []
    submittedForms: list[dict[str, Any]] = []
    test: bool = False
    createdAt: datetime
    updatedAt: datetime
    expiresAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "sessions"
        indexes = [
            IndexModel([("clientId", ASCENDING), ("sessionId", ASCENDING)], name="client_session", unique=True),
            IndexModel([("clientId", ASCENDING), ("startedAt", DESCENDING)], name="client_start"),
            IndexModel([("visitorId", ASCENDING)], name="visitor"),
            # Few sessions are of a visitor who was identified; every batch asks for those of its visitors.
            IndexModel(
                [("clientId", ASCENDING), ("visitorId", ASCENDING), ("identifiedAt", ASCENDING)],
                name="identified",
                partialFilterExpression={"identifiedAt": {"$gt": datetime(1970, 1, 1, tzinfo=UTC)}},
            ),
            TTL,
        ]
