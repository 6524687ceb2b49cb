"""The one story that every fault is told in: real processes under load, a fault in the middle, and the comparison.

`catalogue` says what the faults are, `load` who sends, `watch` who looks, `compare` what is counted at the end.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from tests.faults.compare import Verdict, compare
from tests.faults.load import Answer, Load, make_events
from tests.faults.watch import Watch
from tests.fixtures.instances import MongoReplicaSet
from tests.fixtures.processes import Service, wait_until
from tests.fixtures.system import System
from tracker.queue import WAITING, queue_name
from tracker.stores.embedded import LocalServer

if TYPE_CHECKING:
    from tests.faults.catalogue import Fault

# A fault is noticed sooner than with the settings as they ship, so that a test need not last a minute.
_QUICK = {
    "TRACKER_JOB_LEASE_SECONDS": "1",
    "TRACKER_MONGODB_TIMEOUT_SECONDS": "1",
    "TRACKER_REDIS_TIMEOUT_SECONDS": "1",
}
_PATIENCE_SECONDS = 30.0
# Events per second: half of what one worker stores here, so that what waits is the fault's doing.
_MOST_PACE = 5000.0


@dataclass(frozen=True)
class Size:
    """How large a run is: ``FAULTS_EVENTS`` and ``FAULTS_AWAY_SECONDS`` of the environment.

    :ivar quick: with settings that notice a fault sooner; the table is made with those that ship.
    """

    events: int
    away_seconds: float
    quick: bool

    @classmethod
    def from_environment(cls) -> Size:
        """A small run where nothing is said."""
        return cls(
            events=int(os.environ.get("FAULTS_EVENTS", "3000")),
            away_seconds=float(os.environ.get("FAULTS_AWAY_SECONDS", "3")),
            quick="FAULTS_REPORT" not in os.environ,
        )


@dataclass(frozen=True)
class Servers:
    """The servers that belong to this scenario alone, as far as its fault needs them."""

    redis: LocalServer | None = None
    mongodb: LocalServer | None = None
    mariadb: LocalServer | None = None
    members: MongoReplicaSet | None = None


@dataclass(frozen=True)
class Story:
    """What happened: a row of the table.

    :ivar sees: what an operator saw, condensed.
    :ivar answers: statuses that senders got while the fault lasted, ``None`` for no answer.
    :ivar ready: what ``/health/ready`` said in that time.
    :ivar back_seconds: from the end of the fault until an event was acknowledged and one was stored.
    """

    sees: list[str]
    answers: list[Answer]
    ready: set[str]
    back_seconds: float
    verdict: Verdict

    def row(self) -> dict[str, Any]:
        """As JSON."""
        found = asdict(self.verdict)
        return found | {
            "sees": self.sees,
            "backSeconds": round(self.back_seconds, 1),
            "flawless": self.verdict.flawless,
        }


class Scenario:
    """Processes under load; a fault's script uses it to know when to strike."""

    def __init__(self, system: System, servers: Servers, size: Size) -> None:
        self.system = system
        self.servers = servers
        self.size = size
        self.settings = _QUICK if size.quick else {}
        self.watch = Watch(system)
        self.client = system.new_client()
        self.load = Load(
            system.url, self.client["apiKey"], make_events(size.events), pace=min(size.events / 2, _MOST_PACE)
        )
        self.api: Service
        self.workers: list[Service] = []
        self._back_seconds = 0.0

    def play(self, fault: Fault) -> Story:
        """Start, send, break, mend, wait until nothing waits any more, compare."""
        self.api = self.system.serve(**self.settings)
        if not fault.starts_workers:
            self.workers = [one.wait_output("worker_started") for one in self.start_workers(1)]
        with self.load:
            fault.happen(self)
            self._wait(lambda: self.load.finished, "every event acknowledged")
            self._wait(self.settled, "nothing waits")
        assert all(worker.running for worker in self.workers), "a worker ended by itself"
        assert self.load.refused == [], "refusals upon which a browser drops its events"
        answers = self.watch.during(self.load.answers)
        return Story(
            sees=self.watch.words(answers),
            answers=answers,
            ready=set(map(str, self.watch.seen)),
            back_seconds=self._back_seconds,
            verdict=compare(self.system, self.client["clientId"], self.load.events, self.load.acknowledged),
        )

    def start_workers(self, number: int) -> list[Service]:
        """So many more workers, at once; they are not waited for."""
        settings = self.system.settings | self.settings
        return [self.system.launch("worker", env=settings) for _ in range(number)]

    # --------------------------------------------------------------------------------------- for a fault's script

    def until_acknowledged(self, share: float) -> None:
        """Wait until this part of all events is acknowledged."""
        self._wait(lambda: self.load.share() >= share, f"{share:.0%} of the events acknowledged")

    def until_stored(self, least: int) -> None:
        """Wait until so many events are stored."""
        self._wait(lambda: (self._stored() or 0) >= least, f"{least} events stored", interval=0.005)

    def until_busy(self) -> None:
        """Wait for a moment in which a worker holds a job."""
        held = "arq:in-progress:*"
        self._wait(
            lambda: any(b":cron:" not in key for key in self.system.redis.scan_iter(held, count=1000)),
            "a worker at work",
            interval=0.001,
        )

    def until_refused(self) -> None:
        """Wait until a batch that was sent during the fault was not taken, or nothing is left to send."""
        since = time.time()
        self._wait(lambda: self.load.finished or self.load.unanswered(since), "senders feel the fault")

    def until_ready_says(self, state: str) -> None:
        """Wait until ``/health/ready`` says ``degraded`` or ``away``."""
        self._wait(lambda: self.watch.seen and self.watch.seen[-1].state == state, f"readiness {state}")

    @contextmanager
    def window(self, seconds: float = 6.0) -> Iterator[None]:
        """While the fault lasts: the load slows down, so that it reaches over some ``seconds``, and is looked at.

        At its end the service must go on: an event is acknowledged, and one is stored.
        """
        pace, self.load.pace = self.load.pace, self.size.events / 3 / seconds
        self.watch.begin()
        try:
            yield
        finally:
            self.watch.end()
            self.load.pace = pace
        lifted, stored = time.time(), self._stored()
        self._wait(lambda: self._goes_on(lifted, stored), "acknowledged and stored again")
        self._back_seconds = max(self._back_seconds, time.time() - lifted)

    def _goes_on(self, since: float, stored: int | None) -> bool:
        taken = self.load.finished or any(
            answer.status == 200 and answer.at >= since for answer in self.load.answers[-100:]
        )
        now = self._stored()
        return taken and now is not None and (stored is None or now > stored or self.settled())

    def _stored(self) -> int | None:
        with suppress(PyMongoError):
            return int(self.system.database.events.estimated_document_count())
        return None

    def settled(self) -> bool:
        """Whether no event waits, not even for another try."""
        with suppress(RedisError):
            waiting = sum(map(int, self.system.redis.hvals(WAITING)))
            return waiting == 0 and self.system.redis.zcard(queue_name(0)) == 0
        return False

    def _wait(self, condition: Callable[[], object], what: str, interval: float = 0.05) -> None:
        timeout = _PATIENCE_SECONDS + self.size.away_seconds + self.size.events / 300
        wait_until(
            condition,
            timeout=timeout,
            interval=interval,
            message=lambda: f"{what}\n{self.system.launch.outputs()[-4000:]}",
        )
