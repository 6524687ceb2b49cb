"""The faults: each a script that strikes in the middle of a `Scenario` and mends what it broke."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.faults.full_disk import RedisOnSmallDisk
from tests.faults.scenario import Scenario
from tests.fixtures.processes import free_port
from tests.fixtures.system import event
from tracker.queue import queue_name
from tracker.stores.embedded import LocalServer

OK, REFUSED, SILENCE = 200, 503, None


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    :ivar title: its first cell; ``{away}`` is the length of the outage in seconds.
    :ivar happen: waits for its moment, breaks, looks, mends.
    :ivar needs: the servers that it needs for itself.
    :ivar answer: what senders must get in that time, ``None`` for no answer; besides it they may get ``200``.
    :ivar ready: what ``/health/ready`` must say in that time, among others.
    """

    name: str
    title: str
    happen: Callable[[Scenario], None]
    answer: int | None
    ready: str
    needs: Literal["nothing", "redis", "mongodb", "mariadb", "members", "small disk"] = "nothing"
    starts_workers: bool = False


def kill_api(scenario: Scenario) -> None:
    for share in (0.2, 0.4, 0.6):
        scenario.until_acknowledged(share)
        with scenario.window():
            scenario.api.kill()
            scenario.until_refused()
            if share == 0.2:
                scenario.watch.look_at_status()
            scenario.api = scenario.system.serve(**scenario.settings)


def kill_workers(scenario: Scenario) -> None:
    """Both at once: as they take up a backlog, and when the next two have stored something."""
    scenario.until_acknowledged(0.5)
    scenario.workers = scenario.start_workers(2)
    for least in (0, scenario.size.events // 10):
        with scenario.window():
            scenario.until_stored(least)
            scenario.until_busy()
            for worker in scenario.workers:
                worker.kill()
            if least == 0:
                assert scenario.system.redis.zcard(queue_name(0)) > 0, "killed too late to prove anything"
                scenario.watch.look_at_status()
            scenario.workers = scenario.start_workers(2)


def kill_redis(scenario: Scenario) -> None:
    redis = _server(scenario.servers.redis)
    for share in (0.25, 0.5):
        scenario.until_acknowledged(share)
        with scenario.window():
            scenario.until_busy()
            redis.kill()
            scenario.until_refused()
            if share == 0.25:
                scenario.until_ready_says("away")
                scenario.watch.look_at_status()
            redis.start()


def kill_mongodb(scenario: Scenario) -> None:
    mongodb = _server(scenario.servers.mongodb)
    for share in (0.25, 0.5):
        scenario.until_acknowledged(share)
        with scenario.window():
            scenario.until_busy()
            mongodb.kill()
            if share == 0.25:
                scenario.until_ready_says("degraded")
                scenario.watch.look_at_status()
            mongodb.start()


def kill_mariadb(scenario: Scenario) -> None:
    """While it is away: another API process starts, and a key comes that nobody has."""
    mariadb = _server(scenario.servers.mariadb)
    scenario.until_acknowledged(0.33)
    with scenario.window():
        mariadb.kill()
        scenario.until_ready_says("degraded")
        scenario.watch.look_at_status()
        port = free_port()
        fresh = f"http://127.0.0.1:{port}"
        settings = scenario.system.settings | scenario.settings
        scenario.system.launch("serve", "--port", str(port), env=settings, ready=f"{fresh}/health/ready")
        known = _post(scenario, fresh, scenario.client["apiKey"])
        unknown = _post(scenario, fresh, scenario.client["apiKey"][:-4] + "0000")
        assert (known, unknown) == (200, 401)
        scenario.watch.notes.append(f"an API process started meanwhile: `{known}`, for an unknown key `{unknown}`")
        mariadb.start()


def _post(scenario: Scenario, url: str, api_key: str) -> int:
    batch = {"apiKey": api_key, "events": [event(sessionId=None)]}
    return scenario.system.http.post(f"{url}/v1/track/events", json=batch).status_code


def _away(scenario: Scenario, stop: Callable[[], None], start: Callable[[], object], state: str) -> None:
    seconds = scenario.size.away_seconds
    scenario.until_acknowledged(0.33)
    with scenario.window(seconds):
        began = time.monotonic()
        stop()
        scenario.until_ready_says(state)
        # The length of the outage is what the row is about; nothing is waited for here.
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        scenario.watch.look_at_status()
        start()


def mongodb_away(scenario: Scenario) -> None:
    mongodb = _server(scenario.servers.mongodb)
    _away(scenario, mongodb.stop, mongodb.start, "degraded")


def redis_away(scenario: Scenario) -> None:
    redis = _server(scenario.servers.redis)
    _away(scenario, redis.stop, redis.start, "away")


def mongodb_hangs(scenario: Scenario) -> None:
    _away(scenario, *_freezing(scenario.servers.mongodb), "degraded")


def redis_hangs(scenario: Scenario) -> None:
    _away(scenario, *_freezing(scenario.servers.redis), "away")


def _freezing(server: LocalServer | None) -> tuple[Callable[[], None], Callable[[], None]]:
    """Connections stay open and nobody answers; what was asked meanwhile is done when the server goes on."""
    pid = _server(server).pid
    return lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT)


def full_disk(scenario: Scenario) -> None:
    redis = scenario.servers.redis
    assert isinstance(redis, RedisOnSmallDisk)
    scenario.until_acknowledged(0.33)
    with scenario.window():
        redis.fill()
        scenario.until_refused()
        scenario.until_ready_says("away")
        scenario.watch.look_at_status()
        redis.free()


def kill_primary(scenario: Scenario) -> None:
    members = scenario.servers.members
    assert members is not None
    scenario.until_acknowledged(0.33)
    with scenario.window():
        scenario.until_busy()
        lost = members.wait_for_primary()
        lost.kill()
        scenario.watch.look_at_status()
        members.wait_for_primary()
    lost.start()
    members.wait_for_members(len(members.members))


def _server(server: LocalServer | None) -> LocalServer:
    assert server is not None
    return server


FAULTS = (
    Fault("api-killed", "API killed (SIGKILL), three times", kill_api, SILENCE, "no answer"),
    Fault("worker-killed", "Both workers killed (SIGKILL), twice", kill_workers, OK, "200 ready", starts_workers=True),
    Fault("redis-killed", "Redis with AOF killed (SIGKILL), twice", kill_redis, REFUSED, "503 away (redis)", "redis"),
    Fault("redis-away", "Redis away for {away} s", redis_away, REFUSED, "503 away (redis)", "redis"),
    Fault("redis-hangs", "Redis hangs for {away} s (SIGSTOP)", redis_hangs, REFUSED, "503 away (redis)", "redis"),
    Fault("redis-disk-full", "Disk full on Redis", full_disk, REFUSED, "503 away (redis)", "small disk"),
    Fault("mongodb-killed", "MongoDB killed (SIGKILL), twice", kill_mongodb, OK, "200 degraded (mongodb)", "mongodb"),
    Fault("mongodb-away", "MongoDB away for {away} s", mongodb_away, OK, "200 degraded (mongodb)", "mongodb"),
    Fault(
        "mongodb-hangs",
        "MongoDB hangs for {away} s (SIGSTOP)",
        mongodb_hangs,
        OK,
        "200 degraded (mongodb)",
        "mongodb",
    ),
    Fault("primary-killed", "Primary of three MongoDB members killed", kill_primary, OK, "200 ready", "members"),
    Fault("mariadb-killed", "MariaDB killed (SIGKILL)", kill_mariadb, OK, "200 degraded (config)", "mariadb"),
)
