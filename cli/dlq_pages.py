"""What people see of ``trackerctl dlq``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from cli.options import counted
from cli.output import facts, table
from cli.times import ago

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from tracker.deadletters.select import Entry

_ROWS = 50


def letters(number: int) -> str:
    """``1 dead letter``, ``2 dead letters``."""
    return counted(number, "dead letter")


def replayed_words(number: int, left: int) -> str:
    """What a replay did, and what it found gone."""
    skipped = f" {counted(left, 'was', 'were')} left alone." if left else ""
    return f"Put {letters(number)} back into the queue.{skipped}"


def letters_table(entries: Sequence[Entry]) -> RenderableType:
    """A line for each; the type of the event tells most."""
    from tracker.deadletters.views import event_of

    rows = [
        (
            entry.id[:12],
            (entry.client_id or "")[:8],
            (event_of(entry) or {}).get("type") or entry.shelf.kind,
            entry.error,
            entry.attempts,
            ago(entry.last_at),
        )
        for entry in entries
    ]
    return table(("ID", "CLIENT", "WHAT", "ERROR", "TRIES", "FAILED"), rows, ids=("ID",))


def fates_page(found: Sequence[dict[str, Any]]) -> list[RenderableType]:
    """What a replay would do: the first ones, and numbers of all."""
    if not found:
        return ["No dead letters."]
    rows = [
        (
            row["id"][:12],
            row["result"],
            row["error"] or (row["outcome"] if row["result"] == "dropped" else None),
            row["lead"] and f"{row['lead']['action']} {row['lead']['id'][:8]}",
        )
        for row in found[:_ROWS]
    ]
    numbers = Counter(row["result"] for row in found)
    summary = ", ".join(f"{number} {result}" for result, number in numbers.most_common())
    more = f", the first {_ROWS} above" if len(found) > _ROWS else ""
    return [table(("ID", "RESULT", "WHY", "LEAD"), rows, ids=("ID",)), "", f"{summary}{more}. Nothing was changed."]


def stats_page(view: dict[str, Any]) -> list[RenderableType]:
    """Numbers by client and error, and how much room is left."""
    limits = view["limits"]
    room = facts(
        [
            ("dead letters", view["count"]),
            ("oldest", ago(view["oldestAt"])),
            ("newest", ago(view["newestAt"])),
            ("kept at most", f"{limits['limit']:,}"),
            ("kept for", f"{limits['maxAgeDays']:g} days" if limits["maxAgeDays"] else "ever"),
        ]
    )
    rows = [(group["clientId"] or "-", group["error"], group["count"]) for group in view["groups"]]
    return [room, "", table(("CLIENT", "ERROR", "NUMBER"), rows)] if rows else [room]


def details_page(details: dict[str, Any]) -> RenderableType:
    """All that is known of one, a line each."""
    return facts((name, ago(value) if name.endswith("At") else value) for name, value in details.items())
