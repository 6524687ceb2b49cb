"""``trackerctl retention``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run

DAY = timedelta(days=1)


def now() -> datetime:
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def fill(documents: Any, client: dict[str, Any]) -> None:
    """An event and a visit of twenty days ago, and leads of 20 and 100 days ago of which a CRM has one each."""
    own, at = {"clientId": client["clientId"]}, now() - 20 * DAY
    end = at + 90 * DAY
    documents["events"].insert_one({**own, "eventId": "e", "timestamp": at, "createdAt": at, "expiresAt": end})
    documents["sessions"].insert_one({**own, "sessionId": "s", "startedAt": at, "createdAt": at, "expiresAt": end})
    for age in (20, 100):
        for synced in (False, True):
            moment = now() - age * DAY
            lead = {"leadId": f"{age}-{synced}", "createdAt": moment, "updatedAt": moment, "crmSynced": synced}
            documents["leads"].insert_one({**own, **lead, "history": []})


def stores(view: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    return {one["store"]: (one["days"], one["source"], one["documents"], one["nextDay"]) for one in view["stores"]}


def test_show_tells_days_where_they_come_from_and_what_goes_next(
    client: dict[str, Any], documents: Any, run: Run
) -> None:
    assert run("--json", "retention", "show", "example.com").json["pending"] is False
    fill(documents, client)
    view = run("--json", "retention", "show", "example.com").json
    usual = (90, "TRACKER_RETENTION_DAYS")
    assert stores(view) == {
        "events": (*usual, 1, 0),
        "sessions": (*usual, 1, 0),
        "unsyncedLeads": (*usual, 2, 1),
        "syncedLeads": (None, "default", 2, 0),
    }
    assert view["pending"] is True
    assert view["drafts"] == {"days": 7, "documents": 0}
    assert run("--json", "retention", "show").json == [view]
    shown = run("retention", "show", "example.com").out
    assert "for ever" in shown
    assert "TRACKER_RETENTION_DAYS" in shown


def test_set_changes_what_is_named_and_none_goes_back_to_the_default(client: dict[str, Any], run: Run) -> None:
    options = ("--events", "30", "--unsynced-leads", "forever", "--synced-leads", "365")
    view = run("--json", "retention", "set", "example.com", *options).json
    assert view["retention"] == {
        "eventsDays": 30,
        "sessionsDays": None,
        "unsyncedLeadsDays": "forever",
        "syncedLeadsDays": 365,
    }
    assert view["inForce"]["sessions"] == {"days": 30, "source": "retention.eventsDays"}
    run("retention", "set", "example.com", "--events", "none", "--unsynced-leads", "none")
    assert run("--json", "client", "show", "example.com").json["settings"]["retention"]["eventsDays"] is None
    entries = run("--json", "audit", "list", "--action", "client.update").json
    assert [entry["after"]["settings"] for entry in entries] == [
        {"retention": {"syncedLeadsDays": 365}},
        {"retention": {"eventsDays": 30, "unsyncedLeadsDays": "forever", "syncedLeadsDays": 365}},
    ]
    run("retention", "set", "example.com", "--synced-leads", "none")
    assert "retention" not in run("config", "export").out


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ((), "nothing to change"),
        (("--events", "forever"), "--events"),
        (("--events", "0"), "eventsDays"),
        (("--synced-leads", "soon"), "--synced-leads"),
        (("--sessions", "3651"), "sessionsDays"),
    ],
    ids=["nothing", "events-forever", "nought", "word", "too-long"],
)
def test_what_cannot_be_is_refused(client: dict[str, Any], run: Run, options: tuple[str, ...], what: str) -> None:
    ran = run("--json", "retention", "set", "example.com", *options, code=None)
    assert ran.code
    assert what in ran.error["detail"]


def test_a_setting_of_the_client_and_a_file_carry_it_too(client: dict[str, Any], run: Run, tmp_path: Any) -> None:
    run("client", "update", "example.com", "--set", "retention.eventsDays=30")
    assert run("--json", "retention", "set", "example.com", "--sessions", "31").json["retention"]["eventsDays"] == 30
    file = tmp_path / "config.yaml"
    file.write_text(run("config", "export").out)
    run("retention", "set", "example.com", "--events", "5", "--sessions", "none")
    run("config", "apply", "--file", str(file), "--yes")
    found = run("--json", "client", "show", "example.com").json["settings"]["retention"]
    assert (found["eventsDays"], found["sessionsDays"]) == (30, 31)


def test_run_does_now_what_a_dry_run_says(client: dict[str, Any], documents: Any, run: Run) -> None:
    fill(documents, client)
    run("retention", "set", "example.com", "--events", "30", "--synced-leads", "50")
    said = run("--json", "retention", "run", "--dry-run").json
    [one] = said["clients"]
    assert (said["dryRun"], one["changed"]) == (True, {"events": 1, "sessions": 1})
    assert one["deleted"] == {"unsyncedLeads": 1, "syncedLeads": 1, "events": 0}
    assert documents["leads"].count_documents({}) == 4
    assert run("--json", "retention", "run", "--client", "example.com").json == {"dryRun": False, "clients": [one]}
    assert sorted(lead["leadId"] for lead in documents["leads"].find()) == ["20-False", "20-True"]
    event = documents["events"].find_one()
    assert event["expiresAt"] - event["createdAt"] == 30 * DAY
    [entry] = run("--json", "audit", "list", "--action", "retention").json
    assert (entry["action"], entry["after"]) == ("retention.run", {"deleted": {"unsyncedLeads": 1, "syncedLeads": 1}})
    again = run("--json", "retention", "run").json["clients"][0]
    assert not any(again["changed"].values())
    assert not any(again["deleted"].values())
    assert "example.com" in run("retention", "run").out


def test_a_deleted_clients_leads_end_too_and_those_of_an_unknown_one_stay(
    client: dict[str, Any], documents: Any, run: Run
) -> None:
    fill(documents, client)
    fill(documents, {"clientId": "of-another-installation"})
    run("client", "delete", "example.com", "--yes")
    [shown] = run("--json", "retention", "show").json
    assert (shown["domain"], stores(shown)["syncedLeads"][0]) == (None, 90)
    run("retention", "run")
    left = {(lead["clientId"], lead["leadId"]) for lead in documents["leads"].find()}
    assert {lead for owner, lead in left if owner == client["clientId"]} == {"20-False", "20-True"}
    assert len({lead for owner, lead in left if owner != client["clientId"]}) == 4
