"""Compares what was acknowledged with what is stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.faults.load import Event
from tests.fixtures.system import System
from tests.fixtures.world import make_settings
from tracker.accounts import read_books, total
from tracker.deadletters.places import open_places
from tracker.deadletters.select import Filter, newest_entries
from tracker.settings import Settings

_MOST_LETTERS = 100_000


@dataclass(frozen=True)
class Verdict:
    """The difference between the acknowledged and the stored; all but ``acknowledged``, ``repeated`` should be 0.

    :ivar repeated: accepted copies of events that were stored already: answers that did not reach the sender.
    :ivar lost: acknowledged events that are neither stored nor a dead letter.
    :ivar lost_leads: e-mails of acknowledged events without a lead.
    :ivar twice: events, leads of one e-mail, that are there more than once.
    :ivar sessions_off: sessions whose counters are not those of their stored events.
    :ivar unaccounted: what the service's own books say about itself.
    """

    acknowledged: int
    repeated: int
    lost: int
    lost_leads: int
    twice: int
    sessions_off: int
    dead_letters: int
    unaccounted: int

    @property
    def flawless(self) -> bool:
        """Whether everything is there once."""
        return not any((self.lost, self.lost_leads, self.duplicated, self.dead_letters, self.unaccounted))

    @property
    def duplicated(self) -> int:
        """Whatever is there, or was counted, more than once."""
        return self.twice + self.sessions_off


def books_settings(system: System) -> Settings:
    """Settings that read the books of a system."""
    return make_settings(redis_url=system.settings["TRACKER_REDIS_URL"])


def compare(system: System, client_id: str, offered: Iterable[Event], acknowledged: set[str]) -> Verdict:
    """Look at all documents of a client, once nothing waits any more."""
    stored = list(
        system.database.events.find({"clientId": client_id}, {"eventId": 1, "eventType": 1, "sessionId": 1, "_id": 0})
    )
    copies = Counter(row["eventId"] for row in stored)
    leads = Counter(row["email"] for row in system.database.leads.find({"clientId": client_id}, {"email": 1}))
    expected = {email for event in offered if event["id"] in acknowledged and (email := email_of(event))}
    letters = asyncio.run(_dead_letters(system))
    books = total(asyncio.run(read_books(books_settings(system))))
    return Verdict(
        acknowledged=len(acknowledged),
        repeated=books.outcomes["duplicate"],
        lost=len(acknowledged - copies.keys() - letters),
        lost_leads=len(expected - leads.keys()),
        twice=_more_than_one(copies) + _more_than_one(leads),
        sessions_off=_sessions_off(system, client_id, stored),
        dead_letters=len(letters),
        unaccounted=books.unaccounted,
    )


def email_of(event: Event) -> str | None:
    """The e-mail that an event of the load holds."""
    email = event["payload"].get("fields", {}).get("email")
    return str(email) if email else None


def _more_than_one(counts: Counter[str]) -> int:
    return sum(number - 1 for number in counts.values())


def _sessions_off(system: System, client_id: str, stored: list[dict[str, Any]]) -> int:
    """Sessions that differ from a count of their events, missing ones and strangers too."""
    counted: dict[str, Counter[str]] = {}
    for row in stored:
        if row.get("sessionId"):
            counted.setdefault(row["sessionId"], Counter())[row["eventType"]] += 1
    recount = {
        session: (kinds.total(), kinds["page_view"], kinds["form_submission"]) for session, kinds in counted.items()
    }
    kept = {
        row["sessionId"]: (row["eventCount"], row["pageViewCount"], row["formSubmissions"])
        for row in system.database.sessions.find({"clientId": client_id})
    }
    return sum(kept.get(session) != recount.get(session) for session in kept.keys() | recount.keys())


async def _dead_letters(system: System) -> set[str]:
    async with open_places(books_settings(system)) as places:
        found = await newest_entries(places, Filter(), _MOST_LETTERS)
    return {event.event_id for entry in found if entry.letter for event in entry.letter.batch.events}
