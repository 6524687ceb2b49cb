"""``trackerctl webhook``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

URL = "https://crm.example.org/hooks"
NO_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def webhook(client: dict[str, Any], run: Run) -> dict[str, Any]:
    options = ("--event-type", "lead.created", "--event-type", "lead.updated", "--description", "our CRM")
    created: dict[str, Any] = run("--json", "webhook", "create", "example.com", "--url", URL, *options).json
    return created


def test_a_webhook_is_stored_as_it_was_described_and_its_secret_shown_once(
    webhook: dict[str, Any], run: Run, site: Path
) -> None:
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_")
    assert run("--json", "webhook", "list").json == [webhook]
    assert run("--json", "webhook", "show", webhook["endpointId"]).json == webhook
    assert (webhook["url"], webhook["eventTypes"]) == (URL, ["lead.created", "lead.updated"])
    everywhere = run("webhook", "show", webhook["endpointId"]).out + run("--json", "audit", "list").out
    assert secret not in everywhere
    assert secret.removeprefix("whsec_").encode() not in site.read_bytes()


def test_people_are_told_to_keep_the_secret(client: dict[str, Any], run: Run) -> None:
    ran = run("webhook", "create", "example.com", "--url", URL)
    assert "whsec_" in ran.out
    assert "not shown again" in ran.err


def test_a_webhook_is_changed_in_what_is_named(webhook: dict[str, Any], run: Run) -> None:
    changed = run("--json", "webhook", "update", webhook["endpointId"], "--inactive", "--event-type", "").json
    assert (changed["isActive"], changed["eventTypes"], changed["description"]) == (False, [], "our CRM")
    assert "nothing to change" in run("webhook", "update", webhook["endpointId"], code=2).err


def test_rotating_asks_first_and_gives_another_secret(webhook: dict[str, Any], run: Run) -> None:
    assert URL in run("webhook", "rotate", webhook["endpointId"], code=2).err
    fresh = run("--json", "webhook", "rotate", webhook["endpointId"], "--yes").json
    assert fresh["secret"] != webhook["secret"]


def test_deleting_asks_first_and_a_dry_run_deletes_nothing(webhook: dict[str, Any], run: Run) -> None:
    assert URL in run("webhook", "delete", webhook["endpointId"], code=2).err
    assert run("--json", "webhook", "delete", webhook["endpointId"], "--dry-run").json["deleted"] is False
    assert len(run("--json", "webhook", "list").json) == 1
    assert run("--json", "webhook", "delete", webhook["endpointId"], "--yes").json["deleted"] is True
    assert run("--json", "webhook", "list").json == []


def test_webhooks_are_listed_by_client(webhook: dict[str, Any], run: Run) -> None:
    run("client", "create", "--domain", "other.example")
    assert run("--json", "webhook", "list", "--client", "other.example").json == []
    assert run("--quiet", "webhook", "list", "-c", "example.com").out == f"{webhook['endpointId']}\n"
    assert webhook["endpointId"] in run("webhook", "list").out


@pytest.mark.parametrize("verb", [("show",), ("update", "--url", URL), ("rotate", "--yes"), ("delete", "--yes")])
def test_an_unknown_webhook_is_not_found(client: dict[str, Any], run: Run, verb: tuple[str, ...]) -> None:
    error = run("--json", "webhook", verb[0], NO_ID, *verb[1:], code=1).error
    assert (error["slug"], "trackerctl webhook list" in error["detail"]) == ("not-found", True)


def test_a_bad_url_is_refused(client: dict[str, Any], run: Run) -> None:
    assert run("--json", "webhook", "create", "example.com", "--url", "crm", code=1).error["slug"] == "invalid"
