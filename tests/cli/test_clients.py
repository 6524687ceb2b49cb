"""``trackerctl client``: what an operator does with sites."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from cli.output import PIPE_WIDTH
from tests.cli.conftest import Run
from tracker.config.keys import looks_like_key


def test_creating_prints_one_object_with_id_domain_and_publishable_key(site: Path, run: Run) -> None:
    ran = run("--json", "client", "create", "--domain", "example.com")

    assert uuid.UUID(ran.json["clientId"])
    assert ran.json["domain"] == "example.com"
    assert looks_like_key(ran.json["apiKey"])
    assert ran.json["apiKey"].startswith("pk_live_")
    assert ran.err == ""


def test_creating_takes_everything_a_client_has(site: Path, run: Run) -> None:
    run(
        *("client", "create", "--domain", "example.com", "--name", "Example", "--mode", "test"),
        *("--origin", "https://shop.example", "--origin", "http://localhost:3000", "--retention-days", "30"),
        *("--set", "features.chat=true", "--set", "consent.mode=optin", "--set", "requireOrigin=true"),
    )

    shown = run("--json", "client", "show", "example.com").json
    assert shown["name"] == "Example"
    assert shown["allowedOrigins"] == ["https://shop.example", "http://localhost:3000"]
    assert shown["retentionDays"] == 30
    assert shown["config"]["features"]["chat"] is True
    assert shown["config"]["consent"]["mode"] == "optin"
    assert shown["settings"]["requireOrigin"] is True
    assert [key["mode"] for key in shown["keys"]] == ["test"]


def test_people_are_told_the_key_and_the_next_step(site: Path, run: Run) -> None:
    ran = run("client", "create", "--domain", "example.com")

    assert "pk_live_" in ran.out
    assert ran.err.endswith("trackerctl embed example.com\n")


def test_quiet_prints_the_id_alone(site: Path, run: Run) -> None:
    ran = run("client", "create", "--domain", "example.com", "--quiet")

    assert uuid.UUID(ran.out.strip())
    assert ran.err == ""
    assert run("-q", "client", "list").out == ran.out


def test_a_domain_that_is_taken_is_refused(client: dict[str, Any], run: Run) -> None:
    ran = run("client", "create", "--domain", "example.com", code=1)

    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


def test_a_domain_that_is_none_is_refused(site: Path, run: Run) -> None:
    assert run("--json", "client", "create", "--domain", "not a domain", code=1).error["slug"] == "invalid"


@pytest.mark.parametrize("ref", ["clientId", "prefix", "domain", "address"])
def test_a_client_is_named_by_id_beginning_of_id_or_domain(client: dict[str, Any], run: Run, ref: str) -> None:
    names = {
        "clientId": client["clientId"],
        "prefix": client["clientId"][:8],
        "domain": "example.com",
        "address": "https://Example.com/",
    }
    assert run("--json", "client", "show", names[ref]).json["clientId"] == client["clientId"]
    assert run("--json", "embed", names[ref]).json["clientId"] == client["clientId"]
    assert run("--json", "key", "list", names[ref]).json[0]["clientId"] == client["clientId"]


def test_an_unknown_client_is_not_found(site: Path, run: Run) -> None:
    for command in (("client", "show"), ("client", "enable"), ("key", "list"), ("form", "list"), ("embed",)):
        assert run("--json", *command, "nowhere.example", code=1).error["slug"] == "not-found"


def test_the_list_can_be_narrowed_to_those_that_are_on(client: dict[str, Any], run: Run) -> None:
    run("client", "create", "--domain", "off.example")
    run("client", "disable", "off.example")

    domains = {
        option: [one["domain"] for one in run("--json", "client", "list", *option.split()).json]
        for option in ("", "--active", "--inactive")
    }
    assert domains == {"": ["example.com", "off.example"], "--active": ["example.com"], "--inactive": ["off.example"]}


def test_the_id_in_the_list_names_the_client_again(client: dict[str, Any], run: Run) -> None:
    row = run("client", "list").out.splitlines()[1].split()

    assert row[:3] == [client["clientId"][:8], "example.com", "Example"]
    assert run("--json", "client", "show", row[0]).json["clientId"] == client["clientId"]


def test_an_empty_list_says_how_to_make_a_client(site: Path, run: Run) -> None:
    assert "trackerctl client create" in run("client", "list").out
    assert run("--json", "client", "list").json == []


def test_updating_changes_what_is_named_and_nothing_else(client: dict[str, Any], run: Run) -> None:
    run("client", "update", "example.com", "--set", "features.chat=true", "--set", "theme.primaryColor=#fff")
    run("client", "update", "example.com", "--domain", "example.org", "--retention-days", "30")

    shown = run("--json", "client", "show", "example.org").json
    assert shown["name"] == "Example"
    assert shown["retentionDays"] == 30
    assert shown["config"]["features"] == {
        "formTracking": True,
        "partialCapture": None,
        "pageViews": True,
        "chat": True,
    }
    assert shown["config"]["theme"] == {"primaryColor": "#fff"}


def test_a_setting_is_taken_back_with_null(client: dict[str, Any], run: Run) -> None:
    run("client", "update", "example.com", "--set", "features.chat=true", "--set", "limitEventsPerMinute=50")
    run("client", "update", "example.com", "--set", "features.chat=null", "--set", "limitEventsPerMinute=null")

    shown = run("--json", "client", "show", "example.com").json
    assert shown["config"]["features"]["chat"] is False
    assert shown["settings"]["limitEventsPerMinute"] is None


def test_origins_are_replaced_and_can_be_emptied(client: dict[str, Any], run: Run) -> None:
    run("client", "update", "example.com", "--origin", "https://one.example", "--origin", "https://two.example")
    three = run("--json", "client", "update", "example.com", "--origin", "https://three.example").json
    none = run("--json", "client", "update", "example.com", "--origin", "").json

    assert three["allowedOrigins"] == ["https://three.example"]
    assert none["allowedOrigins"] == []


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        (["featurs.chat=true"], 2, "did you mean features"),
        (["features.chat"], 2, "key=value"),
        (["=true"], 2, "key=value"),
        (["features..chat=true"], 2, "key=value"),
        (["debug=true", "debug.more=true"], 2, "debug was set to a value"),
        (["features.chatt=true"], 1, "features.chatt"),
        (["features.chat=perhaps"], 1, "features.chat"),
    ],
)
def test_a_setting_that_cannot_be_is_named(
    client: dict[str, Any], run: Run, values: list[str], code: int, words: str
) -> None:
    options = [part for value in values for part in ("--set", value)]
    assert words in run("client", "update", "example.com", *options, code=code).err


def test_redact_patterns_are_set_replaced_and_taken_back(site: Path, run: Run) -> None:
    two = ["CUST-[0-9]{6}", "KND[0-9]+"]
    run("client", "create", "--domain", "example.com", "--redact-pattern", two[0], "--redact-pattern", two[1])
    assert run("--json", "client", "show", "example.com").json["settings"]["redactPatterns"] == two
    assert "CUST-[0-9]{6}" in run("client", "show", "example.com").out

    one = run("--json", "client", "update", "example.com", "--redact-pattern", r"\bABC\d+").json
    other = run("--json", "client", "update", "example.com", "--name", "Example").json
    none = run("--json", "client", "update", "example.com", "--redact-pattern", "").json
    assert [view["settings"]["redactPatterns"] for view in (one, other, none)] == [[r"\bABC\d+"], [r"\bABC\d+"], []]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [("(?=a)b", "lookaheads"), (r"(a)\1", "backreferences"), ("a*", "empty text"), ("(a", "missing")],
)
def test_a_redact_pattern_that_cannot_be_used_is_refused_with_the_reason(
    client: dict[str, Any], run: Run, pattern: str, words: str
) -> None:
    ran = run("--json", "client", "update", "example.com", "--redact-pattern", pattern, code=1)

    assert ran.error["slug"] == "invalid"
    assert words in ran.error["detail"]
    assert run("--json", "client", "show", "example.com").json["settings"]["redactPatterns"] == []


def test_updating_nothing_is_a_usage_error(client: dict[str, Any], run: Run) -> None:
    assert "--name" in run("client", "update", "example.com", code=2).err


def test_disabling_and_enabling_switch_a_client(client: dict[str, Any], run: Run) -> None:
    assert run("--json", "client", "disable", "example.com").json["isActive"] is False
    assert run("--json", "client", "enable", "example.com").json["isActive"] is True


def test_deleting_without_a_terminal_needs_yes_and_names_what_goes(form: dict[str, Any], run: Run) -> None:
    ran = run("client", "delete", "example.com", code=2)

    assert "1 key and 1 form" in ran.err
    assert "--yes" in ran.err
    assert run("--json", "client", "list").json != []


def test_deleting_with_yes_deletes(client: dict[str, Any], run: Run) -> None:
    ran = run("--json", "client", "delete", "example.com", "--yes")

    assert ran.json == {"clientId": client["clientId"], "domain": "example.com", "deleted": True}
    assert run("--json", "client", "list").json == []


def test_who_did_it_is_in_the_audit_log(
    client: dict[str, Any], site: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    import sqlite3

    monkeypatch.setenv("SUDO_USER", "maria")
    run("client", "disable", "example.com")

    with sqlite3.connect(site) as database:
        entries = database.execute("select actor, action from audit_log order by id").fetchall()
    assert entries[-1] == ("cli:maria", "client.disable")
    assert all(actor.startswith("cli:") for actor, _ in entries)


def test_the_details_fit_eighty_columns_with_whole_ids(
    form: dict[str, Any], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = run("client", "show", "example.com").out

    assert form["formId"] in out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert PIPE_WIDTH > 80
