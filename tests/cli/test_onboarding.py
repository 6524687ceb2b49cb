"""``trackerctl client create --interactive``: from a domain to the first event, at a pseudo-terminal."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_terminal import Terminal
from tests.discovery.pages import CONTACT, a_host

NOW = datetime.now(UTC)


@pytest.fixture
def mongo(site: Path, mongodb_url: str, mongodb_database: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A configured installation without any client."""
    from pymongo import MongoClient

    monkeypatch.setenv("TRACKER_MONGODB_URL", mongodb_url)
    monkeypatch.setenv("TRACKER_MONGODB_DATABASE", mongodb_database)
    monkeypatch.setenv("TRACKER_PAGE_CHECK_PRIVATE", "true")
    with MongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as client:
        yield client[mongodb_database]


def an_event(client_id: str) -> dict[str, Any]:
    return {
        "eventId": "first", "clientId": client_id, "eventType": "page_view", "payload": {}, "timestamp": NOW,
        "createdAt": NOW, "expiresAt": NOW + timedelta(days=1),
    }  # fmt: skip


def test_a_domain_becomes_a_tracked_site(mongo: Any, run: Run) -> None:
    with a_host({"/contact": CONTACT}) as host:
        terminal = Terminal("--no-color", "client", "create", "--interactive", "--origin", host.url)
        terminal.read_until("Domain of the site")
        terminal.type("shop.example\n")
        terminal.read_until("A page with a form")
        terminal.type(f"{host.url}/contact\n")
        terminal.read_until("Configure form 1, Talk to us? [Y/n]")
        terminal.type("\n")
        terminal.read_until("Another page")
        terminal.type("\n")
        terminal.read_until("Where does the snippet go")
        terminal.type("gtm\n")
        terminal.read_until("Waiting for the first event of shop.example")

    [client] = run("--json", "client", "list").json
    assert (client["domain"], client["allowedOrigins"]) == ("shop.example", [host.url])
    [form] = run("--json", "form", "list", "shop.example").json
    assert form["formName"] == "Talk to us"
    fields = run("--json", "form", "show", form["formId"]).json["fields"]
    assert run("--json", "mapping", "show", fields[0]["fieldId"]).json["targetField"] == "LastName"
    snippet = run("--json", "embed", "shop.example", "--format", "gtm").json["snippet"]
    assert snippet.strip() in terminal.text.replace("\r\n", "\n")
    assert "Google Tag Manager" in terminal.text

    mongo.events.insert_many([{**an_event("another"), "eventType": "custom"}, an_event(client["clientId"])])
    terminal.read_until("The first event is here: page_view")
    assert terminal.end() == 0
    assert "shop.example is tracked" in terminal.text


def test_a_page_that_cannot_be_read_does_not_end_it(mongo: Any, run: Run) -> None:
    with a_host({}) as host:
        terminal = Terminal("client", "create", "-i", "--domain", "shop.example", "--origin", host.url, "--no-wait")
        terminal.read_until("A page with a form")
        terminal.type(f"{host.url}/contact\n")
        terminal.read_until("try another page")
        terminal.read_until("Another page")
        terminal.type("none\n")
        terminal.read_until("Where does the snippet go")
        terminal.type("paper\n")
        terminal.read_until("One of html")
        terminal.type("html\n")
        assert terminal.end() == 0
    assert "</script>" in terminal.text
    assert "Waiting" not in terminal.text
    assert len(run("--json", "client", "list").json) == 1


def test_ctrl_c_at_a_question_ends_it_at_once(mongo: Any, run: Run) -> None:
    terminal = Terminal("client", "create", "--interactive", "--domain", "shop.example")
    terminal.read_until("A page with a form")
    terminal.signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.text
    assert len(run("--json", "client", "list").json) == 1


def test_ctrl_c_ends_the_waiting_and_the_client_stays(mongo: Any, run: Run) -> None:
    terminal = Terminal("client", "create", "--domain", "shop.example", "--wait")
    terminal.read_until("Waiting for the first event")
    terminal.signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.text
    assert len(run("--json", "client", "list").json) == 1


def test_without_a_document_store_nothing_is_waited_for(site: Path, run: Run) -> None:
    terminal = Terminal("client", "create", "-i", "--domain", "shop.example")
    terminal.read_until("A page with a form")
    terminal.type("none\n")
    terminal.read_until("Where does the snippet go")
    terminal.type("\n")
    assert terminal.end() == 0
    assert "TRACKER_MONGODB_URL is not set" in terminal.text
    assert "TRACKER_MONGODB_URL" in run("client", "create", "--domain", "b.example", "--wait", code=1).err


def test_nobody_to_ask_is_refused_before_anything_is_made(site: Path, run: Run) -> None:
    assert "--domain" in run("client", "create", code=2).err
    for options in (("--interactive",), ("--interactive", "--json"), ("--interactive", "-q", "--domain", "a.example")):
        assert "form discover" in run("client", "create", *options, code=2).err
    assert run("--json", "client", "list").json == []
