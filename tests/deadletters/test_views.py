"""How dead letters are shown: the event as it was sent, without secrets."""

from __future__ import annotations

import json

from redis.asyncio import Redis

from tests.deadletters.letters import NOW, a_letter, bury, keep_job
from tracker.deadletters.bounds import DeadLetterState
from tracker.deadletters.places import Place
from tracker.deadletters.select import Filter, newest_entries
from tracker.deadletters.views import Tally, entry_details, entry_view


async def test_a_letter_has_exactly_these_keys_and_no_secret(places: list[Place], redis: Redis) -> None:
    event = {
        "id": "e1",
        "type": "form_submission",
        "payload": {
            "form": {"fields": {"email": "ann@shop.example", "password": "hunter2", "note": "4111111111111111"}}
        },
    }
    letter = a_letter(event=event, batch={"test": True})
    letter.batch.events[0].replays = 2
    await bury(redis, letter)
    [entry] = await newest_entries(places, Filter(), 10)
    redacted = {"email": "ann@shop.example", "password": "[REDACTED]", "note": "[REDACTED]"}
    view = entry_view(entry)
    assert view == {
        "id": letter.id,
        "kind": "event",
        "clientId": "client",
        "error": "store: WriteError 121",
        "attempts": 3,
        "firstAt": "2027-01-15T07:59:30.000Z",
        "lastAt": "2027-01-15T08:00:00.000Z",
        "event": event | {"payload": {"form": {"fields": redacted}}},
    }
    details = entry_details(entry)
    assert details == view | {
        "eventId": "e1",
        "receivedAt": details["receivedAt"],
        "test": True,
        "kills": 0,
        "replays": 2,
        "bytes": len(json.dumps(event)),
    }


async def test_a_job_that_could_not_be_read_has_no_event(places: list[Place], redis: Redis) -> None:
    job = await keep_job(redis, data=b"\xc1", timed=False)
    [entry] = await newest_entries(places, Filter(), 10)
    assert entry_view(entry) == {
        "id": job,
        "kind": "job",
        "clientId": None,
        "error": "unreadable job",
        "attempts": 1,
        "firstAt": None,
        "lastAt": None,
        "event": None,
    }
    assert entry_details(entry)["bytes"] == 1


async def test_an_event_that_is_no_json_any_more_is_shown_without_it(places: list[Place], redis: Redis) -> None:
    for data in (b"{", b"[1]", b"\xff"):
        letter = a_letter()
        letter.batch.events[0].data = data
        await bury(redis, letter)
    assert [entry_view(entry)["event"] for entry in await newest_entries(places, Filter(), 10)] == [None] * 3


async def test_they_are_counted_by_kind_client_and_error(places: list[Place], redis: Redis) -> None:
    await bury(redis, *(a_letter("ab"[n % 2], at=NOW + n, error=f"steps: {'XY'[n // 4]}") for n in range(5)))
    await keep_job(redis, data=b"\xc1", timed=False)
    tally = Tally()
    for entry in await newest_entries(places, Filter(), 10):
        tally.add([entry])
    view = tally.view(DeadLetterState(6, 100, NOW, 90, ""))
    assert view["count"] == 6
    assert view["kinds"] == {"event": 5, "job": 1}
    groups = {(group["clientId"], group["error"]): group["count"] for group in view["groups"]}
    assert groups == {("a", "steps: X"): 2, ("b", "steps: X"): 2, ("a", "steps: Y"): 1, (None, "unreadable job"): 1}
    assert (view["oldestAt"], view["newestAt"]) == ("2027-01-15T08:00:00.000Z", "2027-01-15T08:00:04.000Z")
    assert view["limits"] == {
        "count": 6,
        "limit": 100,
        "oldestAt": "2027-01-15T08:00:00.000Z",
        "maxAgeDays": 90,
        "warning": None,
    }
