"""``trackerctl analytics`` on the stores that it reads and writes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run

VERBS = ("show", "summary", "timeseries", "sources", "forms", "funnel")
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
    for command in ("list",), *((verb, "example.com") for verb in VERBS):
        assert run("analytics", *command).out.startswith("No figures. ")
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


# ------------------------------------------------------------------------------------------------ reports for people


@pytest.fixture
def figures(documents: Any, client: dict[str, Any], form: dict[str, Any]) -> str:
    """Stored figures of three days, with a day in between that has none."""
    client_id: str = client["clientId"]
    zero = dict.fromkeys(("views", "sessions", "formStarts", "submissions", "partial", "abandoned", "leads"), 0)

    def row(number: int, source: str = "news", **more: Any) -> dict[str, Any]:
        names = {"clientId": client_id, "date": day(number), "source": source, "medium": "email", "campaign": "(none)"}
        return {**names, "formId": None, "test": False, **zero, **more}

    documents.analytics_daily.insert_many(
        [
            row(0, views=40, sessions=20),
            row(0, formId=form["formId"], formStarts=8, submissions=6, partial=2, abandoned=1, leads=5),
            row(1, "(direct)", views=10, sessions=5),
            row(3, views=80, sessions=25, formId=None),
            row(3, "(direct)", formId="newsletter", formStarts=2, submissions=1, partial=1),
            row(3, test=True, views=1_000),
        ]
    )
    return client_id


def test_a_summary_has_all_figures_shares_and_the_course(figures: str, run: Run) -> None:
    found = run("--json", "analytics", "summary", "example.com").json
    assert {name: found[name] for name in ("views", "formStarts", "leads", "completionRate", "leadsPerSession")} == {
        "views": 130, "formStarts": 10, "leads": 5, "completionRate": 0.7, "leadsPerSession": 0.1,
    }  # fmt: skip
    out = run("analytics", "summary", "example.com").out
    assert "70.0 %" in out
    assert f"{day(3)} to {day(0)}, 3 days with figures" in out
    views_line = next(line for line in out.splitlines() if "at most" in line)
    assert views_line.split() == ["views", "█▁▂▅", "80", "at", "most"]
    assert run("-q", "analytics", "summary", "example.com").out.strip() == figures


def test_the_course_has_a_character_for_days_without_figures(figures: str, run: Run) -> None:
    out = run("analytics", "timeseries", "example.com").out
    lines = [line for line in out.splitlines() if "at most" in line]
    assert [line.split()[0] for line in lines] == ["views", "sessions", "submissions", "leads"]
    assert all(len(line.split()[1]) == 4 for line in lines)
    assert [row["date"] for row in run("--json", "analytics", "timeseries", "example.com").json] == [
        day(0), day(1), day(3),
    ]  # fmt: skip


def test_sources_are_ranked_and_drawn(figures: str, run: Run) -> None:
    assert [row["source"] for row in run("--json", "analytics", "sources", "example.com").json] == ["news", "(direct)"]
    assert [row["medium"] for row in run("--json", "analytics", "sources", "example.com", "--by", "medium").json] == [
        "email"
    ]
    heading, news, direct = run("analytics", "sources", "example.com").out.splitlines()
    assert heading.endswith("BY LEADS")
    assert news.endswith("█" * 20)
    assert "█" not in direct


def test_forms_are_shown_by_their_names(figures: str, form: dict[str, Any], run: Run) -> None:
    rows = run("--json", "analytics", "forms", "example.com").json
    assert {row["formId"]: row["submissions"] for row in rows} == {None: 0, form["formId"]: 6, "newsletter": 1}
    out = run("analytics", "forms", "example.com").out
    assert "(no form)" in out
    assert "Contact" in out
    assert form["formId"] not in out
    assert "newsletter" in out


def test_the_funnel_is_drawn_to_scale(figures: str, run: Run) -> None:
    found = run("--json", "analytics", "funnel", "example.com").json
    assert [(step["name"], step["count"]) for step in found["steps"]] == [
        ("sessions", 50), ("formStarts", 10), ("submissions", 7), ("leads", 5),
    ]  # fmt: skip
    title, _, *lines = run("analytics", "funnel", "example.com").out.splitlines()
    assert title == "example.com"
    assert [line.count("█") for line in lines] == [30, 6, 4, 3]
    assert lines[2].split()[-4:] == ["70.0", "%", "14.0", "%"]


def test_reports_are_of_the_period_and_kind_that_is_asked_for(figures: str, run: Run) -> None:
    assert run("--json", "analytics", "summary", "example.com", "--since", day(1)).json["views"] == 50
    assert run("--json", "analytics", "funnel", "example.com", "--until", day(0)).json["steps"][0]["count"] == 30
    assert run("--json", "analytics", "summary", "example.com", "--test").json["views"] == 1_000
    assert (
        run("analytics", "timeseries", "example.com", "--output", "csv").out.splitlines()[0].startswith("date,views,")
    )
