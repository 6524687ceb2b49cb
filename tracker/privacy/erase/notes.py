"""What an erasure must remember while it runs, since its traces are deleted one after the other. Pure.

Once a person's leads are gone, nothing else says which browsers and visits were theirs. So that is noted before
anything is deleted, sealed, and a process that takes the work over goes by it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from tracker.privacy.subject import Found, Subject


@dataclass(slots=True)
class Notes:
    """Whom it is about, and what was found.

    :ivar seen: visits of events that waited in a queue and named the person.
    :ivar days: days (UTC) whose figures are to be recomputed, by client.
    """

    subject: Subject
    found: Found = field(default_factory=Found)
    seen: set[tuple[str, str]] = field(default_factory=set)
    days: dict[str, set[date]] = field(default_factory=dict)

    def add(self, more: Found) -> bool:
        """Note what was found besides; tells whether a visitor is new."""
        known = len(self.found.visitors)
        for client, leads in more.leads.items():
            self.found.leads.setdefault(client, set()).update(leads)
        # What was once known to be shared stays so: a later look may not see the other one any more.
        self.found.shared_visitors |= more.shared_visitors
        self.found.shared_sessions |= more.shared_sessions
        self.found.visitors |= more.visitors - self.found.shared_visitors
        self.found.sessions |= more.sessions - self.found.shared_sessions
        return len(self.found.visitors) > known

    def encode(self) -> str:
        """As JSON."""
        found = self.found
        keys = {name: sorted(getattr(found, name)) for name in _KEYS}
        subject = {name: sorted(getattr(self.subject, name)) for name in _ADDRESSES}
        document: dict[str, Any] = {
            "subject": {**subject, "client_id": self.subject.client_id},
            "leads": {client: sorted(leads) for client, leads in found.leads.items()},
            "keys": keys,
            "seen": sorted(self.seen),
            "days": {client: sorted(day.isoformat() for day in days) for client, days in self.days.items()},
        }
        return msgspec.json.encode(document).decode()


_KEYS = ("visitors", "sessions", "shared_visitors", "shared_sessions")
_ADDRESSES = ("emails", "phones", "visitors", "leads")


def decode(text: str) -> Notes:
    """The inverse of :meth:`Notes.encode`."""
    document = msgspec.json.decode(text)
    subject = document["subject"]
    found = Found(leads={client: set(leads) for client, leads in document["leads"].items()})
    for name in _KEYS:
        setattr(found, name, {(client, one) for client, one in document["keys"][name]})
    days = {client: {date.fromisoformat(day) for day in days} for client, days in document["days"].items()}
    emails, phones, visitors, leads = (frozenset(subject[name]) for name in _ADDRESSES)
    seen = {(client, one) for client, one in document.get("seen", ())}
    return Notes(Subject(emails, phones, visitors, subject["client_id"], leads), found, seen, days)
