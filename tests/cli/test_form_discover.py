"""``trackerctl form discover``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.context import current
from tests.cli.conftest import Run
from tests.discovery.pages import CONTACT, a_host

LOGIN = "<form id=login><input name=email><input type=password name=pw></form>"


@pytest.fixture
def page(tmp_path: Path) -> str:
    path = tmp_path / "contact.html"
    path.write_text(CONTACT + LOGIN, encoding="utf-8")
    return str(path)


def test_a_proposal_changes_nothing(client: dict[str, Any], page: str, run: Run) -> None:
    ran = run("form", "discover", "example.com", page)
    assert "Talk to us: proposed" in ran.out
    assert "it looks like a login" in ran.out
    assert "Lead.LastName (last_name)" in ran.out
    assert "--accept-all" in ran.err
    assert run("--json", "form", "list", "example.com").json == []


def test_json_holds_the_whole_proposal(client: dict[str, Any], page: str, run: Run) -> None:
    found = run("--json", "form", "discover", "example.com", page).json
    assert [(form["formSelector"], form["state"]) for form in found["forms"]] == [
        ("#contact", "proposed"),
        ("#login", "unlikely"),
    ]
    assert found["forms"][0]["alternativeSelectors"] == ['form[action="/send"]']
    assert (found["accepted"], found["pageUrl"]) == ([], "*")


def test_accept_all_makes_forms_fields_and_mappings_once(client: dict[str, Any], page: str, run: Run) -> None:
    arguments = ("--json", "form", "discover", "example.com", page, "--accept-all", "--page-url", "/contact")
    (made,) = run(*arguments).json["accepted"]
    again = run(*arguments).json

    (form,) = run("--json", "form", "list", "example.com").json
    shown = run("--json", "form", "show", form["formId"]).json
    assert made["created"] is True
    assert (made["formId"], form["pageUrl"], form["formName"]) == (form["formId"], "/contact", "Talk to us")
    assert [field["fieldName"] for field in shown["fields"]] == ["name", "email", "message"]
    assert [field["isRequired"] for field in shown["fields"]] == [False, True, False]
    mapping = run("--json", "mapping", "show", shown["fields"][0]["fieldId"]).json
    assert (mapping["targetField"], mapping["transform"]) == ("LastName", "last_name")
    assert again["accepted"] == []
    assert (again["forms"][0]["state"], again["forms"][0]["formId"]) == ("configured", form["formId"])


def test_a_page_of_the_client_is_fetched(client: dict[str, Any], run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        found = run("--json", "form", "discover", "example.com", f"{host.url}/contact?utm=1", "--allow-private").json
    assert found["pageUrl"] == f"{host.url}/contact"
    assert found["rendered"] is False


def test_private_addresses_are_refused_unless_allowed(client: dict[str, Any], run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        run("client", "update", "example.com", "--origin", host.url)
        refused = run("--json", "form", "discover", "example.com", f"{host.url}/contact", code=1)
        assert host.asked == []
    assert "--allow-private" in refused.error["detail"]


def test_a_page_of_somebody_else_is_refused(client: dict[str, Any], run: Run) -> None:
    refused = run("--json", "form", "discover", "example.com", "https://other.example/", code=1)
    assert "not the client's" in refused.error["detail"]


def test_what_is_neither_a_file_nor_an_address_is_refused(client: dict[str, Any], run: Run) -> None:
    assert "No such file" in run("--json", "form", "discover", "example.com", "contact.html", code=1).error["detail"]
    assert run("form", "discover", "example.com", "contact.html", "--render", code=2).out == ""


def test_a_scripted_page_is_drawn_first(client: dict[str, Any], run: Run, chromium_path: str) -> None:
    script = "<script>onload = () => document.body.innerHTML = '<form id=late><input name=email></form>'</script>"
    with a_host({"/": script}) as host:
        arguments = ("--json", "form", "discover", "example.com", f"{host.url}/", "--allow-private")
        assert run(*arguments).json["forms"] == []
        drawn = run(*arguments, "--render").json
    assert ([form["formSelector"] for form in drawn["forms"]], drawn["rendered"]) == (["#late"], True)


def test_texts_of_a_page_do_not_steer_the_terminal(client: dict[str, Any], tmp_path: Path, run: Run) -> None:
    path = tmp_path / "evil.html"
    path.write_text("<form id=a><h2>Hi \x1b[2J</h2><input name='e\x1b[31mmail'></form>", encoding="utf-8")
    ran = run("form", "discover", "example.com", str(path), "--accept-all")
    assert "\x1b" not in ran.out + ran.err


def test_in_a_terminal_each_form_is_asked_for(
    client: dict[str, Any], page: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.discover.is_interactive", lambda: True)
    ran = run("form", "discover", "example.com", page, stdin="n\ny\n")
    assert "Configure form 1, Talk to us?" in ran.err
    assert [form["formSelector"] for form in run("--json", "form", "list", "example.com").json] == ["#login"]


def test_a_form_that_was_switched_off_is_not_made_again(client: dict[str, Any], page: str, run: Run) -> None:
    arguments = ("--json", "form", "discover", "example.com", page, "--accept-all")
    made = run(*arguments).json["accepted"][0]
    current().service.update_form(made["formId"], is_active=False)
    again = run(*arguments).json["accepted"][0]
    assert (again["created"], again["formId"]) == (False, made["formId"])
