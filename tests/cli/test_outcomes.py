"""``trackerctl event outcomes`` and what ``status`` says of events."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.cli.conftest import Run
from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.world import make_settings
from tracker.pipeline.batch import Failure, Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.queue import QueueProducer, queue_name


@pytest.fixture
def redis_there(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)
    return redis_url


def settle_some(redis_url: str, client_id: str, *, forgotten: int = 0) -> None:
    """Of a client's seven events three are stored, one is a duplicate, one a crawler's, one dies and one waits."""

    async def run() -> None:
        async with Redis.from_url(redis_url) as redis:
            producer = QueueProducer(redis, 0)
            batch = a_batch(client_id, *(page_view() for _ in range(6 + forgotten)))
            await producer.enqueue([batch])
            [job_id] = await redis.zrange(queue_name(0), 0, -1)
            ends = {Outcome.STORED: 3, Outcome.DUPLICATE: 1, Outcome.DROPPED_CLIENT_GONE: 1}
            prepared = Prepared(
                failures=[Failure(batch, batch.events[0], "x")],
                outcomes=Counter({(client_id, outcome): number for outcome, number in ends.items()}),
            )
            settler = Settler(redis, producer, make_settings(event_max_tries=1))
            await settler.settle(job_id.decode(), prepared)
            await producer.enqueue([a_batch(client_id, page_view())])

    asyncio.run(run())


def test_shows_what_became_of_each_clients_events(redis_there: str, client: dict[str, Any], run: Run) -> None:
    assert run("--json", "event", "outcomes").json == []
    assert "No event" in run("event", "outcomes").out
    settle_some(redis_there, client["clientId"])
    [book] = run("--json", "event", "outcomes").json
    assert {name: number for name, number in book.pop("outcomes").items() if number} == {
        "stored": 3,
        "duplicate": 1,
        "dead_letter": 1,
        "dropped_client_gone": 1,
    }
    assert book == {"clientId": client["clientId"], "accepted": 7, "waiting": 1, "unaccounted": 0}
    for ref in ("example.com", client["clientId"], client["clientId"][:8]):
        assert [found["clientId"] for found in run("--json", "event", "outcomes", ref).json] == [client["clientId"]]
    shown = run("event", "outcomes", "example.com").out
    assert shown.splitlines()[1].split() == ["example.com", "7", "3", "1", "1", "1", "1", "0"]
    assert "dropped_client_gone  1" in shown
    run("event", "outcomes", "nobody.example", code=1)


def test_the_books_of_a_client_outlive_it(redis_there: str, client: dict[str, Any], run: Run) -> None:
    settle_some(redis_there, client["clientId"])
    run("client", "delete", "example.com", "--yes")
    assert run("--json", "event", "outcomes", client["clientId"]).json[0]["accepted"] == 7
    assert "(deleted)" in run("event", "outcomes").out


def test_quiet_leaves_the_clients_that_something_is_wrong_with(
    redis_there: str, client: dict[str, Any], run: Run
) -> None:
    settle_some(redis_there, client["clientId"], forgotten=2)
    assert run("--quiet", "event", "outcomes").out.split() == [client["clientId"]]


def test_status_says_what_became_of_events(redis_there: str, client: dict[str, Any], documents: Any, run: Run) -> None:
    settle_some(redis_there, client["clientId"])
    found = run("--json", "status").json
    assert {name: found["events"][name] for name in ("accepted", "waiting", "unaccounted")} == {
        "accepted": 7,
        "waiting": 1,
        "unaccounted": 0,
    }
    assert found["deadLetters"]["count"] == 1
    out = run("status").out
    assert "7 accepted, 3 stored, 1 duplicate, 1 dropped, 1 dead letters, 1 waiting" in out
    assert "event outcomes" not in out


def test_status_points_at_events_that_are_unaccounted_for(
    redis_there: str, client: dict[str, Any], documents: Any, run: Run
) -> None:
    settle_some(redis_there, client["clientId"], forgotten=2)
    assert "2 events have no outcome, or two: see `trackerctl event outcomes`" in run("status").out
