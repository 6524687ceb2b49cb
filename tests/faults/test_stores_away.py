"""A store that goes away delays and loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures.processes import Launch, wait_until
from tests.fixtures.system import System, submission
from tracker.queue import queue_name
from tracker.stores.embedded import LocalServer


def make_system(launch: Launch, folder: Path, redis_url: str, mongodb_url: str, config_db_url: str) -> System:
    return System(
        launch,
        folder,
        {
            "TRACKER_CONFIG_DB_URL": config_db_url,
            "TRACKER_REDIS_URL": redis_url,
            "TRACKER_MONGODB_URL": mongodb_url,
            "TRACKER_MONGODB_DATABASE": "away",
            "TRACKER_MONGODB_TIMEOUT_SECONDS": "1",
            "TRACKER_JOB_LEASE_SECONDS": "1",
        },
    )


@pytest.fixture
def system_on_mongo(
    launch: Launch, tmp_path: Path, redis_url: str, private_mongo: LocalServer, sqlite_url: str
) -> Iterator[System]:
    built = make_system(launch, tmp_path, redis_url, private_mongo.url, sqlite_url)
    yield built
    built.close()


@pytest.fixture
def system_on_redis(
    launch: Launch, tmp_path: Path, private_redis: LocalServer, mongodb_url: str, sqlite_url: str
) -> Iterator[System]:
    built = make_system(launch, tmp_path, private_redis.url, mongodb_url, sqlite_url)
    yield built
    built.mongo.drop_database("away")
    built.close()


def batches(count: int) -> list[list[dict[str, object]]]:
    return [[submission(f"p{batch}.{number}@example.com") for number in range(50)] for batch in range(count)]


def test_killed_mongodb_delays_events_and_spends_no_tries(system_on_mongo: System, private_mongo: LocalServer) -> None:
    system = system_on_mongo
    client = system.new_client()
    system.serve()
    worker = system.work()
    sent = batches(20)
    for batch in sent[:10]:
        assert system.post(client["apiKey"], batch).status_code == 200
    private_mongo.kill()
    for batch in sent[10:]:
        assert system.post(client["apiKey"], batch).status_code == 200
    worker.wait_output("store_away")
    wait_until(lambda: system.http.get("/health/ready").json()["status"] == "degraded")
    ready = system.http.get("/health/ready")
    assert ready.status_code == 200
    assert [store["name"] for store in ready.json()["stores"] if not store["ok"]] == ["mongodb"]
    assert system.redis.zcard(queue_name(0)) > 0
    private_mongo.start()
    system.wait_drained()
    assert worker.running
    assert system.database.events.count_documents({}) == 1000
    assert system.database.leads.count_documents({}) == 1000
    assert system.redis.exists("tracker:dlq:entries") == 0


def test_killed_redis_refuses_events_and_loses_none_that_it_had_acknowledged(
    system_on_redis: System, private_redis: LocalServer
) -> None:
    system = system_on_redis
    client = system.new_client()
    system.serve()
    sent = batches(10)
    for batch in sent:
        assert system.post(client["apiKey"], batch).status_code == 200
    private_redis.kill()
    refused = system.post(client["apiKey"], batches(1)[0])
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["content-type"] == "application/problem+json"
    wait_until(lambda: system.http.get("/health/ready").status_code == 503)
    assert system.http.get("/health/ready").json()["status"] == "away"
    private_redis.start()

    def taken() -> bool:
        try:
            return system.post(client["apiKey"], [submission("later@example.com", id="later")]).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(taken, timeout=20)
    worker = system.work()
    system.wait_drained()
    assert system.database.leads.count_documents({}) == 501
    private_redis.kill()
    worker.wait_output("queue_away")
    private_redis.start()
    wait_until(taken, timeout=20)
    assert system.post(client["apiKey"], [submission("last@example.com")]).status_code == 200
    wait_until(lambda: system.database.leads.count_documents({}) == 502, timeout=30)
    assert worker.running
