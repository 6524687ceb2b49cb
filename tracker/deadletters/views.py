"""Dead letters as JSON for people and programs: the event as it was sent, with secrets replaced.

The event has not been through the pipeline's redaction: what it holds at a secret name, and cards and the like in any
value, is replaced before it is shown. E-mail addresses and other values stay, as an operator needs them to decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracker.deadletters.bounds import DeadLetterState
from tracker.deadletters.select import Entry
from tracker.privacy.redact import redact_value


def entry_view(entry: Entry) -> dict[str, Any]:
    """``{id, kind, clientId, error, attempts, firstAt, lastAt, event}``; times are ISO 8601 in UTC.

    ``event`` is ``None`` for a job that could not be read.
    """
    return {
        "id": entry.id,
        "kind": entry.shelf.kind,
        "clientId": entry.client_id,
        "error": entry.error,
        "attempts": entry.attempts,
        "firstAt": iso(entry.first_at),
        "lastAt": iso(entry.last_at),
        "event": event_of(entry),
    }


def entry_details(entry: Entry) -> dict[str, Any]:
    """:func:`entry_view` and what the edge and the queue know of the event."""
    view = entry_view(entry)
    if entry.letter is None:
        return view | {"bytes": len(entry.data)}
    batch = entry.letter.batch
    event = batch.events[0]
    return view | {
        "eventId": event.event_id,
        "receivedAt": iso(batch.received_at),
        "test": batch.test,
        "kills": event.kills,
        "replays": event.replays,
        "bytes": len(event.data),
    }


def event_of(entry: Entry) -> dict[str, Any] | None:
    """The event as it was sent, with secrets replaced."""
    if entry.letter is None:
        return None
    try:
        event = redact_value(msgspec.json.decode(entry.letter.batch.events[0].data))
    except (msgspec.DecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


class Tally:
    """Counts entries by kind, client and error as they are read."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._groups: Counter[tuple[str | None, str]] = Counter()
        self._times: list[float] = []

    def add(self, entries: Iterable[Entry]) -> None:
        """Count some more."""
        for entry in entries:
            self._kinds[entry.shelf.kind] += 1
            self._groups[entry.client_id, entry.error] += 1
            if entry.last_at is not None:
                self._times = [min((*self._times, entry.last_at)), max((*self._times, entry.last_at))]

    def view(self, state: DeadLetterState) -> dict[str, Any]:
        """What was counted, and how full the dead letters are, whatever was counted."""
        return {
            "count": self._kinds.total(),
            "kinds": dict(sorted(self._kinds.items())),
            "groups": [
                {"clientId": client, "error": error, "count": number}
                for (client, error), number in self._groups.most_common()
            ],
            "oldestAt": iso(self._times[0]) if self._times else None,
            "newestAt": iso(self._times[-1]) if self._times else None,
            "limits": state_view(state),
        }


def state_view(state: DeadLetterState) -> dict[str, Any]:
    """``{count, limit, oldestAt, maxAgeDays, warning}``; ``warning`` is ``None`` while there is room."""
    return {
        "count": state.count,
        "limit": state.limit,
        "oldestAt": iso(state.oldest_at),
        "maxAgeDays": state.max_age_days,
        "warning": state.warning or None,
    }


def iso(moment: float | None) -> str | None:
    """Epoch seconds as ISO 8601 in UTC, to the millisecond."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
