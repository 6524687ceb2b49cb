"""What an operator sees while a fault lasts: health, status, log lines, and what senders get."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from tests.faults.load import Answer
from tests.fixtures.processes import service_environment
from tests.fixtures.system import System

_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Readiness:
    """One answer of ``/health/ready``; ``status`` is ``None`` when there was none. ``away``: which stores."""

    status: int | None
    state: str = ""
    away: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.status is None:
            return "no answer"
        return f"{self.status} {self.state}" + (f" ({', '.join(self.away)})" if self.away else "")


class Watch:
    """Looks at ``/health/ready`` all the time while a fault lasts, and at the command line when it is told to.

    :ivar seen: every readiness while faults lasted.
    :ivar notes: what a fault's own script found out, as text.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.seen: list[Readiness] = []
        self.status: dict[str, Any] = {}
        self.notes: list[str] = []
        self.windows: list[tuple[float, float]] = []
        self._began = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """A fault begins."""
        self._began = time.time()
        self._ended.clear()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """A fault is over."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(10)
        self.windows.append((self._began, time.time()))

    def _look(self) -> None:
        with httpx.Client(timeout=5) as http:
            while not self._ended.is_set():
                self.seen.append(self._ready(http))
                self._ended.wait(_LOOK_SECONDS)

    def _ready(self, http: httpx.Client) -> Readiness:
        try:
            answer = http.get(f"{self.system.url}/health/ready")
        except httpx.TransportError:
            return Readiness(None)
        body = answer.json()
        away = tuple(store["name"] for store in body.get("stores", ()) if not store["ok"])
        return Readiness(answer.status_code, body.get("status", ""), away)

    def look_at_status(self) -> None:
        """``trackerctl status`` now; the last look of a run is the one that is told of."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "--json", "status"],
            env=service_environment(**self.system.settings),
            cwd=self.system.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout, done.stderr
        self.status = json.loads(done.stdout) | {"code": done.returncode}

    # ------------------------------------------------------------------------------------------------- as text

    def words(self, answers: Iterable[Answer]) -> list[str]:
        """All that was seen, condensed."""
        parts = [
            f"senders: {_answer_words(answers)}",
            f"`/health/ready`: {self._ready_words()}",
            f"`trackerctl status`: {self._status_words()}",
        ]
        if names := self._log_names():
            parts.append(f"log: {', '.join(f'`{name}`' for name in names)}")
        return parts + self.notes

    def _ready_words(self) -> str:
        """What is out of the ordinary, most frequent first; else the ordinary."""
        counts = Counter(map(str, self.seen))
        unusual = [text for text, _ in counts.most_common() if text != "200 ready"]
        return ", ".join(unusual) or "200 ready"

    def _status_words(self) -> str:
        status = self.status
        if not status:
            return "not asked"
        away = [_store_words(store) for store in status["stores"] if not store["ok"]]
        parts = [f"exit code {status['code']}", ", ".join(away) or "all stores answer"]
        if status["queue"] is not None:
            waiting = (status["events"] or {}).get("waiting")
            parts.append(f"{waiting:,} events wait" if waiting else "no event waits")
            parts.append(f"{status['events']['unaccounted']} unaccounted")
            parts.append(f"{status['deadLetters']['count']} dead letters")
        return ", ".join(parts)

    def _log_names(self) -> list[str]:
        """Names of warnings and errors in the logs of API and workers since the first fault began, commonest first."""
        since = self.windows[0][0]
        names: Counter[str] = Counter()
        for service in self.system.launch.services:
            for line in service.output().splitlines():
                entry = _log_entry(line)
                if entry.get("level") in ("warning", "error", "critical") and _epoch(entry["timestamp"]) >= since:
                    names[entry["event"]] += 1
        return [name for name, _ in names.most_common()]

    def during(self, answers: Iterable[Answer]) -> list[Answer]:
        """Those to requests that were sent while a fault lasted."""
        return [answer for answer in answers if any(begin <= answer.at <= end for begin, end in self.windows)]


def _answer_words(answers: Iterable[Answer]) -> str:
    kinds: dict[str, list[Answer]] = {}
    for answer in answers:
        later = f" with `Retry-After: {answer.retry_after}`" if answer.retry_after is not None else ""
        name = "no answer" if answer.status is None else f"`{answer.status}`{later}"
        kinds.setdefault(name, []).append(answer)
    ranked = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    return ", ".join(f"{name} × {len(of):,} (≤ {_tenths(of)} s)" for name, of in ranked)


def _store_words(store: dict[str, Any]) -> str:
    silent = store["detail"].startswith("does not answer")
    return f"{store['name']} {'away' if silent else store['detail']}"


def _tenths(answers: Iterable[Answer]) -> float:
    """The longest of them in seconds, rounded up."""
    return math.ceil(max(answer.seconds for answer in answers) * 10) / 10


def _log_entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) and "event" in entry and "timestamp" in entry else {}


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
