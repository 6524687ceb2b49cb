"""From an event that this version could not store to the lead that the next one makes of it, with real processes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults import poisoned_worker
from tests.fixtures.processes import service_environment, wait_until
from tests.fixtures.system import System, event, submission
from tests.fixtures.world import make_settings
from tracker.accounts import ClientBooks, read_books

POISONED = Path(str(poisoned_worker.__file__))
QUICK = {"TRACKER_JOB_LEASE_SECONDS": "1", "TRACKER_EVENT_RETRY_SECONDS": "0.05"}


def books(system: System) -> ClientBooks:
    [found] = asyncio.run(read_books(make_settings(redis_url=system.settings["TRACKER_REDIS_URL"])))
    return found


def ends(system: System) -> dict[str, int]:
    found = books(system)
    assert found.unaccounted == 0
    return {name: number for name, number in found.outcomes.items() if number}


def replay_at_once(system: System, times: int) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "cli.main", "--json", "dlq", "replay", "--all"]
    env = service_environment(**system.settings)
    running = [
        subprocess.Popen(command, env=env, cwd=system.folder, stdout=subprocess.PIPE, text=True) for _ in range(times)
    ]
    return [json.loads(one.communicate(timeout=60)[0]) for one in running]


@pytest.mark.real("mongodb")
def test_a_spoiled_event_is_listed_rehearsed_replayed_and_stored_once(system: System) -> None:
    client = system.new_client()
    system.serve()
    spoiled = submission("ada@example.com") | {"type": "spoiled"}
    neighbour = event()
    system.post(client["apiKey"], [spoiled, neighbour])
    broken = system.launch.program(
        [sys.executable, str(POISONED)], env=service_environment(**system.settings, **QUICK), name="poisoned"
    )
    wait_until(lambda: system.redis.hlen("tracker:dlq:entries"), timeout=30, message=broken.output)
    assert broken.terminate() == 0
    [letter] = system.cli("dlq", "list", "--client", "localhost")
    assert (letter["kind"], letter["error"], letter["attempts"]) == ("event", "steps: ValueError", 3)
    assert letter["event"]["id"] == spoiled["id"]
    assert letter["firstAt"] < letter["lastAt"]
    assert ends(system) == {"stored": 1, "dead_letter": 1}

    [fate] = system.cli("dlq", "replay", letter["id"], "--dry-run")
    assert (fate["id"], fate["result"]) == (letter["id"], "stored")
    assert system.database.events.count_documents({}) == 1
    assert [one["id"] for one in system.cli("dlq", "list")] == [letter["id"]]

    assert sorted(one["replayed"] for one in replay_at_once(system, 3)) == [0, 0, 1]
    assert (ends(system), books(system).waiting) == ({"stored": 1}, 1)
    system.work(**QUICK)
    system.wait_drained()
    wait_until(lambda: books(system).waiting == 0)
    assert {row["eventId"] for row in system.database.events.find({})} == {spoiled["id"], neighbour["id"]}
    assert ends(system) == {"stored": 2}
    assert system.redis.exists("tracker:dlq:entries", "tracker:dlq:times") == 0
    assert system.cli("dlq", "replay", letter["id"])["replayed"] == 0


def test_an_event_that_goes_on_failing_comes_back_and_its_replays_are_counted(system: System) -> None:
    client = system.new_client()
    system.serve()
    system.post(client["apiKey"], [event("spoiled")])
    broken = system.launch.program(
        [sys.executable, str(POISONED)], env=service_environment(**system.settings, **QUICK), name="poisoned"
    )
    wait_until(lambda: system.redis.hlen("tracker:dlq:entries"), timeout=30, message=broken.output)
    [first] = system.cli("dlq", "list")
    for replays in (1, 2):
        assert system.cli("dlq", "replay", first["id"])["replayed"] == 1
        wait_until(lambda: system.redis.hlen("tracker:dlq:entries"), timeout=30, message=broken.output)
        again = system.cli("dlq", "show", first["id"])
        assert (again["firstAt"], again["attempts"], again["replays"]) == (first["firstAt"], 3, replays)
    wait_until(lambda: books(system).waiting == 0)
    assert ends(system) == {"dead_letter": 1}
    assert system.cli("dlq", "drop", first["id"], "--yes") == {"dropped": 1}
    assert ends(system) == {"dropped_dead_letter": 1}
