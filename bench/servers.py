"""The real servers for a benchmark: private MariaDB, Redis (AOF on) and MongoDB (replica set), and our processes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import redis
from pymongo import MongoClient

from tests.fixtures.instances import PrivateMariaDB
from tests.fixtures.processes import free_port, service_environment, wait_until
from tests.fixtures.servers import find_stores, make_mongo, make_redis
from tests.fixtures.system import SECRET
from tracker.config.service import ConfigService
from tracker.migrate import upgrade
from tracker.queue import queue_name
from tracker.settings import load_settings
from tracker.stores.embedded import ChildProcess
from tracker.stores.relational import create_engine

ClientConfig = dict[str, str]


@dataclass
class Bench:
    """A running system and what is needed to load and measure it."""

    port: int
    api_key: str
    pids: dict[str, int]
    redis: redis.Redis
    mongo: MongoClient
    names: list[str]

    def cpu(self) -> dict[str, float]:
        """CPU seconds spent so far, by process with its children."""
        spent: dict[str, float] = {}
        for name, pid in self.pids.items():
            parent = psutil.Process(pid)
            times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
            spent[name] = sum(time.user + time.system for time in times)
        return spent

    def memory(self) -> dict[str, float]:
        """Resident memory in MiB of our own processes."""
        used: dict[str, float] = {}
        for name in ("api", "worker"):
            parent = psutil.Process(self.pids[name])
            processes = parent.children(recursive=True) or [parent]
            used[name] = max(process.memory_info().rss for process in processes) / 2**20
        return used

    def queued(self) -> int:
        """Jobs that are not finished."""
        return int(self.redis.zcard(queue_name(0)))

    def stored(self) -> int:
        """Events in MongoDB. They are kept between runs: deleting them would go on in mongod during the next one."""
        return int(self.mongo["bench"]["events"].count_documents({}))


@contextmanager
def running(*, worker: bool = True) -> Iterator[Bench]:
    """Start everything, yield, stop everything."""
    stores = find_stores(embedded=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trackerctl-bench-")))
        redis_server = make_redis(stores["redis"], folder / "redis")
        mongo_server = make_mongo(stores["mongodb"], folder / "mongodb")
        servers = {"redis": redis_server, "mongod": mongo_server}
        if stores["mariadb"].real:
            servers["mariadb"] = PrivateMariaDB(folder / "mariadb")
        for server in servers.values():
            server.start()
            stack.callback(server.kill)
        port = free_port()
        config_url = servers["mariadb"].url if "mariadb" in servers else f"sqlite:///{folder / 'config.db'}"
        settings = {
            "TRACKER_CONFIG_DB_URL": config_url,
            "TRACKER_MONGODB_URL": mongo_server.url,
            "TRACKER_MONGODB_DATABASE": "bench",
            "TRACKER_REDIS_URL": redis_server.url,
            "TRACKER_SECRET_KEYS": SECRET,
            # High, not off: the check itself is part of what is measured.
            "TRACKER_LIMIT_EVENTS_PER_MINUTE": "1000000000",
            "TRACKER_LIMIT_IP_EVENTS_PER_MINUTE": "1000000000",
        }
        api_key = _client(settings)
        pids = {name: server.pid for name, server in servers.items()}
        pids["api"] = _start(stack, folder, settings, "serve", "--port", str(port)).pid
        wait_until(lambda: _ready(port), timeout=60)
        if worker:
            process = _start(stack, folder, settings, "worker")
            wait_until(lambda: "worker_started" in process.output(), timeout=60)
            pids["worker"] = process.pid
        connection = redis.Redis.from_url(redis_server.url)
        names = [str(stores[name]) for name in ("mariadb", "redis", "mongodb")]
        yield Bench(port, api_key, pids, connection, MongoClient(mongo_server.url), names)


def _client(settings: ClientConfig) -> str:
    loaded = load_settings(**{name.removeprefix("TRACKER_").lower(): value for name, value in settings.items()})
    engine = create_engine(loaded)
    try:
        upgrade(engine)
        service = ConfigService(engine, loaded, actor="bench", notify=lambda: None)
        return service.create_client("example.com").key.plaintext
    finally:
        engine.dispose()


def _start(stack: ExitStack, folder: Path, settings: ClientConfig, *command: str) -> ChildProcess:
    process = ChildProcess(
        [sys.executable, "-m", "cli.main", *command],
        log=folder / f"{command[0]}.log",
        env=service_environment(**settings),
    )
    stack.callback(process.stop)
    return process


def _ready(port: int) -> bool:
    try:
        return bool(httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).status_code == 200)
    except httpx.HTTPError:
        return False
