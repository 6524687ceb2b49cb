"""Which days hold for a client, and from where."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, a_client, a_draft
from tests.fixtures.world import make_settings
from tracker.config import values
from tracker.config.records import ClientSettings, Retention
from tracker.errors import InvalidError
from tracker.pipeline.event_document import expires_at, session_expires_at
from tracker.privacy.retention import STORES, event_days, periods_of, session_days

DAYS = st.none() | st.integers(1, values.MAX_RETENTION_DAYS)
LEAD_DAYS = DAYS | st.just("forever")


def days_of(settings: ClientSettings, own: int | None = None) -> list[tuple[int | None, str]]:
    periods = periods_of(settings, own, 90)
    return [(periods.of(store).days, periods.of(store).source) for store in STORES]


def with_retention(**days: object) -> ClientSettings:
    return ClientSettings(retention=Retention(**days))  # type: ignore[arg-type]


def test_without_anything_set_all_but_leads_in_a_crm_end_with_the_installations_days() -> None:
    usual = (90, "TRACKER_RETENTION_DAYS")
    assert days_of(ClientSettings()) == [usual, usual, usual, (None, "default")]


def test_a_clients_own_days_come_before_the_installations() -> None:
    own = (30, "retentionDays")
    assert days_of(ClientSettings(), 30) == [own, own, own, (None, "default")]


def test_each_kind_has_days_of_its_own_and_sessions_follow_events() -> None:
    events = (10, "retention.eventsDays")
    found = days_of(with_retention(events_days=10, synced_leads_days=400), 30)
    assert found == [events, events, (30, "retentionDays"), (400, "retention.syncedLeadsDays")]
    found = days_of(with_retention(sessions_days=5, unsynced_leads_days="forever"))
    assert found[1:3] == [(5, "retention.sessionsDays"), (None, "retention.unsyncedLeadsDays")]


@given(events=DAYS, sessions=DAYS, unsynced=LEAD_DAYS, synced=LEAD_DAYS, own=DAYS, installed=st.integers(1, 900))
def test_documents_get_the_days_that_are_shown(
    events: int | None, sessions: int | None, unsynced: object, synced: object, own: int | None, installed: int
) -> None:
    settings = with_retention(
        events_days=events, sessions_days=sessions, unsynced_leads_days=unsynced, synced_leads_days=synced
    )
    client = msgspec.structs.replace(a_client(retention_days=own), settings=settings)
    shown = periods_of(settings, own, installed)
    assert (event_days(client, installed), session_days(client, installed)) == (shown.events.days, shown.sessions.days)
    assert shown.synced_leads.days == (synced if isinstance(synced, int) else None)


def test_events_and_sessions_end_so_many_days_after_they_came() -> None:
    settings = with_retention(events_days=3, sessions_days=8)
    client = msgspec.structs.replace(a_client(), settings=settings)
    draft = a_draft({"sessionId": "s"}, client, received_at=NOON)
    assert expires_at(draft, make_settings()) == NOON + timedelta(days=3)
    assert session_expires_at(draft, make_settings()) == NOON + timedelta(days=8)


@pytest.mark.parametrize("days", [0, -1, values.MAX_RETENTION_DAYS + 1, "soon", 1.5, True], ids=str)
@pytest.mark.parametrize("name", ["eventsDays", "sessionsDays", "unsyncedLeadsDays", "syncedLeadsDays"])
def test_days_that_cannot_be_are_refused(name: str, days: object) -> None:
    with pytest.raises(InvalidError, match=name):
        values.client_settings({}, {"retention": {name: days}})


def test_only_leads_are_kept_for_ever() -> None:
    assert values.client_settings({}, {"retention": {"syncedLeadsDays": "forever"}})
    with pytest.raises(InvalidError, match="eventsDays"):
        values.client_settings({}, {"retention": {"eventsDays": "forever"}})
