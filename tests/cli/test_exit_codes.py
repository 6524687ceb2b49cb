"""What is refused, how it is said, and with which exit code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

Spawn = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    "args",
    [
        ("clint",),
        ("client", "lst"),
        ("client", "create"),
        ("client", "create", "--domian", "example.com"),
        ("client", "show"),
        ("lead", "list", "--limit", "many"),
        ("lead", "list", "--limit", "0"),
        ("lead", "list", "--since", "whenever"),
        ("embed", "example.com", "--format", "pdf"),
        ("serve", "--port", "99999"),
    ],
)
def test_a_wrong_command_line_is_two_and_says_where_the_help_is(site: Path, run: Run, args: tuple[str, ...]) -> None:
    ran = run(*args, code=2)

    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert len(ran.err.splitlines()) <= 2
    assert run("--json", *args, code=2).error["slug"] == "usage"
    assert run(*args, "--json", code=2).err.startswith('{"error"') or args == ("clint",)


def test_a_misspelt_noun_is_guessed(run: Run) -> None:
    assert "Did you mean 'client'" in run("clint", code=2).err


@pytest.mark.parametrize("args", [(), ("client",), ("db",)])
def test_no_command_shows_the_help_and_is_two(run: Run, args: tuple[str, ...]) -> None:
    assert run(*args, code=2).err.startswith("Usage: trackerctl")


def test_json_may_stand_before_the_noun_or_behind_the_verb(client: dict[str, Any], run: Run) -> None:
    assert run("--json", "client", "list").json == run("client", "list", "--json").json
    assert run("client", "show", "nowhere.example", "--json", code=1).error["slug"] == "not-found"


def test_a_refusal_is_one_line_and_one(site: Path, run: Run) -> None:
    ran = run("client", "show", "nowhere.example", code=1)

    assert ran.out == ""
    assert ran.err == "error: no client nowhere.example; `trackerctl client list` shows them\n"


def test_a_refusal_in_json_has_slug_detail_and_status(site: Path, run: Run) -> None:
    assert run("--json", "client", "show", "nowhere.example", code=1).error == {
        "slug": "not-found",
        "detail": "no client nowhere.example; `trackerctl client list` shows them",
        "status": 404,
    }


def test_missing_settings_say_how_to_get_them(run: Run) -> None:
    ran = run("client", "list", code=1)

    assert "TRACKER_CONFIG_DB_URL" in ran.err
    assert "trackerctl init" in ran.err


def test_a_config_store_without_tables_says_how_to_make_them(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    assert "trackerctl db upgrade" in run("client", "list", code=1).err


@pytest.mark.parametrize("command", [("client", "list"), ("db", "upgrade"), ("db", "current"), ("db", "check")])
def test_a_config_store_that_is_away_is_one_line_without_credentials(
    site: Path, monkeypatch: pytest.MonkeyPatch, run: Run, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", "mysql+pymysql://root:hunter2@127.0.0.1:1/tracker")
    ran = run("--json", *command, code=1)

    assert ran.error["slug"] == "unavailable"
    assert "hunter2" not in ran.err


@pytest.mark.parametrize("url", ["mysql+pymysql//nonsense", "postgresql://u:hunter2@h/d", "nonsense"])
def test_a_config_url_that_cannot_be_used_is_a_settings_error(
    site: Path, monkeypatch: pytest.MonkeyPatch, run: Run, url: str
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", url)
    ran = run("--json", "client", "list", code=1)

    assert ran.error["slug"] == "settings"
    assert "hunter2" not in ran.err


@pytest.mark.parametrize(
    ("variable", "url", "command"),
    [
        ("TRACKER_MONGODB_URL", "mongodb://u:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=100", ("lead", "list")),
        ("TRACKER_MONGODB_URL", "mongodb://u:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=100", ("event", "list")),
        ("TRACKER_REDIS_URL", "redis://u:hunter2@127.0.0.1:1/0", ("event", "rejected", "example.com")),
    ],
)
def test_a_store_that_is_away_is_named_without_its_credentials(
    client: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    variable: str,
    url: str,
    command: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TRACKER_MONGODB_TIMEOUT_SECONDS", "0.1")
    monkeypatch.setenv(variable, url)
    ran = run("--json", *command, code=1)

    assert ran.error["slug"] == "unavailable"
    assert variable in ran.error["detail"]
    assert "hunter2" not in ran.err


def test_a_mongodb_url_that_is_none_is_a_settings_error(site: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TRACKER_MONGODB_URL", "http://u:hunter2@127.0.0.1")
    ran = run("--json", "lead", "list", code=1)

    assert ran.error["slug"] == "settings"
    assert "hunter2" not in ran.err


def test_a_change_with_redis_away_is_stored_with_a_warning(
    site: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://127.0.0.1:1/0")
    ran = run("client", "create", "--domain", "example.com", "--quiet")
    quiet = run("--json", "client", "disable", "example.com")

    assert ran.err == "warning: Redis does not answer: the change is stored and takes effect within 5 minutes\n"
    assert "within 5 minutes" in json.loads(quiet.err)["warning"]["detail"]
    assert quiet.json["isActive"] is False


def test_a_change_without_a_redis_warns_of_nothing(site: Path, run: Run) -> None:
    assert run("client", "create", "--domain", "example.com", "-q").err == ""
