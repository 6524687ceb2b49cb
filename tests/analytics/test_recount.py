"""The figures equal a recount from the raw documents, whatever came and whatever was deleted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics.recount import FORM_EVENTS, Figures, recount, stored_rows
from tests.fixtures.world import make_settings
from tracker.analytics.changes import span
from tracker.analytics.service import rebuild_days
from tracker.documents import open_documents
from tracker.settings import Settings
from tracker.stores.documents import Documents

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LATER = MIDNIGHT + timedelta(days=80)
URLS = ("https://shop.example/a", "https://User@Other.Example:8443/x?y#z", "", "no url", "android-app://com.app/", 7)
FORMS = (None, "f1", "$form")
TOUCH = {
    "utmSource": ("news", "$sum", ""),
    "utmMedium": ("email", ""),
    "utmCampaign": ("spring", "$$ROOT", ["x"]),
    "gclid": ("g1",),
    "fbclid": ("f1",),
    "msclkid": ("m1", None),
    "referrer": URLS,
}


class Site:
    """Makes documents that meet often: few visits and forms, around midnights."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.client_id = str(uuid4())

    def events(self) -> list[dict[str, Any]]:
        return [self._event(number) for number in range(self._random.randint(0, 90))]

    def sessions(self) -> list[dict[str, Any]]:
        known = [name for name in ("s1", "s2", "s3", "s4") if self._random.random() < 0.8]
        return [
            self._document(sessionId=name, startedAt=at, endedAt=at, touch=self._touch(), test=name == "s4")
            for name in known
            for at in [self._time()]
        ]

    def leads(self) -> list[dict[str, Any]]:
        return [
            self._document(
                leadId=str(number),
                createdAt=self._time(),
                formId=self._random.choice(FORMS),
                test=self._random.random() < 0.2,
                attribution={"first": self._touch()} if self._random.random() < 0.8 else {},
            )
            for number in range(self._random.randint(0, 6))
        ]

    def _event(self, number: int) -> dict[str, Any]:
        kind = self._random.choice(("page_view", "custom", *sorted(FORM_EVENTS)))
        event = self._document(eventId=str(number), eventType=kind, timestamp=self._time())
        choices = {"sessionId": ("s1", "s2", "s3", None), "visitorId": ("v1", "v2", None), "formId": FORMS}
        event |= {name: chosen for name, values in choices.items() if (chosen := self._random.choice(values))}
        if self._random.random() < 0.1:
            event["test"] = True
        if self._random.random() < 0.3:
            event["metadata"] = self._touch()
        if self._random.random() < 0.3:
            event["payload"] = {"page": {name: self._random.choice(URLS) for name in ("url", "referrer")}}
        return event

    def _document(self, **values: Any) -> dict[str, Any]:
        return {"clientId": self.client_id, "expiresAt": LATER, **values}

    def _touch(self) -> dict[str, Any]:
        return {name: self._random.choice(values) for name, values in TOUCH.items() if self._random.random() < 0.2}

    def _time(self) -> datetime:
        """Mostly within three hours of a midnight, where the rules are."""
        minutes = self._random.randint(-180, 180) if self._random.random() < 0.8 else self._random.randint(0, 1439)
        return MIDNIGHT + timedelta(days=self._random.randint(-3, 0), minutes=minutes)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_rows_equal_a_recount_also_after_deletions_and_of_two_rebuilds_at_once(
    document_settings: Settings, seed: int
) -> None:
    async def check() -> None:
        random = Random(seed)
        async with open_documents(document_settings, indexes=True) as documents:
            site = Site(random)
            for name, rows in (("events", site.events()), ("sessions", site.sessions()), ("leads", site.leads())):
                if rows:
                    await documents.database[name].insert_many(rows)
            await rebuilt(documents, site.client_id)
            for name in ("events", "sessions", "leads"):
                await _delete_some(documents, name, site.client_id, random)
            before = await rebuilt(documents, site.client_id)
            await asyncio.gather(rebuilt(documents, site.client_id), rebuilt(documents, site.client_id))
            assert (await stored_rows(documents, site.client_id))[0] == before

    asyncio.run(check())


async def _delete_some(documents: Documents, name: str, client_id: str, random: Random) -> None:
    ids = [row["_id"] async for row in documents.database[name].find({"clientId": client_id}, {"_id": 1}).sort("_id")]
    gone = [one for one in ids if random.random() < 0.4]
    await documents.database[name].delete_many({"_id": {"$in": gone}})


async def rebuilt(documents: Documents, client_id: str) -> Figures:
    """Rebuild all days, compare, and return what is stored."""
    await rebuild_days(client_id, await span(client_id), make_settings())
    rows, computed = await stored_rows(documents, client_id)
    assert rows == await recount(documents, client_id, computed)
    return rows
