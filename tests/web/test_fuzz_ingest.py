"""Whatever bytes are sent to the ingest endpoint: an answer in time, no fault, flat memory, and books that balance.

The service and the worker are real processes. ``make test-deep`` sends 50,000 bodies; its figures are printed.
"""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fixtures.depth import examples
from tests.fixtures.processes import Service
from tests.fixtures.system import BROWSER, System
from tests.web.ingest_bodies import Body, bodies
from tracker.pipeline.outcome import Outcome

BODIES = examples(ci=400, deep=50_000)
# The first ones warm up caches, pools and the allocator.
WARM = BODIES // 4
MOST_SECONDS = 5.0
MOST_GROWTH = 40 * 2**20
PATH = "/v1/track/events"
# What the endpoint's documentation says; 5xx is none of it, 503 belongs to a queue that is away.
ANSWERS = {200, 400, 401, 403, 413, 415, 422, 429}


@dataclass
class Sender:
    """Sends bodies over one connection, as long as the server leaves it open, and counts what is answered."""

    port: int
    queued: int = 0
    slowest: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    _connection: http.client.HTTPConnection | None = None

    def send(self, body: Body) -> None:
        """Send one and check its answer."""
        began = time.monotonic()
        status, answer = self._exchange(body)
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        self.statuses[status] += 1
        assert status in ANSWERS, (body.name, status, answer)
        assert took < MOST_SECONDS, (body.name, took)
        document = json.loads(answer)
        if status == 200:
            assert document["success"] is True
            self.queued += document["queued"]
        else:
            assert document["status"] == status, body.name
            assert document["type"].startswith("urn:trackerctl:problem:"), body.name

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, body: Body) -> tuple[int, bytes]:
        for _ in range(2):
            fresh = self._connection is None
            try:
                return self._try(body)
            except (ConnectionError, http.client.BadStatusLine):
                # Between two requests a server may close a connection; a new one must be answered.
                self.close()
                if fresh:
                    raise
        raise AssertionError(f"not answered: {body.name}")

    def _try(self, body: Body) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=MOST_SECONDS)
        connection = self._connection
        chunks = (
            (body.data[at : at + body.chunk] for at in range(0, len(body.data), body.chunk)) if body.chunk else None
        )
        headers = {"User-Agent": BROWSER, **{name: text.encode("utf-8") for name, text in body.headers.items()}}
        # What is too large is answered, and not read to its end.
        with suppress(BrokenPipeError):
            connection.request("POST", PATH, chunks or body.data, headers, encode_chunked=bool(body.chunk))  # type: ignore[arg-type]
        answer = connection.getresponse()
        data = answer.read()
        if answer.will_close:
            self.close()
        return answer.status, data


def memory(service: Service) -> int:
    """Resident bytes of a process and those that it started."""
    process = psutil.Process(service.pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


@pytest.mark.timeout(examples(ci=300, deep=2_400))
def test_whatever_is_sent_is_answered_and_accounted_for(system: System) -> None:
    client = system.new_client()
    server = system.serve()
    system.work()
    sender = Sender(system.port)
    measured: list[int] = []

    @settings(
        max_examples=BODIES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(body=bodies(client["apiKey"]))
    def send(body: Body) -> None:
        sender.send(body)
        if sum(sender.statuses.values()) == WARM:
            measured.append(memory(server))

    began = time.monotonic()
    send()
    took = time.monotonic() - began
    measured.append(memory(server))
    sender.close()
    system.wait_drained(timeout=300)
    figures = _figures(sender, took, measured)
    print(json.dumps(figures))
    [books] = system.cli("event", "outcomes")
    assert sender.statuses[200] > BODIES // 10, figures
    assert {400, 413, 422} <= sender.statuses.keys(), figures
    assert measured[1] - measured[0] < MOST_GROWTH, figures
    assert server.running
    assert books["unaccounted"] == books["waiting"] == 0, books
    # A time-out of ours after the events were taken would make it more.
    assert books["accepted"] == sender.queued == sum(books["outcomes"].values()), (books, figures)
    assert books["outcomes"][Outcome.DEAD_LETTER] == 0, system.cli("dlq", "list")
    assert books["outcomes"][Outcome.STORED] == system.database["events"].count_documents({})


def _figures(sender: Sender, seconds: float, measured: list[int]) -> dict[str, Any]:
    return {
        "bodies": sum(sender.statuses.values()),
        "bodies a second": round(sum(sender.statuses.values()) / seconds),
        "slowest seconds": round(sender.slowest, 3),
        "RSS MiB": [round(size / 2**20, 1) for size in measured],
        "statuses": dict(sorted(sender.statuses.items())),
        "events": sender.queued,
    }
