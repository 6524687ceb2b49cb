"""For how many days a client's data is kept (technical design §8.3, decisions §6). Pure.

========================  ===============================================  =========================================
what                      where its days come from, the first that is set  from when they count
========================  ===============================================  =========================================
events                    ``retention.eventsDays``, ``retentionDays`` of   when the event was received
                          the client, ``TRACKER_RETENTION_DAYS``
sessions                  ``retention.sessionsDays``, then as events       when the visit's first event was received
leads no CRM has          ``retention.unsyncedLeadsDays``, then as         the last change, by events or by hand
                          ``retentionDays``
leads that a CRM has      ``retention.syncedLeadsDays``, then for ever     the same
========================  ===============================================  =========================================
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tracker.config.records import ClientRecord, ClientSettings

Store = Literal["events", "sessions", "unsyncedLeads", "syncedLeads"]
STORES: tuple[Store, ...] = ("events", "sessions", "unsyncedLeads", "syncedLeads")
FOREVER: Literal["forever"] = "forever"


@dataclass(frozen=True, slots=True)
class Period:
    """How long one kind of data is kept.

    :ivar days: ``None`` = until somebody deletes it.
    :ivar source: where that was set: a setting of the client, one of the installation, or ``default``.
    """

    days: int | None
    source: str

    def cutoff(self, now: datetime) -> datetime | None:
        """What is older goes; ``None`` = nothing does."""
        return None if self.days is None else now - timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Periods:
    """All periods of one client."""

    events: Period
    sessions: Period
    unsynced_leads: Period
    synced_leads: Period

    def of(self, store: Store) -> Period:
        """The period of one kind of data, by its name in views."""
        return {
            "events": self.events,
            "sessions": self.sessions,
            "unsyncedLeads": self.unsynced_leads,
            "syncedLeads": self.synced_leads,
        }[store]


def periods_of(settings: ClientSettings, retention_days: int | None, installation_days: int) -> Periods:
    """The periods in force.

    :param retention_days: of the client, ``None`` = not set.
    :param installation_days: ``TRACKER_RETENTION_DAYS``.
    """
    own = settings.retention
    usual = Period(installation_days, "TRACKER_RETENTION_DAYS")
    if retention_days:
        usual = Period(retention_days, "retentionDays")
    events = usual if own.events_days is None else Period(own.events_days, "retention.eventsDays")
    return Periods(
        events=events,
        sessions=events if own.sessions_days is None else Period(own.sessions_days, "retention.sessionsDays"),
        unsynced_leads=_leads(own.unsynced_leads_days, "retention.unsyncedLeadsDays", usual),
        synced_leads=_leads(own.synced_leads_days, "retention.syncedLeadsDays", Period(None, "default")),
    )


def _leads(days: int | Literal["forever"] | None, source: str, default: Period) -> Period:
    if days is None:
        return default
    return Period(None if days == FOREVER else days, source)


def event_days(client: ClientRecord, installation_days: int) -> int:
    """Days that an event of the client lives; asked for each event."""
    return client.settings.retention.events_days or client.retention_days or installation_days


def session_days(client: ClientRecord, installation_days: int) -> int:
    """Days that a session of the client lives."""
    return client.settings.retention.sessions_days or event_days(client, installation_days)
