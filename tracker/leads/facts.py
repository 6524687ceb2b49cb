"""What one event says about a lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.leads.documents import LeadQuality, LeadStatus

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


@dataclass(slots=True)
class LeadFacts:
    """One event's contribution.

    :ivar attributes: lead attributes by their stored names (``firstName``, …), never empty values.
    :ivar fields: everything else that was in the form.
    :ivar at: event time, aware UTC.
    :ivar touch: where the visitor came from, as the event's own page shows it.
    :ivar visit: the same of the first event of its session, and when that was: a form is seldom on the landing page.
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
    fields: dict[str, Any] = field(default_factory=dict)
    form_id: str | None = None
    session_id: str | None = None
    visitor_id: str | None = None
    touch: dict[str, str] = field(default_factory=dict)
    visit: tuple[datetime, dict[str, str]] | None = None

    @property
    def identity(self) -> tuple[str, bool, str] | None:
        """What leads are de-duplicated by, ``None`` for a lead without e-mail."""
        return (self.client_id, self.test, self.email) if self.email else None
