"""Persons are erased from a running system: afterwards no byte of them is anywhere, and all the others are as sent."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.fixtures.depth import examples
from tests.fixtures.processes import service_environment, wait_until
from tests.fixtures.system import System
from tests.privacy.erase.crowd import Person, make_crowd
from tests.privacy.erase.raw import mongo_bytes, redis_bytes, sql_bytes

SIZE, ERASED = examples(ci=300, deep=10_000), examples(ci=10, deep=100)


@pytest.fixture
def quick(system: System) -> System:
    """An erasure waits for as long as a job may last."""
    system.settings["TRACKER_JOB_TIMEOUT_SECONDS"] = "3"
    return system


def erase(system: System, email: str, timeout: float = 300.0) -> dict[str, Any]:
    """As an operator does it, with the address on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "--json", "gdpr", "delete", "-", "--yes"],
        env=service_environment(**system.settings),
        cwd=system.folder,
        input=email + "\n",
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def everywhere(system: System) -> bytes:
    """All stores and all that any process has said."""
    settings = system.settings
    stores = [
        mongo_bytes(settings["TRACKER_MONGODB_URL"], settings["TRACKER_MONGODB_DATABASE"]),
        redis_bytes(settings["TRACKER_REDIS_URL"]),
        sql_bytes(settings["TRACKER_CONFIG_DB_URL"]),
        system.launch.outputs().encode(),
    ]
    return b"\n".join(stores).lower()


def assert_gone(system: System, persons: list[Person]) -> None:
    held = everywhere(system)
    local = [person.email.split("@")[0].encode() for person in persons]
    assert [one for one in local if one in held] == []


def assert_intact(system: System, persons: list[Person], erased: set[int]) -> None:
    """Of everybody else all events, the visit with its counts, and one lead."""
    events = {row["eventId"] for row in system.database["events"].find({}, {"eventId": 1})}
    assert events == {one for person in persons for one in person.event_ids}
    leads = {row["email"]: row for row in system.database["leads"].find({})}
    assert leads.keys() == {person.email for person in persons}
    for person in persons:
        # A mention of one who was erased is gone, all else of the form is there.
        sent = dict(person.batches[1][0]["payload"]["form"]["fields"])
        friend = int(sent["friend"].split("-")[1]) if "friend" in sent else None
        wanted = {"friend": sent["friend"]} if friend is not None and friend not in erased else {}
        assert leads[person.email].get("fields", {}) == wanted
        assert leads[person.email]["name"] == sent["name"]
        session = system.database["sessions"].find_one({"sessionId": person.batches[0][0]["sessionId"]})
        assert session is not None
        assert (session["eventCount"], session["pageViewCount"], session["formSubmissions"]) == (5, 3, 1)
        assert len(session["pageViews"]) == 3


@pytest.mark.timeout(examples(ci=300, deep=2_400))
def test_persons_are_erased_while_events_come_in(quick: System) -> None:
    system, rng = quick, random.Random(4)
    client = system.new_client()
    system.serve()
    system.work()
    system.work()
    crowd = make_crowd(SIZE, rng)
    targets = rng.sample(crowd, ERASED)
    # Of those to be erased all was sent when their erasure is asked for; much of it still waits in the queue.
    first = [batch for person in targets for batch in person.batches]
    others = [batch for person in crowd if person not in targets for batch in person.batches]
    rng.shuffle(others)
    begin = others[: len(others) // 2]

    def post(batch: list[dict[str, Any]]) -> None:
        system.post(client["apiKey"], batch).raise_for_status()

    def post_all(batches: list[list[dict[str, Any]]]) -> None:
        for batch in batches:
            post(batch)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, [*begin, *first]))
    sending = threading.Thread(target=post_all, args=(others[len(begin) :],))
    sending.start()
    with ThreadPoolExecutor(5) as pool:
        results = list(pool.map(lambda person: erase(system, person.email), targets))
    sending.join()
    system.wait_drained()

    numbers = {person.number for person in targets}
    assert all((system.folder / result["certificate"]).stat().st_mode & 0o777 == 0o600 for result in results)
    assert sum(result["counts"].get("leads", 0) for result in results) <= ERASED
    assert_gone(system, targets)
    assert_intact(system, [person for person in crowd if person.number not in numbers], numbers)
    books = system.cli("event", "outcomes")
    assert all(one["unaccounted"] == 0 for one in books), books
    wait_until(lambda: system.database["erasures"].count_documents({"status": "open"}) == 0)
