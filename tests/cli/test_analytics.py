"""``trackerctl analytics`` on the stores that it reads and writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.replace(hour=0, minute=0, second=0)


@pytest.fixture
def visits(documents: Any, client: dict[str, Any]) -> str:
    """Four days of a client: each day a view more than the one after it, and a submission on a campaign's day."""
    client_id: str = client["clientId"]

    def event(day: int, number: int, **more: Any) -> dict[str, Any]:
        return {
            "clientId": client_id,
            "eventId": f"{day}-{number}-{more}",
            "eventType": "page_view",
            "timestamp": TODAY - timedelta(days=day),
            "expiresAt": NOW + timedelta(days=80),
            **more,
        }

    events = [event(day, number) for day in range(4) for number in range(day + 1)]
    campaign = {"metadata": {"utmSource": "news", "utmMedium": "email"}, "formId": "contact"}
    events += [event(1, 0, eventType="form_submission", **campaign), event(1, 1, test=True)]
    documents.events.insert_many(events)
    return client_id


def views(run: Run, *options: str) -> list[tuple[str, int]]:
    shown = run("--json", "analytics", "show", "example.com", *options).json
    return [(next(iter(row.values())), row["views"]) for row in shown]


def day(number: int) -> str:
    return (TODAY - timedelta(days=number)).date().isoformat()


def test_a_rebuild_says_what_it_did_and_a_second_one_changes_nothing(visits: str, documents: Any, run: Run) -> None:
    done = {"clients": 1, "days": 4, "rows": 6, "closed": 0}
    assert run("--json", "analytics", "rebuild").json == done
    first = run("--json", "analytics", "list").json
    assert run("analytics", "rebuild", "--client", "example.com").out == "Rebuilt 4 days of 1 client: 6 rows.\n"
    assert run("--json", "analytics", "list").json == first
    assert run("-q", "analytics", "rebuild").out.strip() == visits


def test_what_was_deleted_is_gone_after_a_rebuild_of_its_days(visits: str, documents: Any, run: Run) -> None:
    run("analytics", "rebuild")
    documents.events.delete_many({})
    assert run("--json", "analytics", "rebuild", "--since", day(1)).json["days"] == 2
    assert views(run) == [(day(2), 3), (day(3), 4)]


def test_figures_are_added_up_by_what_is_asked_for(visits: str, run: Run) -> None:
    run("analytics", "rebuild")
    assert views(run) == [(day(number), number + 1) for number in range(4)]
    assert views(run, "--since", day(2), "--until", day(0)) == [(day(1), 2), (day(2), 3)]
    assert views(run, "--by", "source") == [("(direct)", 10), ("news", 0)]
    assert views(run, "--by", "form") == [(None, 10), ("contact", 0)]
    assert views(run, "--test") == [(day(1), 1)]
    heading, first, *_ = run("analytics", "show", "example.com").out.splitlines()
    assert heading.split() == ["DATE", "VIEWS", "SESSIONS", "STARTS", "SUBMITTED", "PARTIAL", "ABANDONED", "LEADS"]
    assert first.split() == [day(0), "1", "0", "0", "0", "0", "0", "0"]


def test_rows_are_narrowed_down(visits: str, run: Run) -> None:
    run("analytics", "rebuild")
    [row] = run("--json", "analytics", "list", "--form", "contact").json
    assert row == {
        "clientId": visits, "date": day(1), "formId": "contact", "source": "news", "medium": "email",
        "campaign": "(none)", "test": False, "views": 0, "sessions": 0, "formStarts": 1, "submissions": 1,
        "partial": 0, "abandoned": 0, "leads": 0,
    }  # fmt: skip
    assert [row["date"] for row in run("--json", "analytics", "list", "-n", "3").json] == [day(0), day(1), day(1)]
    assert day(1) in run("analytics", "list", "-c", "example.com").out
    assert run("-q", "analytics", "list", "--form", "contact").out.split()[1:3] == [day(1), "contact"]


def test_nothing_stored_is_said_so(documents: Any, run: Run) -> None:
    assert run("analytics", "list").out == "No figures.\n"
    assert run("analytics", "show", "example.com").out == "No figures.\n"
    assert run("--json", "analytics", "rebuild").json == {"clients": 0, "days": 0, "rows": 0, "closed": 0}
    assert run("--json", "analytics", "show", "nobody.example", code=1).error["slug"] == "not-found"


def test_closed_days_are_told(visits: str, documents: Any, run: Run) -> None:
    oldest = {"timestamp": {"$lt": TODAY - timedelta(days=2)}}
    documents.events.update_many(oldest, {"$set": {"expiresAt": NOW + timedelta(minutes=30)}})
    run("analytics", "rebuild")
    documents.events.delete_many(oldest)
    kept = "Rebuilt 3 days of 1 client: 5 rows; 1 day kept, whose events have begun to expire.\n"
    assert run("analytics", "rebuild").out == kept
    assert run("--json", "analytics", "rebuild", "--force").json["closed"] == 0
    assert len(views(run)) == 3
