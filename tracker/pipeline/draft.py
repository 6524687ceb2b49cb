"""What the steps work on: one event on its way from the wire to the documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bson import ObjectId

from tracker.config.records import ClientRecord
from tracker.leads.facts import LeadFacts
from tracker.leads.spam import SpamRules
from tracker.privacy.consent import Consent
from tracker.queue import QueuedBatch, QueuedEvent


@dataclass(slots=True)
class PageView:
    """One page seen in a session."""

    url: str
    title: str | None
    timestamp: datetime


@dataclass(slots=True)
class Draft:
    """An event between the steps. ``raw`` is what came; each step fills in what is below it.

    Times are aware UTC. ``touch`` holds utm_* and click ids, referrer and landing page of the page it came from;
    ``region`` is that of phone numbers without a ``+``; ``stored_id`` the document of an event that was stored before;
    ``spam`` what speaks for it being spam, ``None`` = not looked at yet, and ``rules`` by which that is told;
    ``stripped`` why it says nothing of a person any more (`tracker.privacy.strip`); ``erased``: its person was erased;
    ``consent`` how its visitor's decision stood, ``denied_by`` whose decision it is, where it is a refusal itself;
    ``held`` what was taken out to be kept as a draft (`tracker.privacy.drafts`).
    """

    client: ClientRecord
    batch: QueuedBatch
    queued: QueuedEvent
    raw: dict[str, Any]
    received_at: datetime

    event_type: str = ""
    timestamp: datetime = datetime.min
    clamped: bool = False
    session_id: str | None = None
    visitor_id: str | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    ip_address: str | None = None
    geo: dict[str, str] | None = None
    user_agent: str | None = None
    touch: dict[str, str] = field(default_factory=dict)
    lead: LeadFacts | None = None
    lead_id: str | None = None
    region: str = "US"
    stored_id: ObjectId | None = None
    spam: tuple[str, ...] | None = None
    rules: SpamRules = field(default_factory=SpamRules)
    stripped: str | None = None
    erased: bool = False
    consent: Consent | None = None
    denied_by: str | None = None
    held: dict[str, Any] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What the event is unique by."""
        return self.client.client_id, self.queued.event_id

    @property
    def form(self) -> dict[str, Any]:
        """``payload.form``, empty for events without a form."""
        form: dict[str, Any] = self.payload.get("form") or {}
        return form
