"""How many requests each endpoint may have in work. Pure.

One that fails gets a single one at a time, and all that fail together half of the room: however many do not answer,
the others go on.
"""

from __future__ import annotations

from collections import Counter


class Lanes:
    """The room of one worker.

    :param at_once: requests in work together; :param per_endpoint: of one endpoint that answers.
    """

    def __init__(self, at_once: int, per_endpoint: int) -> None:
        self._at_once = at_once
        self._per_endpoint = per_endpoint
        self._running: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    @property
    def has_room(self) -> bool:
        """Whether another request may begin at all."""
        return self._running.total() < self._at_once

    def full(self) -> set[str]:
        """Endpoints that may begin no other request now."""
        found = {one for one, number in self._running.items() if number >= self._most(one)}
        failing = sum(number for one, number in self._running.items() if one in self._failures)
        if failing >= max(1, self._at_once // 2):
            found |= self._failures.keys()
        return found

    def _most(self, endpoint_id: str) -> int:
        return 1 if endpoint_id in self._failures else self._per_endpoint

    def begin(self, endpoint_id: str) -> None:
        """A request begins."""
        self._running[endpoint_id] += 1

    def end(self, endpoint_id: str) -> None:
        """It has ended."""
        self._running[endpoint_id] -= 1
        if self._running[endpoint_id] <= 0:
            del self._running[endpoint_id]

    def note(self, endpoint_id: str, *, arrived: bool) -> int:
        """What came of it; tells how many have failed in a row."""
        if arrived:
            self._failures.pop(endpoint_id, None)
            return 0
        self._failures[endpoint_id] += 1
        return self._failures[endpoint_id]

    def forget(self, endpoint_id: str) -> None:
        """It is off; nothing is sent there any more."""
        self._failures.pop(endpoint_id, None)
