"""Workers that die: what was acknowledged is stored exactly once, and what kills them is found out."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from tests.fixtures.processes import Service, service_environment, wait_until
from tests.fixtures.system import System, event, submission
from tracker.deadletters import DeadLetter
from tracker.queue import queue_name

POISONED = Path(__file__).with_name("poisoned_worker.py")
QUICK = {"TRACKER_JOB_LEASE_SECONDS": "1", "TRACKER_EVENT_RETRY_SECONDS": "0.05"}


def poisoned_worker(system: System) -> Service:
    """A real worker in which events of the type ``poison`` kill the process, and ``spoiled`` ones raise."""
    env = service_environment(**system.settings, **QUICK)
    worker = system.launch.program([sys.executable, str(POISONED)], env=env, name="poisoned")
    return worker


def letters(system: System) -> list[DeadLetter]:
    rows = system.redis.hvals("tracker:dlq:entries")
    return [msgspec.msgpack.decode(row, type=DeadLetter) for row in rows]


# The embedded document store keeps a dead worker's transaction open for longer than a test can wait.
@pytest.mark.real("mongodb")
def test_stores_every_acknowledged_event_once_when_the_worker_is_killed_in_their_middle(system: System) -> None:
    client = system.new_client()
    system.serve()
    events = [submission(f"person{n}@example.com", sessionId=f"s{n % 97}") for n in range(10_000)]
    acknowledged = 0
    for start in range(0, len(events), 50):
        acknowledged += system.post(client["apiKey"], events[start : start + 50]).json()["queued"]
    assert acknowledged == 10_000
    for kill_after in (1_000, 4_000):
        worker = system.work(**QUICK)
        wait_until(
            lambda least=kill_after: system.database.events.estimated_document_count() > least,
            timeout=60,
            interval=0.01,
        )
        worker.kill()
    assert system.redis.zcard(queue_name(0)) > 0, "the kills came too late to prove anything"
    system.work(**QUICK)
    system.wait_drained(timeout=120)

    stored = [row["eventId"] for row in system.database.events.find({}, {"eventId": 1})]
    assert len(stored) == 10_000
    assert set(stored) == {sent["id"] for sent in events}
    assert system.database.leads.count_documents({}) == 10_000
    sessions = list(system.database.sessions.find({}))
    assert len(sessions) == 97
    assert sum(session["eventCount"] for session in sessions) == 10_000
    assert sum(session["formSubmissions"] for session in sessions) == 10_000
    assert letters(system) == []


@pytest.mark.parametrize("together", [True, False])
def test_buries_the_event_that_kills_its_worker_and_stores_its_neighbours(system: System, together: bool) -> None:
    client = system.new_client()
    system.serve()
    neighbours = [event(sessionId=None) for _ in range(6)]
    poison = event("poison")
    if together:
        system.post(client["apiKey"], [*neighbours[:3], poison, *neighbours[3:]])
    else:
        for one in [*neighbours[:3], poison, *neighbours[3:]]:
            system.post(client["apiKey"], [one])
    kills = 0
    while not letters(system):
        worker = poisoned_worker(system)
        wait_until(lambda worker=worker: letters(system) or not worker.running, timeout=30)
        kills += not worker.running
        assert kills <= 3
    poisoned = letters(system)
    wait_until(lambda: system.redis.zcard(queue_name(0)) == 0, timeout=30)

    assert [(letter.batch.events[0].event_id, letter.error) for letter in poisoned] == [
        (poison["id"], "killed its worker 3 times")
    ]
    stored = {row["eventId"] for row in system.database.events.find({})}
    assert stored == {neighbour["id"] for neighbour in neighbours}


def test_tries_a_spoiled_event_three_times_and_keeps_its_neighbours(system: System) -> None:
    client = system.new_client()
    system.serve()
    spoiled, neighbour = event("spoiled"), event()
    system.post(client["apiKey"], [spoiled, neighbour])
    poisoned_worker(system)
    wait_until(lambda: letters(system), timeout=30)
    [letter] = letters(system)
    assert (letter.attempts, letter.error) == (3, "steps: ValueError")
    assert letter.batch.events[0].event_id == spoiled["id"]
    assert [row["eventId"] for row in system.database.events.find({})] == [neighbour["id"]]
