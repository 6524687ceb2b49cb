"""A queue that fills up refuses senders in time, and is drained when workers come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.instances import PrivateRedis
from tests.fixtures.processes import Launch, wait_until
from tests.fixtures.system import System, submission


@pytest.fixture
def system(
    launch: Launch,
    tmp_path: Path,
    private_redis: PrivateRedis,
    mongodb_url: str,
    mongodb_database: str,
    sqlite_url: str,
) -> Iterator[System]:
    settings = {
        "TRACKER_CONFIG_DB_URL": sqlite_url,
        "TRACKER_REDIS_URL": private_redis.url,
        "TRACKER_MONGODB_URL": mongodb_url,
        "TRACKER_MONGODB_DATABASE": mongodb_database,
        "TRACKER_JOB_LEASE_SECONDS": "1",
    }
    built = System(launch, tmp_path, settings)
    yield built
    built.close()


def test_a_full_queue_refuses_senders_and_is_drained_afterwards(system: System) -> None:
    client = system.new_client()
    system.serve(TRACKER_QUEUE_HEADROOM_RATIO="0.3")
    memory = system.redis.info("memory")
    system.redis.config_set("maxmemory", int(memory["used_memory"]) + 6_000_000)
    stored: set[str] = set()
    deadline = time.monotonic() + 60
    while True:
        batch = [submission(f"p{number}@example.com") for number in range(50)]
        answer = system.post(client["apiKey"], batch)
        if answer.status_code == 503:
            break
        assert answer.status_code == 200
        stored |= {str(event["id"]) for event in batch}
        assert time.monotonic() < deadline, "it never filled up"
    assert "full" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert len(stored) > 1_000
    system.work()
    system.wait_drained()
    found = {row["eventId"] for row in system.database["events"].find({"clientId": client["clientId"]}, {"eventId": 1})}
    assert stored <= found
    wait_until(lambda: system.post(client["apiKey"], batch).status_code == 200)
