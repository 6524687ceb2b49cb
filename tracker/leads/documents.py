"""Leads as they are stored (technical design §2.4, decisions §6). Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from beanie import Document
from pymongo import ASCENDING, DESCENDING, IndexModel

LeadStatus = Literal["partial", "submitted", "chat_inquiry"]
LeadQuality = Literal["low", "medium", "high"]


class Lead(Document):
    """A person who showed interest in one client's offer.

    ``current`` marks the one lead of an e-mail that new events may join; the unique index over it is what makes two
    simultaneous submissions one lead. ``attributeAt`` holds the event time behind each attribute, so that the order
    in which events arrive does not matter. ``phone`` is as typed, ``phoneE164`` the same number in E.164 where it can
    be read. ``edits`` holds what people have set by hand, ``{name: {value, at, by}}``, ``said`` what the events say
    instead (`tracker.leads.overlay`); ``notes`` and ``tags`` are theirs alone. ``syncRequestedAt``: when somebody
    last asked for the lead to be brought to the CRM. ``crmErrors``: the last ten ``{at, code, message, retryable}``;
    ``crmRecords``: what each account holds of the lead ``{connectionId, mappedTo, entity, crmId, at, sent: [[field,
    hash]]}``; ``crmHeld``: a CRM asks for a look at a duplicate. ``formProgress``: per cent of the form, the most
    that was seen. ``spam``: its latest submission, or without one any of its events, gave ``spamReasons``
    (`tracker.leads.spam`), or somebody said so; false beside reasons when somebody said that it is none.
    ``consent``: how the person's decision stands ``{state, version, at}``, ``consentHistory`` what that follows from
    (`tracker.privacy.consent`).
    ``history``: at most 50 decisions ``{at, eventId, decision, reason, status, changed, kept,
    otherLeadId}``.
    """

    leadId: str
    clientId: str
    formId: str | None = None
    email: str | None = None
    name: str | None = None
    firstName: str | None = None
    lastName: str | None = None
    phone: str | None = None
    phoneE164: str | None = None
    company: str | None = None
    message: str | None = None
    fields: dict[str, Any] = {}
    attributeAt: dict[str, datetime] = {}
    status: LeadStatus
    quality: LeadQuality
    source: str
    sessionId: str | None = None
    visitorId: str | None = None
    utmSource: str | None = None
    utmMedium: str | None = None
    utmCampaign: str | None = None
    referrer: str | None = None
    landingPage: str | None = None
    attribution: dict[str, Any] = {}
    crmSynced: bool = False
    crmSyncedAt: datetime | None = None
    crmId: str | None = None
    crmErrors: list[dict[str, Any]] = []
    crmRecords: list[dict[str, Any]] = []
    crmHeld: bool = False
    formProgress: int | None = None
    syncRequestedAt: datetime | None = None
    spam: bool = False
    spamReasons: list[str] = []
    consent: dict[str, Any] | None = None
    consentHistory: list[dict[str, Any]] = []
    notes: str | None = None
    tags: list[str] | None = None
    edits: dict[str, Any] = {}
    said: dict[str, list[Any]] = {}
    history: list[dict[str, Any]] = []
    test: bool = False
    current: bool | None = None
    submittedAt: datetime | None = None
    abandonedAt: datetime | None = None
    lastInteractionAt: datetime
    createdAt: datetime
    updatedAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "leads"
        indexes = [
            IndexModel([("clientId", ASCENDING), ("leadId", ASCENDING)], name="client_lead", unique=True),
            IndexModel(
                [("clientId", ASCENDING), ("email", ASCENDING), ("test", ASCENDING)],
                name="client_email_current",
                unique=True,
                partialFilterExpression={"current": True},
            ),
            IndexModel([("clientId", ASCENDING), ("createdAt", DESCENDING)], name="client_created"),
            IndexModel([("email", ASCENDING)], name="email"),
            IndexModel([("status", ASCENDING), ("createdAt", DESCENDING)], name="status_created"),
            IndexModel([("quality", ASCENDING)], name="quality"),
            IndexModel([("visitorId", ASCENDING)], name="visitor"),
            IndexModel([("crmSynced", ASCENDING), ("crmSyncedAt", ASCENDING)], name="crm_sync"),
            IndexModel([("sessionId", ASCENDING)], name="session"),
            # Small: a lead leaves it when it is submitted or given up.
            IndexModel(
                [("lastInteractionAt", ASCENDING)],
                name="open_partials",
                partialFilterExpression={"status": "partial", "source": "form_interaction"},
            ),
        ]
