"""What one event says about a lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.leads.documents import LeadQuality, LeadStatus
from tracker.privacy.consent import Consent

# What names a campaign or a click in a touch; referrer and landing page stand beside them.
CAMPAIGN_NAMES = (
    "utmSource",
    "utmMedium",
    "utmCampaign",
    "utmTerm",
    "utmContent",
    "gclid",
    "fbclid",
    "msclkid",
)

# A lead moves forward only.
STATUS_ORDER: dict[LeadStatus, int] = {"chat_inquiry": 0, "partial": 1, "submitted": 2}


@dataclass(slots=True)
class LeadFacts:
    """One event's contribution.

    :ivar attributes: lead attributes by their stored names (``firstName``, …), never empty values.
    :ivar phone_e164: ``attributes["phone"]`` in E.164, where it can be read.
    :ivar fields: everything else that was in the form.
    :ivar at: event time, aware UTC.
    :ivar form: which form of the visit this is about, so that what was typed without the e-mail finds its lead;
        ``chat`` for the chat.
    :ivar reachable: there is a way to reach the person, so that the event may begin a lead.
    :ivar awaits_email: a submission that holds all that its form asks for but the e-mail.
    :ivar touch: where the visitor came from, as the event's own page shows it.
    :ivar progress: per cent of the form that were filled in then, where the browser script said so.
    :ivar spam: what speaks for the event being spam (`tracker.leads.spam`).
    :ivar visit: the same of the first event of its session, and when that was: a form is seldom on the landing page.
    :ivar consent: how the visitor's decision stood, and ``visit_consents`` the record of its visit.
    """

    event_id: str
    client_id: str
    test: bool
    at: datetime
    status: LeadStatus
    quality: LeadQuality
    source: str
    email: str | None
    attributes: dict[str, str]
    phone_e164: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    form_id: str | None = None
    form: str = ""
    reachable: bool = True
    awaits_email: bool = False
    session_id: str | None = None
    visitor_id: str | None = None
    touch: dict[str, str] = field(default_factory=dict)
    visit: tuple[datetime, dict[str, str]] | None = None
    progress: int | None = None
    spam: tuple[str, ...] = ()
    consent: Consent | None = None
    visit_consents: list[dict[str, Any]] = field(default_factory=list)

    @property
    def identity(self) -> tuple[str, bool, str] | None:
        """What leads are de-duplicated by, ``None`` for a lead without e-mail."""
        return (self.client_id, self.test, self.email) if self.email else None

    @property
    def order(self) -> tuple[datetime, int, str]:
        """By what events of one batch are taken in turn: however they came, the result is the same.

        Of one millisecond what was typed comes before the submission that it led to.
        """
        return self.at, STATUS_ORDER[self.status], self.event_id
