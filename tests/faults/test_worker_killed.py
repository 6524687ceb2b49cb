"""Events that kill their worker or break it are found out, and their neighbours stored; see ``catalogue`` for kills."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from tests.fixtures.processes import Service, service_environment, wait_until
from tests.fixtures.system import System, event
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
