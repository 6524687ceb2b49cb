"""``trackerctl lead trace`` on the stores that it reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_leads_and_events import NOW, event, lead

LEAD = lead(1, "")["leadId"]


@pytest.fixture
def traced(documents: Any, client: dict[str, Any]) -> None:
    """A lead of two decisions, the events behind them, and a page view before."""
    start = NOW - timedelta(hours=3)
    history = [
        {
            "at": start,
            "eventId": "event-3",
            "decision": "created",
            "reason": "first form_interaction of this e-mail",
            "status": "partial",
            "changed": ["email"],
            "otherLeadId": "0000000f-0000-4000-8000-000000000000",
        },
        {
            "at": start + timedelta(hours=1),
            "eventId": "event-2",
            "decision": "promoted",
            "reason": "partial to submitted: form_submission of the same e-mail",
            "status": "submitted",
            "changed": ["fields.budget"],
            "kept": ["name"],
        },
    ]
    form = {"form": {"formId": "f", "formName": "Contact", "fields": {"budget": "10k"}}}
    own = {"sessionId": "visit", "leadId": LEAD, "payload": form}
    documents.leads.insert_one(lead(1, client["clientId"], history=history, status="submitted", crmId="00Q1"))
    documents.events.insert_many(
        [
            event(4, client["clientId"], sessionId="visit"),
            event(3, client["clientId"], eventType="form_interaction", **own),
            event(2, client["clientId"], eventType="form_submission", **own),
            event(5, client["clientId"], sessionId="another visit"),
        ]
    )


def test_the_story_of_a_lead_is_told_the_oldest_first(traced: None, run: Run) -> None:
    title, _, heading, *rows = run("lead", "trace", "00000001").out.splitlines()
    assert title.split() == [LEAD, "visitor1@example.com", "submitted", "medium"]
    assert heading.split() == ["TIME", "(UTC)", "WHAT", "DETAIL"]
    told = [row.split(maxsplit=2)[2].strip() for row in rows if row[:4].isdigit()]
    assert [line.split()[0] for line in told] == ["page_view", "created", "status", "promoted", "status"]
    text = " ".join(" ".join(rows).split())
    assert "took: email; other lead: 0000000f" in text
    assert "took: fields.budget; already newer: name" in text
    assert "partial to submitted" in text
    assert rows[0].startswith(f"{NOW - timedelta(hours=4):%Y-%m-%d %H:%M:%S}")


def test_as_json_it_is_the_lead_and_its_timeline(traced: None, client: dict[str, Any], run: Run) -> None:
    found = run("--json", "lead", "trace", LEAD).json
    assert list(found) == ["lead", "timeline"]
    assert (found["lead"]["leadId"], found["lead"]["clientId"]) == (LEAD, client["clientId"])
    assert [(entry["kind"], entry.get("eventId")) for entry in found["timeline"]] == [
        ("event", "event-4"),
        ("decision", "event-3"),
        ("status", None),
        ("decision", "event-2"),
        ("status", None),
    ]
    assert found["timeline"][3]["fields"] == {"budget": "10k"}


def test_quietly_it_is_the_id(traced: None, run: Run) -> None:
    assert run("-q", "lead", "trace", "00000001").out.strip() == LEAD


def test_an_unknown_lead_is_not_found(documents: Any, run: Run) -> None:
    assert run("--json", "lead", "trace", "ffffffff", code=1).error["slug"] == "not-found"


def test_what_a_stranger_typed_does_not_steer_the_terminal(documents: Any, client: dict[str, Any], run: Run) -> None:
    entry = {"at": NOW, "eventId": "event-1", "decision": "created", "reason": "x", "changed": ["fields.\x1b[2J[red]y"]}
    form = {"form": {"formName": "\x1b]0;owned\x07[red]", "fields": {"\x9b": "\r"}}}
    documents.leads.insert_one(lead(1, client["clientId"], history=[entry]))
    documents.events.insert_one(event(1, client["clientId"], leadId=LEAD, payload=form))
    for command in (("lead", "trace", LEAD), ("--json", "lead", "trace", LEAD)):
        out = run(*command).out
        assert not {"\x1b", "\x07", "\x9b", "\r"} & set(out)
        assert "[red]" in out
