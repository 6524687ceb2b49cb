"""Every acknowledged event ends with one outcome, per client and exactly, whichever workers die or hang, and where."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.processes import Launch, Service, service_environment, wait_until
from tests.fixtures.system import System, event, submission
from tests.fixtures.world import make_settings
from tracker.accounts import ClientBooks, read_books
from tracker.queue import manifest_name, queue_name, shard_of
from tracker.stores.embedded import LocalServer

POISONED = Path(__file__).with_name("poisoned_worker.py")
QUICK = {"TRACKER_JOB_LEASE_SECONDS": "1", "TRACKER_EVENT_RETRY_SECONDS": "0.05"}

# The embedded document store keeps a dead worker's transaction open for longer than a test can wait.
pytestmark = pytest.mark.real("mongodb")


def poisoned_worker(system: System) -> Service:
    env = service_environment(**system.settings, **QUICK)
    return system.launch.program([sys.executable, str(POISONED)], env=env, name="poisoned")


def books(system: System) -> dict[str, ClientBooks]:
    names = ("queue_shards", "queue_shard_urls", "redis_url")
    values = {
        name: system.settings[f"TRACKER_{name.upper()}"]
        for name in names
        if f"TRACKER_{name.upper()}" in system.settings
    }
    return {book.client_id: book for book in asyncio.run(read_books(make_settings(**values)))}


def settled(system: System) -> bool:
    return all(book.waiting == 0 for book in books(system).values())


def post(system: System, client: dict[str, Any], *events: dict[str, Any]) -> int:
    answer = system.post(client["apiKey"], list(events))
    assert answer.status_code == 200
    return int(answer.json()["queued"])


def assert_exact(system: System, accepted: dict[str, int], **others: int) -> None:
    """What is stored is counted once as stored, all other copies as duplicates or as ``others`` say (of the first)."""
    found = books(system)
    assert {client: book.accepted for client, book in found.items()} == accepted
    for number, client in enumerate(accepted):
        documents = system.database.events.count_documents({"clientId": client})
        ends = {name: n for name, n in found[client].outcomes.items() if n and name != "duplicate"}
        assert ends == {"stored": documents} | (others if number == 0 else {})
        assert sum(found[client].outcomes.values()) == accepted[client]
        assert found[client].unaccounted == 0


@pytest.mark.parametrize("fault", ["die_commit", "die_settled"])
def test_a_worker_that_dies_around_its_settlement_leaves_exact_books(system: System, fault: str) -> None:
    one, two = system.new_client("one.localhost"), system.new_client("two.localhost")
    system.serve()
    events = [event(sessionId=None) for _ in range(5)] + [submission("ann@example.com")]
    accepted = {
        one["clientId"]: post(system, one, *events, event(fault)) + post(system, one, *events[:3], *events[:2]),
        two["clientId"]: post(system, two, *events[2:], event(fault)),
    }
    first = poisoned_worker(system)
    wait_until(lambda: not first.running, timeout=30)
    assert system.database.events.count_documents({}) > 0, "it died too early to prove anything"
    second = poisoned_worker(system)
    wait_until(lambda: settled(system) or not second.running, timeout=30)
    if not second.running:
        # Both jobs can hold the fault, and each kills once.
        poisoned_worker(system)
        wait_until(lambda: settled(system), timeout=30)
    system.wait_drained()
    assert_exact(system, accepted)
    left = [key for kind in ("job", "retry", "in-progress") for key in system.redis.scan_iter(f"arq:{kind}:*")]
    assert [key for key in left if b":cron:" not in key] == []
    assert system.redis.hlen(manifest_name(0)) == 0


@pytest.mark.parametrize("fault", ["stall_step", "stall_commit"])
def test_two_workers_on_one_job_enter_its_outcomes_once(system: System, fault: str) -> None:
    """The first worker hangs for so long that it loses its lease, the second does the job, the first goes on."""
    client = system.new_client()
    system.serve()
    events = [event(sessionId=None) for _ in range(5)]
    accepted = post(system, client, *events, event(fault)) + post(system, client, *events[:2])
    first = poisoned_worker(system)
    wait_until(lambda: _state(first.pid) == "T", timeout=30)
    second = poisoned_worker(system)
    wait_until(lambda: settled(system), timeout=30)
    assert_exact(system, {client["clientId"]: accepted})
    os.kill(first.pid, signal.SIGCONT)
    assert first.terminate() == 0
    assert_exact(system, {client["clientId"]: accepted})
    assert system.redis.zcard(queue_name(0)) == 0
    assert second.running


def _state(pid: int) -> str:
    """The scheduler's letter for a process; T: stopped by a signal."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0]


@pytest.fixture
def sharded(
    launch: Launch,
    tmp_path: Path,
    redis_url: str,
    private_redis: LocalServer,
    mongodb_url: str,
    mongodb_database: str,
    config_db_url: str,
) -> Iterator[System]:
    """Three queue shards on two Redis servers, the first of which holds two of them."""
    settings = {
        "TRACKER_CONFIG_DB_URL": config_db_url,
        "TRACKER_REDIS_URL": redis_url,
        "TRACKER_QUEUE_SHARDS": "3",
        "TRACKER_QUEUE_SHARD_URLS": f"{redis_url},{private_redis.url}",
        "TRACKER_MONGODB_URL": mongodb_url,
        "TRACKER_MONGODB_DATABASE": mongodb_database,
    }
    built = System(launch, tmp_path, settings)
    yield built
    built.close()


def test_books_of_shards_on_two_servers_add_up(sharded: System) -> None:
    system = sharded
    system.serve()
    clients, shards = [], set[int]()
    while len(shards) < 3:
        clients.append(system.new_client(f"c{len(clients)}.localhost"))
        shards.add(shard_of(clients[-1]["clientId"], 3))
    accepted = {}
    spoiled, view = event("spoiled"), event()
    for client in clients:
        extra = [spoiled] if client is clients[0] else []
        accepted[client["clientId"]] = post(system, client, view, event(), *extra) + post(system, client, view)
    waiting = books(system)
    assert {client: book.waiting for client, book in waiting.items()} == accepted
    poisoned_worker(system)
    wait_until(lambda: settled(system), timeout=30)
    assert_exact(system, accepted, dead_letter=1)
