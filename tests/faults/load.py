"""A load client that does as the browser script does: known event ids, and the same batch again until it is taken.

Several threads post batches of 1 to 50 events. A ``5xx``, a ``429`` or no answer at all means that the same bytes of
events are sent again, after ``Retry-After`` or a pause that doubles (`jsbundle/src/queue.js`; the pause is shorter
here). Any other refusal makes the script drop the batch, so here it is a loss: ``refused``.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from tests.fixtures.system import BROWSER

Event = dict[str, Any]

_THREADS = 6
_MOST_IN_BATCH = 50
_PAUSE_SECONDS = (0.2, 2.0)
# As long as a slow mobile connection would wait; beyond it the answer counts as lost.
_PATIENCE_SECONDS = 10.0
_SESSION_EVENTS = 12


@dataclass(frozen=True)
class Answer:
    """One answer to one POST: ``status`` is ``None`` when there was none. Times are of ``time.time``, in seconds."""

    at: float
    seconds: float
    status: int | None
    retry_after: int | None = None


def make_events(count: int, seed: int = 7) -> list[Event]:
    """Visits of twelve events each: pages, then a form that is filled in and sent. Neighbours are mixed up.

    Each visitor has one e-mail, which is in three events of the visit; so leads and sessions are joined by jobs that
    run at the same time.
    """
    now = int(time.time() * 1000)
    events = [_event(number, now) for number in range(count)]
    mixed, shuffle = [], random.Random(seed).shuffle
    for start in range(0, count, 600):
        neighbours = events[start : start + 600]
        shuffle(neighbours)
        mixed += neighbours
    return mixed


def _event(number: int, now: int) -> Event:
    visit, step = divmod(number, _SESSION_EVENTS)
    values: Event = {
        "id": f"event-{number}",
        "sessionId": f"session-{visit}",
        "visitorId": f"visitor-{visit}",
        "timestamp": now + step,
    }
    form = {"formId": "contact", "fields": {"email": f"visitor{visit}@example.com"}}
    if step < _SESSION_EVENTS - 3:
        return values | {"type": "page_view", "payload": {"page": {"url": f"https://shop.example/{step}"}}}
    kind = "form_submission" if step >= _SESSION_EVENTS - 2 else "form_interaction"
    return values | {"type": kind, "payload": form}


def make_batches(events: Sequence[Event], seed: int = 7) -> Iterator[list[Event]]:
    """Cut into batches of different sizes."""
    size, start = random.Random(seed), 0
    while start < len(events):
        end = start + size.randint(1, _MOST_IN_BATCH)
        yield list(events[start:end])
        start = end


@dataclass
class Load:
    """Sends ``events`` from several threads; a context manager that stops them at its end.

    :ivar pace: events per second that are newly offered; what is offered again comes on top.
    :ivar acknowledged: ids of events that a ``200`` stood for.
    :ivar answers: every answer so far, in order.
    :ivar refused: statuses upon which a browser would have dropped events.
    """

    url: str
    api_key: str
    events: list[Event]
    pace: float
    acknowledged: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._batches = make_batches(self.events)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._due = 0.0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(_THREADS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * _PATIENCE_SECONDS)

    @property
    def finished(self) -> bool:
        """Whether every event was acknowledged, or refused for good."""
        return not any(thread.is_alive() for thread in self._threads)

    def share(self) -> float:
        """Which part of all events is acknowledged, 0 to 1."""
        return len(self.acknowledged) / len(self.events)

    def unanswered(self, since: float) -> list[Answer]:
        """Answers since then that were no acknowledgement."""
        return [answer for answer in list(self.answers) if answer.at >= since and answer.status != 200]

    def _run(self) -> None:
        with httpx.Client(timeout=_PATIENCE_SECONDS, headers={"User-Agent": BROWSER}) as http:
            while not self._stop.is_set() and (batch := self._next()):
                self._send(http, batch)

    def _next(self) -> list[Event] | None:
        with self._lock:
            batch = next(self._batches, None)
            if batch is None:
                return None
            self._due = max(self._due, time.monotonic()) + len(batch) / self.pace
            due = self._due
        self._stop.wait(max(0.0, due - time.monotonic()))
        return batch

    def _send(self, http: httpx.Client, batch: list[Event]) -> None:
        pause = _PAUSE_SECONDS[0]
        while not self._stop.is_set():
            answer = self._post(http, batch)
            self.answers.append(answer)
            if answer.status == 200:
                self.acknowledged.update(event["id"] for event in batch)
                return
            if answer.status is not None and answer.status < 500 and answer.status != 429:
                self.refused.append(answer.status)
                return
            self._stop.wait(max(answer.retry_after or 0, pause) * random.uniform(0.75, 1.25))
            pause = min(2 * pause, _PAUSE_SECONDS[1])

    def _post(self, http: httpx.Client, batch: list[Event]) -> Answer:
        started, began = time.time(), time.monotonic()
        body = json.dumps({"apiKey": self.api_key, "sentAt": int(started * 1000), "events": batch})
        try:
            answer = http.post(f"{self.url}/v1/track/events", content=body, headers={"Content-Type": "text/plain"})
        except httpx.TransportError:
            return Answer(started, time.monotonic() - began, None)
        seconds = time.monotonic() - began
        if answer.status_code == 200 and answer.json()["queued"] != len(batch):
            # An event that was refused inside a good batch: the script drops it.
            return Answer(started, seconds, 422)
        later = answer.headers.get("retry-after", "")
        return Answer(started, seconds, answer.status_code, int(later) if later.isdigit() else None)
