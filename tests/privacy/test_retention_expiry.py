"""A change of a client's days reaches the documents that are stored already."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_client, page_view
from tests.pipeline.storing import put
from tracker.config.records import ClientRecord, ClientSettings, Retention
from tracker.pipeline.store import Store
from tracker.privacy.retention import Periods, periods_of
from tracker.privacy.retention_expiry import MARKS, count_differing, follow, pending
from tracker.stores.documents import Documents

DAY = timedelta(days=1)
LATE = timedelta(seconds=125)


@pytest.fixture
def client() -> ClientRecord:
    return a_client()


def days(events: int, sessions: int | None = None) -> Periods:
    return periods_of(ClientSettings(retention=Retention(events_days=events, sessions_days=sessions)), None, 90)


async def fill(store: Store, client: ClientRecord, number: int, age: timedelta = timedelta()) -> None:
    """Events of one visit each, received a minute apart, the latest so long ago."""
    for each in range(number):
        at = NOON - age - timedelta(minutes=each)
        await put(store, client, page_view(at=at, sessionId=f"{age}-{each}"), received_at=at)


async def ends(documents: Documents, client: ClientRecord, name: str) -> set[timedelta]:
    rows = await documents.database[name].find({"clientId": client.client_id}).to_list()
    return {row["expiresAt"] - row["createdAt"] for row in rows}


async def until_done(documents: Documents, client: ClientRecord, periods: Periods, now: datetime) -> None:
    for _ in range(5):
        await follow(documents.database, client.client_id, periods, now=now, settled_after=LATE)
        now += LATE
    assert not await pending(documents.database, client.client_id, periods)


@pytest.mark.parametrize("wanted", [20, 300], ids=["shorter", "longer"])
async def test_stored_documents_get_the_new_days(
    documents: Documents, store: Store, client: ClientRecord, wanted: int
) -> None:
    await fill(store, client, 7)
    periods = days(wanted, wanted + 1)
    assert await count_differing(documents.database, client.client_id, periods) == {"events": 7, "sessions": 7}
    changed = await follow(documents.database, client.client_id, periods, now=NOON, settled_after=LATE, at_once=3)
    assert changed == {"events": 7, "sessions": 7}
    assert await ends(documents, client, "events") == {wanted * DAY}
    assert await ends(documents, client, "sessions") == {(wanted + 1) * DAY}
    assert await count_differing(documents.database, client.client_id, periods) == {"events": 0, "sessions": 0}


async def test_other_clients_documents_stay_as_they_are(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    other = a_client()
    await fill(store, other, 3)
    await follow(documents.database, client.client_id, days(5), now=NOON, settled_after=LATE)
    assert await ends(documents, other, "events") == {90 * DAY}


async def test_what_a_worker_writes_by_the_old_days_is_found_by_the_last_pass(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await until_done(documents, client, days(90), NOON)
    await fill(store, client, 2)
    periods = days(10)
    await follow(documents.database, client.client_id, periods, now=NOON, settled_after=LATE)
    # A transaction that began before the change commits after the pass, with an older event.
    await fill(store, client, 1, age=DAY)
    assert await ends(documents, client, "events") == {10 * DAY, 90 * DAY}
    assert await pending(documents.database, client.client_id, periods)
    changed = await follow(documents.database, client.client_id, periods, now=NOON + LATE, settled_after=LATE)
    assert changed["events"] == 1
    assert await ends(documents, client, "events") == {10 * DAY}
    assert not await pending(documents.database, client.client_id, periods)


async def test_nothing_is_looked_at_again_once_nothing_can_differ(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await fill(store, client, 1)
    await until_done(documents, client, days(10), NOON)
    assert await follow(documents.database, client.client_id, days(10), now=NOON + DAY, settled_after=LATE) == {}
    again = await follow(documents.database, client.client_id, days(10), now=NOON + DAY, settled_after=LATE, again=True)
    assert again == {"events": 0, "sessions": 0}


class KilledError(Exception):
    pass


@pytest.mark.parametrize("writes", [1, 2, 3, 5, 8, 12])
async def test_killed_after_any_write_it_goes_on_and_ends_the_same(
    documents: Documents, store: Store, client: ClientRecord, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    await fill(store, client, 9)
    collection = type(documents.database["events"])
    left = writes
    real = {name: getattr(collection, name) for name in ("update_many", "update_one")}

    def dying(name: str) -> Any:
        async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                raise KilledError
            left -= 1
            return await real[name](self, *args, **kwargs)

        return call

    with monkeypatch.context() as patched:
        for name in real:
            patched.setattr(collection, name, dying(name))
        with pytest.raises(KilledError):
            await follow(documents.database, client.client_id, days(10), now=NOON, settled_after=LATE, at_once=2)
    assert await pending(documents.database, client.client_id, days(10))
    await until_done(documents, client, days(10), NOON + LATE)
    assert await ends(documents, client, "events") == {10 * DAY}


async def test_days_that_change_during_a_pass_win(documents: Documents, store: Store, client: ClientRecord) -> None:
    await fill(store, client, 20)

    async def change(wanted: int) -> None:
        await follow(documents.database, client.client_id, days(wanted), now=NOON, settled_after=LATE, at_once=2)

    await asyncio.gather(change(10), change(40))
    await until_done(documents, client, days(40), NOON + LATE)
    assert await ends(documents, client, "events") == {40 * DAY}


@pytest.mark.real("mongodb")
async def test_shorter_days_delete_what_is_older_and_longer_ones_save_what_is_left(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    now = datetime.now(UTC)
    for age in (5, 15, 25):
        at = now - age * DAY
        await put(store, client, page_view(at=at, sessionId=f"{age}"), received_at=at)
    await until_done(documents, client, days(20), now)
    own = {"clientId": client.client_id}
    async with asyncio.timeout(90):
        # MongoDB tells nobody when it deletes.
        while await documents.database["events"].count_documents(own) > 2:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await until_done(documents, client, days(300), now)
    rows = await documents.database["events"].find(own).to_list()
    assert sorted((now - row["createdAt"]).days for row in rows) == [5, 15]
    assert {row["expiresAt"] - row["createdAt"] for row in rows} == {300 * DAY}


async def test_figures_of_days_that_end_sooner_are_closed(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    rows = documents.database["analytics_daily"]
    start = NOON.replace(hour=0)
    for ago in (3, 30):
        day = start - ago * DAY
        own = {"clientId": client.client_id, "date": day.date().isoformat()}
        await rows.insert_one({"_id": own, **own, "run": 1, "openUntil": day + 90 * DAY})
    await follow(documents.database, client.client_id, days(10), now=NOON, settled_after=LATE)
    found = await rows.find({"clientId": client.client_id}).sort("date", 1).to_list()
    assert [row["openUntil"] - start for row in found] == [-20 * DAY, 7 * DAY]


async def test_figures_of_days_that_end_later_are_made_again(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await until_done(documents, client, days(10), NOON)
    day = NOON.replace(hour=0) - DAY
    own = {"clientId": client.client_id, "date": day.date().isoformat()}
    await documents.database["analytics_daily"].insert_one({"_id": own, **own, "run": 1, "openUntil": day + 10 * DAY})
    await until_done(documents, client, days(50), NOON)
    marked = await documents.database["trackerctl_meta"].find_one({"_id": f"analytics:{client.client_id}"})
    assert marked is not None
    assert day.date().isoformat() in marked["days"]
    assert "longer" not in (await documents.database[MARKS].find_one({"_id": client.client_id}) or {})
