"""``trackerctl crm``: credentials come from anywhere but the command line, and go nowhere but into the vault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.context import current
from tests.cli.conftest import Run

CREDENTIALS = {"username": "ann@example.com", "password": "correct horse battery"}
NO_ID = "00000000-0000-4000-8000-000000000000"


def stored(connection_id: str) -> dict[str, str]:
    return current().service.crm_credentials(connection_id)


@pytest.fixture
def connection(client: dict[str, Any], run: Run) -> dict[str, Any]:
    command = ("crm", "create", "example.com", "--adapter", "salesforce", "--credentials", "-", "--set", "sandbox=true")
    created: dict[str, Any] = run("--json", *command, stdin=json.dumps(CREDENTIALS)).json
    return created


def test_credentials_are_read_from_stdin_and_shown_nowhere(connection: dict[str, Any], run: Run, site: Path) -> None:
    assert (connection["adapter"], connection["settings"]) == ("salesforce", {"sandbox": True})
    assert stored(connection["connectionId"]) == CREDENTIALS
    shown = run("crm", "show", connection["connectionId"]).out + run("crm", "list").out
    shown += run("--json", "crm", "show", connection["connectionId"]).out + run("--json", "audit", "list").out
    for value in CREDENTIALS.values():
        assert value not in shown
        assert value.encode() not in site.read_bytes()


def test_credentials_are_read_from_a_file_and_the_environment(
    client: dict[str, Any], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crm.json").write_text(json.dumps(CREDENTIALS), encoding="utf-8")
    monkeypatch.setenv("CRM_PASSWORD", "from the environment")
    options = ("--credentials", "crm.json", "--credential-env", "password=CRM_PASSWORD")
    created = run("--json", "crm", "create", "example.com", "--adapter", "salesforce", *options).json
    assert stored(created["connectionId"]) == {**CREDENTIALS, "password": "from the environment"}


def test_a_connection_is_changed_in_what_is_named(connection: dict[str, Any], run: Run) -> None:
    ref = connection["connectionId"]
    changed = run("--json", "crm", "update", ref, "--inactive", "--set", "sandbox=null", "--set", "team=north").json
    assert (changed["isActive"], changed["settings"]) == (False, {"team": "north"})
    assert stored(ref) == CREDENTIALS
    run("crm", "update", ref, "--credentials", "-", stdin='{"token": "t"}')
    assert stored(ref) == {"token": "t"}
    assert "nothing to change" in run("crm", "update", ref, code=2).err


@pytest.mark.parametrize(
    "text", ["", "[]", '"secret-text"', "{secret-text", '{"a": ["secret-text"]}', '{"a b": "secret-text"}']
)
def test_credentials_that_cannot_be_used_are_refused_and_not_repeated(
    client: dict[str, Any], run: Run, text: str
) -> None:
    ran = run("crm", "create", "example.com", "--adapter", "x", "--credentials", "-", stdin=text, code=None)
    assert ran.code in (1, 2)
    assert "secret-text" not in ran.err
    assert run("--json", "crm", "list").json == []


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--credentials", "missing.json"),
        ("--credential-env", "password=NO_SUCH_VARIABLE"),
        ("--credential-env", "secret-text"),
    ],
)
def test_missing_credentials_are_asked_for(client: dict[str, Any], run: Run, options: tuple[str, ...]) -> None:
    ran = run("crm", "create", "example.com", "--adapter", "salesforce", *options, code=2)
    assert "--credential" in ran.err
    assert "secret-text" not in ran.err


def test_deleting_asks_first_and_a_dry_run_deletes_nothing(connection: dict[str, Any], run: Run) -> None:
    ref = connection["connectionId"]
    assert "its credentials" in run("crm", "delete", ref, code=2).err
    run("crm", "delete", ref, "--dry-run")
    assert run("--quiet", "crm", "list").out == f"{ref}\n"
    run("crm", "delete", ref, "--yes")
    assert run("--json", "crm", "list", "--client", "example.com").json == []


@pytest.mark.parametrize("verb", [("show",), ("update", "--active"), ("delete", "--yes")])
def test_an_unknown_connection_is_not_found(client: dict[str, Any], run: Run, verb: tuple[str, ...]) -> None:
    error = run("--json", "crm", verb[0], NO_ID, *verb[1:], code=1).error
    assert (error["slug"], "trackerctl crm list" in error["detail"]) == ("not-found", True)
