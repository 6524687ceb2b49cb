"""``trackerctl webhook deliveries``, ``delivery``, ``resend`` and ``test``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.fixtures.receiver import Receiver, Reply
from tests.webhooks.scene import a_delivery
from tests.webhooks.verify import verified

NO_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def webhook(client: dict[str, Any], run: Run, receiver: Receiver) -> dict[str, Any]:
    made: dict[str, Any] = run("--json", "webhook", "create", "example.com", receiver.url()).json
    return made


def put(documents: Any, webhook: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = a_delivery(webhook["clientId"], webhook["endpointId"], **more)
    documents["webhook_deliveries"].insert_one(row)
    return row


def row_of(documents: Any, row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = documents["webhook_deliveries"].find_one({"_id": row["_id"]})
    return found


def test_a_webhook_is_created_by_client_and_url(client: dict[str, Any], run: Run) -> None:
    url = "https://crm.example.com/hooks"
    made = run("--json", "webhook", "create", "example.com", url, "--event", "lead.created").json
    assert (made["url"], made["eventTypes"]) == (url, ["lead.created"])
    assert made["secret"].startswith("whsec_")
    run("webhook", "create", "example.com", url, "--url", url, code=2)
    run("webhook", "create", "example.com", code=2)


def test_deliveries_of_a_client_and_of_a_webhook_are_listed_the_newest_first(
    documents: Any, webhook: dict[str, Any], run: Run
) -> None:
    now = datetime.now(UTC)
    old = put(documents, webhook, createdAt=now - timedelta(days=3))
    new = put(documents, webhook, status="delivered", createdAt=now)
    put(documents, {**webhook, "clientId": NO_ID, "endpointId": NO_ID})
    for of in ("example.com", webhook["endpointId"]):
        listed = run("--json", "webhook", "deliveries", of).json
        assert [one["deliveryId"] for one in listed] == [new["_id"], old["_id"]]
    assert listed[0]["lastAttempt"]["status"] == 500
    assert "payload" not in listed[0]
    assert run("-q", "webhook", "deliveries", "example.com", "--status", "failed").out == f"{old['_id']}\n"
    assert run("-q", "webhook", "deliveries", "example.com", "--since", "1d").out == f"{new['_id']}\n"
    assert run("-q", "webhook", "deliveries", "example.com", "--limit", "1").out == f"{new['_id']}\n"
    assert new["_id"] in run("webhook", "deliveries", "example.com").out
    assert "No deliveries" in run("webhook", "deliveries", "example.com", "--status", "pending").out
    assert run("--json", "webhook", "deliveries", NO_ID, code=1).error["slug"] == "not-found"


def test_one_delivery_is_shown_with_its_attempts_and_what_was_sent(
    documents: Any, webhook: dict[str, Any], run: Run
) -> None:
    row = put(documents, webhook)
    shown = run("--json", "webhook", "delivery", row["_id"]).json
    assert (shown["payload"]["type"], shown["log"][0]["answer"]) == ("lead.created", "no")
    out = run("webhook", "delivery", row["_id"]).out
    assert "all attempts are spent" in out
    assert "lead.created" in out
    assert run("--json", "webhook", "delivery", "msg_x", code=1).error["slug"] == "not-found"


def test_a_delivery_is_sent_again(documents: Any, webhook: dict[str, Any], run: Run) -> None:
    row = put(documents, webhook)
    assert run("--json", "webhook", "resend", row["_id"], "--dry-run").json == {"resent": 0}
    assert row_of(documents, row)["status"] == "failed"
    assert run("--json", "webhook", "resend", row["_id"]).json["status"] == "pending"
    now = row_of(documents, row)
    assert (now["status"], now["tries"], now["attempts"], now["payload"]) == ("pending", 0, 10, row["payload"])
    assert now["nextAttemptAt"] <= datetime.now(UTC)


def test_all_that_were_given_up_are_sent_again_when_asked_twice(
    documents: Any, webhook: dict[str, Any], run: Run
) -> None:
    now = datetime.now(UTC)
    old = put(documents, webhook, createdAt=now - timedelta(days=30))
    rows = [put(documents, webhook) for _ in range(3)]
    done = put(documents, webhook, status="delivered")
    assert "3 deliveries" in run("webhook", "resend", "--failed", "--since", "1d", "--dry-run").out
    assert "--yes" in run("webhook", "resend", "--failed", "--since", "1d", code=2).err
    assert row_of(documents, rows[0])["status"] == "failed"
    sent = run("--json", "webhook", "resend", "--failed", "--since", "1d", "--of", "example.com", "--yes").json
    assert sent == {"resent": 3, "skipped": 0}
    assert {row_of(documents, row)["status"] for row in rows} == {"pending"}
    assert (row_of(documents, old)["status"], row_of(documents, done)["status"]) == ("failed", "delivered")
    for wrong in ((), (old["_id"], "--failed"), (old["_id"], "--since", "1d")):
        run("webhook", "resend", *wrong, code=2)


def test_what_is_for_a_webhook_that_is_off_is_not_sent_again(documents: Any, webhook: dict[str, Any], run: Run) -> None:
    row = put(documents, webhook)
    run("webhook", "update", webhook["endpointId"], "--inactive")
    error = run("--json", "webhook", "resend", row["_id"], code=1).error
    assert (error["slug"], "--active" in error["detail"]) == ("conflict", True)
    assert run("--json", "webhook", "resend", "--failed", "--yes").json == {"resent": 0, "skipped": 1, "found": 0}


def test_an_example_is_sent_at_once_and_its_answer_shown(
    webhook: dict[str, Any], run: Run, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_WEBHOOK_ALLOW_PRIVATE", "true")
    receiver.answer = lambda _: Reply(200, body=b"welcome")
    result = run("--json", "webhook", "test", webhook["endpointId"], "--event", "lead.abandoned").json
    assert (result["delivered"], result["status"], result["answer"]) == (True, 200, "welcome")
    (message,) = receiver.received
    told = verified(message, webhook["secret"])
    assert (told["type"], told["data"]["lead"]["test"], message.id) == ("lead.abandoned", True, result["messageId"])
    receiver.answer = lambda _: Reply(500, body=b"no")
    assert "answered with an error" in run("webhook", "test", webhook["endpointId"], code=1).out
    run("webhook", "test", webhook["endpointId"], "--event", "lead.eaten", code=1)


def test_an_example_does_not_reach_a_private_address_unless_that_is_allowed(
    webhook: dict[str, Any], run: Run, receiver: Receiver
) -> None:
    ran = run("webhook", "test", webhook["endpointId"], code=1)
    assert "TRACKER_WEBHOOK_ALLOW_PRIVATE" in ran.out.replace("\n", " ")
    assert receiver.received == []
