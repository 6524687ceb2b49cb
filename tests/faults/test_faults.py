"""Each fault of the table in docs/reliability.md, on real processes: nothing that was acknowledged is lost or doubled.

A small run here, some seconds each; ``make faults`` is the large one, and writes the table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.catalogue import FAULTS, Fault
from tests.faults.full_disk import RedisOnSmallDisk, unshare
from tests.faults.scenario import Scenario, Servers, Size, Story
from tests.fixtures.processes import Launch
from tests.fixtures.servers import Store
from tests.fixtures.system import System

# The embedded document store keeps a dead worker's transaction open for longer than a test can wait.
pytestmark = pytest.mark.real("mongodb")


@dataclass(frozen=True)
class Stores:
    """Where the stores of a scenario are: servers of its own for what its fault breaks, this run's for the rest."""

    servers: Servers
    settings: dict[str, str]


@pytest.fixture
def ground(fault: Fault, request: pytest.FixtureRequest) -> Stores:
    """Asked for before the processes are started, so that it goes after them."""
    names = {"config_db_url", "redis_url", "mongodb_url", "mongodb_database"}
    servers, own = _own_servers(fault, request)
    urls = own | {name: request.getfixturevalue(name) for name in names - own.keys()}
    return Stores(servers, {f"TRACKER_{name.upper()}": url for name, url in urls.items()})


def _own_servers(fault: Fault, request: pytest.FixtureRequest) -> tuple[Servers, dict[str, str]]:
    match fault.needs:
        case "redis":
            redis = request.getfixturevalue("private_redis")
            return Servers(redis=redis), {"redis_url": redis.url}
        case "small disk":
            redis = request.getfixturevalue("redis_on_small_disk")
            return Servers(redis=redis), {"redis_url": redis.url}
        case "mongodb":
            mongodb = request.getfixturevalue("private_mongo")
            return Servers(mongodb=mongodb), {"mongodb_url": mongodb.url, "mongodb_database": "faults"}
        case "members":
            members = request.getfixturevalue("mongo_replica_set")
            return Servers(members=members), {"mongodb_url": members.url, "mongodb_database": "faults"}
        case "mariadb":
            mariadb = request.getfixturevalue("private_mariadb")
            return Servers(mariadb=mariadb), {"config_db_url": mariadb.url}
        case "nothing":
            return Servers(), {}


@pytest.fixture
def scenario(ground: Stores, launch: Launch, tmp_path: Path) -> Iterator[Scenario]:
    system = System(launch, tmp_path, ground.settings)
    yield Scenario(system, ground.servers, Size.from_environment())
    system.close()


@pytest.fixture
def redis_on_small_disk(stores: dict[str, Store], server_folder: Path) -> Iterator[RedisOnSmallDisk]:
    binary = stores["redis"].binary
    if binary is None or unshare() is None:
        pytest.skip("no Redis, or no right to mount a small disk: needs root or user namespaces")
    redis = RedisOnSmallDisk(server_folder / "redis", binary).start()
    yield redis
    redis.kill()


def report(fault: Fault, story: Story, size: Size, stores: dict[str, Store]) -> None:
    """Leave the row where ``python -m tests.faults.table`` looks for it."""
    if folder := os.environ.get("FAULTS_REPORT"):
        used = {store.name: store.version for store in stores.values()}
        row = {"name": fault.name, "title": fault.title.format(away=f"{size.away_seconds:g}"), "stores": used}
        Path(folder, f"{fault.name}.json").write_text(json.dumps(row | story.row()), encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_acknowledged_is_lost_or_doubled_when(
    fault: Fault, scenario: Scenario, stores: dict[str, Store]
) -> None:
    story = scenario.play(fault)
    report(fault, story, scenario.size, stores)
    assert story.verdict.flawless, story
    assert story.verdict.acknowledged == scenario.size.events
    assert fault.answer in {answer.status for answer in story.answers} <= {200, fault.answer}
    assert all(answer.retry_after for answer in story.answers if answer.status == 503)
    assert fault.ready in story.ready
