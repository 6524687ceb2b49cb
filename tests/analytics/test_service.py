"""Refreshing and rebuilding: what is recomputed, what stays, and who may do it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId

from tests.analytics.recount import recount, stored_rows
from tests.fixtures.builders import a_client, interaction, page_view, submission
from tests.pipeline.storing import put
from tracker.analytics import state
from tracker.analytics.service import Rebuilt, _rebuild_day, rebuild, rebuild_days, refresh_analytics
from tracker.config.records import ClientRecord
from tracker.errors import ConflictError
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.replace(hour=0, minute=0, second=0)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def stored(client_id: str, kind: str = "page_view", at: datetime = TODAY, **more: Any) -> dict[str, Any]:
    event = {"clientId": client_id, "eventId": str(uuid4()), "eventType": kind, "timestamp": at}
    return event | {"expiresAt": NOW + 80 * DAY, "sessionId": "s", "formId": "contact"} | more


async def totals(documents: Documents, client_id: str, *names: str) -> list[int]:
    rows, _ = await stored_rows(documents, client_id)
    return [sum(row[name] for row in rows.values()) for name in names]


async def make_old(documents: Documents) -> None:
    """Let all stored events be of long ago, for the next refresh not to look at them."""
    events = documents.database["events"]
    for event in await events.find({"old": None}).to_list():
        await events.delete_one({"_id": event["_id"]})
        old = ObjectId.from_datetime(NOW - DAY).binary[:4] + event["_id"].binary[4:]
        await events.insert_one({**event, "_id": ObjectId(old), "old": True})


# --- refreshing -------------------------------------------------------------------------------------------------------


def a_visit(random: Random, number: int) -> list[dict[str, Any]]:
    """Pages and a form, often over midnight; some have a campaign, some an e-mail."""
    at = TODAY - random.randint(0, 3) * DAY + random.randint(-40, 20) * MINUTE
    ids = {"sessionId": f"s{number % 7}", "visitorId": f"v{number}"}
    query = random.choice(("", "?utm_source=news&utm_medium=email", "?gclid=1"))
    events = [page_view(f"https://shop.example/{query}", at, **ids)]
    for step in range(random.randint(0, 4)):
        make = random.choice((interaction, interaction, submission))
        email = random.choice((None, f"p{number}@shop.example", "ann@shop.example"))
        events.append(make(email, at + (step + 1) * random.randint(1, 30) * MINUTE, **ids))
    return events


async def test_a_document_without_a_time_stops_nobodys_figures(own: Documents, own_settings: Settings) -> None:
    client = a_client()
    await own.database["leads"].insert_one({"clientId": "by-hand", "leadId": "l", "createdAt": None})
    await own.database["events"].insert_one({"clientId": "by-hand", "eventId": "e"})
    await put(Store(own, own_settings), client, page_view())
    assert [(each.client_id, each.rows) for each in await refresh_analytics(own_settings)] == [(client.client_id, 1)]


@pytest.mark.parametrize("seed", range(3))
async def test_refreshing_after_each_delivery_finds_every_day_that_changed(
    own: Documents, own_settings: Settings, seed: int
) -> None:
    random = Random(seed)
    client = a_client()
    events = [event for number in range(25) for event in a_visit(random, number)]
    random.shuffle(events)
    store = Store(own, own_settings)
    while events:
        some = [events.pop() for _ in range(min(len(events), random.randint(1, 15)))]
        await put(store, client, *some)
        await put(store, client, *some[:2])
        await refresh_analytics(own_settings)
        rows, computed = await stored_rows(own, client.client_id)
        assert rows == await recount(own, client.client_id, computed)
        await make_old(own)
    assert await state.due(NOW + DAY) == []
    await store.close()


YESTERDAY = TODAY - DAY
SHOP = "https://shop.example/"
NEWS = f"{SHOP}?utm_source=news"


def at(clock: str, day: datetime = TODAY) -> datetime:
    return day + timedelta(hours=int(clock[:2]), minutes=int(clock[3:]))


def typed(when: datetime, session: str, kind: Any = interaction, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = kind("ann@shop.example", when, sessionId=session, **more)
    return made


# What comes late and changes the figures of a day on which none of it happened: what was there, what comes.
ELSEWHERE = {
    "an attempt of the evening before is completed": (
        [
            page_view(SHOP, at("21:00", YESTERDAY), sessionId="a"),
            interaction(None, at("23:50", YESTERDAY), sessionId="a"),
        ],
        [submission(None, at("00:10"), sessionId="a")],
    ),
    "a lead's form is another one": (
        [typed(at("12:00", YESTERDAY - DAY), "a", form_id="first")],
        [typed(at("01:00", YESTERDAY), "b", submission, form_id="second")],
    ),
    "a lead began earlier": ([typed(at("04:10"), "a")], [typed(at("20:00", YESTERDAY), "b")]),
    "a visit began elsewhere": (
        [page_view(SHOP, at("00:30"), sessionId="a"), page_view(SHOP, at("00:40"), sessionId="a")],
        [page_view(NEWS, at("23:40", YESTERDAY), sessionId="a")],
    ),
    "a visit that had begun came from elsewhere": (
        [
            {"id": "x", "type": "custom", "timestamp": at("23:00", YESTERDAY).timestamp(), "sessionId": "a"},
            page_view(SHOP, at("00:30"), sessionId="a"),
        ],
        [page_view(NEWS, at("23:40", YESTERDAY), sessionId="a")],
    ),
    "a later visit of a lead came from elsewhere": (
        [
            typed(at("12:00", YESTERDAY - DAY), "a"),
            typed(at("12:00", YESTERDAY), "b", payload={"page": {"url": SHOP}}),
        ],
        [page_view(NEWS, at("11:50", YESTERDAY), sessionId="b")],
    ),
}


@pytest.mark.parametrize("case", ELSEWHERE)
async def test_a_day_is_recomputed_though_nothing_of_it_came(own: Documents, own_settings: Settings, case: str) -> None:
    before, late = ELSEWHERE[case]
    client, store = a_client(), Store(own, own_settings)
    await put(store, client, *before)
    await refresh_analytics(own_settings)
    rows, _ = await stored_rows(own, client.client_id)
    await make_old(own)
    await put(store, client, *late)
    await refresh_analytics(own_settings)
    changed, computed = await stored_rows(own, client.client_id)
    assert changed == await recount(own, client.client_id, computed)
    # The case is one: other rows than those of the late events' days have changed.
    there = {datetime.fromtimestamp(event["timestamp"] / 1000, UTC).date().isoformat() for event in late}
    elsewhere = [{key: value for key, value in each.items() if key[0] not in there} for each in (rows, changed)]
    assert elsewhere[0] != elsewhere[1]
    await store.close()


async def test_nothing_is_recomputed_when_nothing_came(own: Documents, own_settings: Settings) -> None:
    client_id = str(uuid4())
    await own.database["events"].insert_one(stored(client_id))
    [done] = await refresh_analytics(own_settings)
    assert done == Rebuilt(client_id, days=1, rows=1)
    await make_old(own)
    assert await refresh_analytics(own_settings) == []


async def test_an_attempt_is_abandoned_when_it_has_waited_long_enough(own: Documents, own_settings: Settings) -> None:
    client_id = str(uuid4())
    last = NOW - 40 * MINUTE
    events = own.database["events"]
    await events.insert_many([stored(client_id, "form_interaction", last - 10 * MINUTE * n) for n in range(2)])
    patient = own_settings.model_copy(update={"abandoned_after_minutes": 60})
    await refresh_analytics(patient)
    assert await totals(own, client_id, "formStarts", "partial", "abandoned") == [1, 1, 0]
    [row] = [row async for row in own.database["analytics_daily"].find({"agesAt": {"$exists": True}})]
    assert row["agesAt"] == last + timedelta(hours=1)
    await make_old(own)
    assert await refresh_analytics(patient) == []
    # The time comes.
    await own.database["analytics_daily"].update_one({"_id": row["_id"]}, {"$set": {"agesAt": NOW - MINUTE}})
    await refresh_analytics(own_settings)
    assert await totals(own, client_id, "partial", "abandoned") == [1, 1]
    assert await refresh_analytics(own_settings) == []


async def test_a_day_stays_due_when_it_changed_while_it_was_recomputed(own: Documents) -> None:
    client_id = str(uuid4())
    await state.mark(client_id, [TODAY.date()])
    [due] = await state.due(NOW)
    await state.mark(client_id, [TODAY.date()])
    await state.unmark(client_id, TODAY.date(), due.days[TODAY.date()])
    [again] = await state.due(NOW)
    await state.unmark(client_id, TODAY.date(), again.days[TODAY.date()])
    assert await state.due(NOW) == []


async def test_a_client_that_takes_long_has_a_rest(own: Documents, own_settings: Settings) -> None:
    client_id = str(uuid4())
    await state.mark(client_id, [TODAY.date()])
    await state.rest(client_id, datetime.now(UTC) + DAY)
    assert await refresh_analytics(own_settings) == []
    await state.rest(client_id, datetime.now(UTC))
    assert [done.client_id for done in await refresh_analytics(own_settings)] == [client_id]


# --- rebuilding -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def history(own: Documents) -> ClientRecord:
    """A client with a view on each of three days, the oldest of which is about to expire."""
    client = a_client()
    views = [stored(client.client_id, at=TODAY - n * DAY) for n in range(3)]
    views[-1]["expiresAt"] = NOW + timedelta(hours=1)
    await own.database["events"].insert_many(views)
    return client


async def test_closed_days_are_history_unless_forced(
    own: Documents, own_settings: Settings, history: ClientRecord
) -> None:
    client_id = history.client_id
    assert await _rebuild(own_settings) == [Rebuilt(client_id, days=3, rows=3)]
    await own.database["events"].delete_many({"clientId": client_id})
    assert await _rebuild(own_settings) == [Rebuilt(client_id, days=2, rows=0, closed=1)]
    assert await totals(own, client_id, "views") == [1]
    assert await _rebuild(own_settings, force=True) == [Rebuilt(client_id, days=1, rows=0)]
    assert await totals(own, client_id, "views") == [0]


async def test_a_period_and_a_client_are_rebuilt_alone(
    own: Documents, own_settings: Settings, history: ClientRecord
) -> None:
    other = str(uuid4())
    await own.database["events"].insert_one(stored(other))
    done = await _rebuild(own_settings, since=TODAY - DAY + MINUTE, until=TODAY)
    assert sorted(done, key=lambda each: each.days) == [Rebuilt(other), Rebuilt(history.client_id, days=1, rows=1)]
    assert await _rebuild(own_settings, client_id=other) == [Rebuilt(other, days=1, rows=1)]
    assert await totals(own, history.client_id, "views") == [1]


async def test_a_client_without_anything_is_no_error(own: Documents, own_settings: Settings) -> None:
    assert await _rebuild(own_settings) == []
    assert await rebuild_days("nobody", [TODAY.date()], own_settings) == Rebuilt("nobody", days=1)


async def _rebuild(settings: Settings, **options: Any) -> list[Rebuilt]:
    return [done async for done in rebuild(settings, **options)]


# --- two at once ------------------------------------------------------------------------------------------------------


async def test_of_two_rebuilds_one_waits_and_a_refresh_leaves_the_client_for_the_next_time(
    own: Documents, own_settings: Settings, history: ClientRecord
) -> None:
    async with state.turn(history.client_id):
        with pytest.raises(ConflictError):
            await rebuild_days(history.client_id, [TODAY.date()], own_settings, patience=0.1)
        assert await refresh_analytics(own_settings) == []
        waiting = asyncio.create_task(rebuild_days(history.client_id, [TODAY.date()], own_settings))
    assert await waiting == Rebuilt(history.client_id, days=1, rows=1)
    assert await refresh_analytics(own_settings) == [Rebuilt(history.client_id, days=3, rows=3)]


async def test_a_dead_rebuild_is_succeeded_and_one_that_slept_replaces_nothing(
    own: Documents, own_settings: Settings, history: ClientRecord
) -> None:
    client_id = history.client_id
    async with state.turn(client_id) as sleeper:
        query = {"_id": f"analytics:{client_id}"}
        await own.database["trackerctl_meta"].update_one(query, {"$set": {"until": NOW - MINUTE}})
        async with state.turn(client_id) as successor:
            await _rebuild_day(client_id, TODAY.date(), successor, own_settings)
            await own.database["events"].insert_one(stored(client_id))
            await _rebuild_day(client_id, TODAY.date(), sleeper, own_settings)
    assert successor > sleeper
    assert await totals(own, client_id, "views") == [1]
    # The sleeper's end has not taken the successor's turn away, and the next one is free.
    async with state.turn(client_id) as third:
        assert third > successor
