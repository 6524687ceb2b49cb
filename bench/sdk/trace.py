"""Reading a Chromium trace: which script ran on the page's main thread, for how long, and inside which event.

Times are milliseconds of the thread's CPU, which a busy machine changes less than the clock. They include what a script
makes the browser do, such as layout, and not what it waits for, such as the first look into a site's storage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

CATEGORIES = ["devtools.timeline", "v8.execute", "blink.user_timing"]
SCRIPT = {"EvaluateScript", "FunctionCall", "RunMicrotasks"}


@dataclass(frozen=True)
class Span:
    """Something that the main thread did, between two points of the clock; ``ms`` is CPU time, ``url`` the script's."""

    name: str
    start: float
    end: float
    ms: float
    url: str


class Trace:
    """The main thread of the one page that was traced, cut into phases by the page's own marks."""

    def __init__(self, raw: bytes) -> None:
        events = json.loads(raw)["traceEvents"]
        marks = [event for event in events if event["name"].startswith("phase:")]
        thread = {(event["pid"], event["tid"]) for event in marks}
        own = [event for event in events if (event["pid"], event["tid"]) in thread]
        self.marks = sorted((event["ts"] / 1000, event["name"].removeprefix("phase:")) for event in marks)
        self.spans = sorted(
            map(_span, (event for event in own if event["ph"] == "X")), key=lambda span: (span.start, -span.ms)
        )

    def phase(self, name: str) -> list[Span]:
        """What began between this mark and the next; before the first one is the phase ``start``."""
        bounds = [(float("-inf"), "start"), *self.marks, (float("inf"), "")]
        for (begin, label), (end, _) in pairwise(bounds):
            if label == name:
                return [span for span in self.spans if begin <= span.start < end]
        raise KeyError(name)


def _span(event: dict[str, Any]) -> Span:
    data = event.get("args", {}).get("data") or {}
    end = (event["ts"] + event.get("dur", 0)) / 1000
    return Span(event["name"], event["ts"] / 1000, end, event.get("tdur", 0) / 1000, data.get("url") or "")


def outermost(spans: Iterable[Span]) -> list[Span]:
    """Those of these that are inside no other of them; they come sorted by their start."""
    kept: list[Span] = []
    for span in spans:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def script(spans: Iterable[Span]) -> list[Span]:
    """All script, whoever's: evaluations, calls and microtasks."""
    return outermost(span for span in spans if span.name in SCRIPT)


def events(spans: Iterable[Span]) -> list[Span]:
    """Events of the page with all their listeners, and those that they cause at once: a key its click and submit."""
    return outermost(span for span in spans if span.name == "EventDispatch")


def calls_into(spans: Iterable[Span], url: str) -> list[Span]:
    """Calls that the browser made into the script of this address; not those within a call of another script."""
    return [span for span in script(spans) if span.url == url]


def total(spans: Iterable[Span]) -> float:
    return sum(span.ms for span in spans)
