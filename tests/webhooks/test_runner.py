"""Sending what is due: real HTTP to a receiver that misbehaves, real stores."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.fixtures.processes import wait_until_async
from tests.fixtures.receiver import Received, Reply
from tests.webhooks.conftest import Post, a_runner
from tests.webhooks.verify import verified
from tracker.errors import ConflictError
from tracker.webhooks import claims
from tracker.webhooks.figures import read_figures
from tracker.webhooks.schedule import JITTER, PAUSES
from tracker.webhooks.service import DeliveryFilter, get_delivery, resend, resend_failed


async def counted(post: Post, **expected: int) -> None:
    """The figures are written after the delivery."""

    async def reached() -> bool:
        figures = await read_figures(post.redis)
        return {name: figures[name] for name in expected} == expected

    await wait_until_async(reached)


async def test_what_visitors_do_arrives_signed(post: Post) -> None:
    endpoint_id, secret = post.hook(types=[])
    await post.runner.start()
    await post.submit()
    rows = await post.all("delivered", 3)
    assert {message.id for message in post.receiver.received} == {row["_id"] for row in rows}
    bodies = {verified(message, secret)["type"] for message in post.receiver.received}
    assert bodies == {"form.submitted", "lead.created", "lead.submitted"}
    (row,) = await post.rows(eventType="lead.created")
    assert (row["endpointId"], row["attempts"], row["nextAttemptAt"], row["lease"]) == (endpoint_id, 1, None, None)
    assert row["deliveredAt"] >= row["createdAt"]
    assert row["log"][0]["status"] == 204
    await counted(post, delivered=3)


async def test_after_a_rotation_both_secrets_verify(post: Post) -> None:
    endpoint_id, old = post.hook()
    new = post.site.service.rotate_webhook_secret(endpoint_id).secret
    await post.runner.start()
    await post.submit()
    await post.all("delivered", 1)
    (message,) = post.receiver.received
    assert len(message.headers["webhook-signature"].split(" ")) == 2
    verified(message, old, new)


FAULTS: list[tuple[str, Callable[[Received], Reply], int | None]] = [
    ("status", lambda _: Reply(500), 500),
    ("status", lambda _: Reply(400), 400),
    ("redirect", lambda _: Reply(301, {"Location": "/other"}), 301),
    ("cut", lambda _: Reply(cut=True), None),
    ("timeout", lambda _: Reply(seconds=1.5), None),
]


@pytest.mark.parametrize(("error", "reply", "status"), FAULTS, ids=["500", "400", "301", "cut", "timeout"])
async def test_a_failure_is_written_down_and_tried_again_under_the_same_id(
    post: Post, error: str, reply: Callable[[Received], Reply], status: int | None
) -> None:
    _, secret = post.hook()
    post.receiver.answer = reply
    await post.runner.start()
    await post.submit()
    row = await post.tries(1)
    assert (row["status"], row["log"][0]["error"], row["log"][0]["status"]) == ("pending", error, status)
    pause = row["nextAttemptAt"] - datetime.now(UTC)
    assert timedelta(seconds=3) < pause <= PAUSES[0] * (1 + JITTER)
    post.receiver.answer = lambda _: Reply(200)
    await post.make_due()
    (row,) = await post.all("delivered", 1)
    assert (row["attempts"], [one["error"] for one in row["log"]]) == (2, [error, None])
    assert {message.id for message in post.receiver.received} == {row["_id"]}
    assert len({message.body for message in post.receiver.received}) == 1
    verified(post.receiver.received[-1], secret)
    await counted(post, retried=1, delivered=1)
    assert await post.documents.database["webhook_failing"].count_documents({}) == 0


async def test_after_ten_attempts_it_is_final_until_somebody_sends_it_again(post: Post) -> None:
    post.hook()
    post.receiver.answer = lambda _: Reply(503, {"Retry-After": "1"}, b"busy")
    await post.runner.start()
    await post.submit()
    for number in range(1, len(PAUSES) + 1):
        row = await post.tries(number)
        assert row["nextAttemptAt"] - row["log"][-1]["at"] >= PAUSES[number - 1] * (1 - JITTER)
        await post.make_due()
    (row,) = await post.all("failed", 1)
    assert (row["attempts"], row["failedBecause"], row["nextAttemptAt"]) == (10, "attempts", None)
    assert len({message.id for message in post.receiver.received}) == 1
    post.receiver.answer = lambda _: Reply(200, body=b"thanks")
    assert (await resend(row["_id"], config=post.site.service))["status"] == "pending"
    await post.all("delivered", 1)
    view = await get_delivery(row["_id"])
    assert (view["attempts"], view["failedBecause"], view["log"][-1]["answer"]) == (11, None, "thanks")
    assert view["payload"]["type"] == "lead.created"


async def test_a_receiver_that_asks_for_time_gets_it(post: Post) -> None:
    post.hook()
    post.receiver.answer = lambda _: Reply(429, {"Retry-After": "3600"})
    await post.runner.start()
    await post.submit()
    row = await post.tries(1)
    assert row["nextAttemptAt"] - datetime.now(UTC) > timedelta(minutes=55)


async def test_gone_switches_the_webhook_off_at_once(post: Post) -> None:
    endpoint_id, _ = post.hook()
    post.receiver.answer = lambda _: Reply(410)
    await post.runner.start()
    await post.submit(3)
    await post.all("failed", 3)
    hook = post.site.service.get_webhook(endpoint_id)
    assert (hook.is_active, hook.disabled_reason) == (False, "gone")
    assert hook.disabled_at is not None
    (entry,) = post.site.service.list_audit(action="webhook.disable").items
    assert (entry["targetId"], entry["after"]["disabledReason"]) == (endpoint_id, "gone")
    await counted(post, disabled_gone=1)
    client = post.site.service.client_record(post.site.client_id)
    assert client is not None
    assert client.webhooks == ()


async def test_five_days_without_a_success_switch_it_off(
    post: Post, world_engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint_id, _ = post.hook()
    post.receiver.answer = lambda _: Reply(500)
    await post.submit()
    await post.runner.start()
    await post.tries(1)
    failing = post.documents.database["webhook_failing"]
    await failing.update_one({"_id": endpoint_id}, {"$set": {"since": datetime.now(UTC) - timedelta(days=5)}})
    # Somebody changed it today: that is a new chance.
    await post.make_due()
    await post.tries(2)
    assert post.site.service.get_webhook(endpoint_id).is_active
    with world_engine.begin() as connection:
        connection.execute(
            text("UPDATE webhook_endpoints SET updated_at = :at"), {"at": datetime.now(UTC) - timedelta(days=6)}
        )
    await asyncio.sleep(1.1)  # for so long a worker may know the endpoint as it was
    await post.make_due()

    async def is_off() -> bool:
        return not post.site.service.get_webhook(endpoint_id).is_active

    await wait_until_async(is_off)
    assert post.site.service.get_webhook(endpoint_id).disabled_reason == "failing"
    (entry,) = post.site.service.list_audit(action="webhook.disable").items
    assert entry["after"]["failingSince"]
    await wait_until_async(lambda: "webhook_disabled" in "".join(capsys.readouterr()))
    # What is still due is given up, and comes again when somebody switches the webhook on and asks for it.
    await post.make_due()
    (row,) = await post.all("failed", 1)
    assert row["failedBecause"] == "disabled"
    with pytest.raises(ConflictError):
        await resend(row["_id"], config=post.site.service)
    failed = DeliveryFilter(client_id=post.site.client_id)
    assert await resend_failed(failed, config=post.site.service) == {"resent": 0, "skipped": 1}
    hook = post.site.service.update_webhook(endpoint_id, is_active=True)
    assert (hook.disabled_at, hook.disabled_reason) == (None, None)
    post.receiver.answer = lambda _: Reply()
    assert await resend_failed(failed, config=post.site.service, dry_run=True) == {"resent": 1, "skipped": 0}
    assert (await post.rows())[0]["status"] == "failed"
    assert await resend_failed(failed, config=post.site.service) == {"resent": 1, "skipped": 0}
    await post.all("delivered", 1)


async def test_what_is_for_a_webhook_that_is_deleted_is_given_up(post: Post) -> None:
    endpoint_id, _ = post.hook()
    await post.submit()
    post.site.service.delete_webhook(endpoint_id)
    await post.runner.start()
    (row,) = await post.all("failed", 1)
    assert (row["failedBecause"], row["attempts"], post.receiver.received) == ("deleted", 0, [])


async def test_one_that_hangs_delays_nobody_else(post: Post) -> None:
    slow, _ = post.hook("/slow")
    fast, _ = post.hook("/fast")
    post.receiver.answer = lambda message: Reply(seconds=30.0 if message.path == "/slow" else 0.0)
    await post.submit(40)
    started = time.monotonic()
    await post.runner.start()
    await post.all("delivered", 40, endpointId=fast)
    # One time-out is a second; forty in turn, two at a time, would be twenty.
    assert time.monotonic() - started < 8
    assert post.receiver.most_at_once("/fast") <= 2
    assert len(await post.rows(status="pending", endpointId=slow)) == 40


async def test_what_waits_for_one_that_does_not_answer_is_put_off_without_spending_attempts(post: Post) -> None:
    post.hook()
    post.receiver.answer = lambda _: Reply(500)
    await post.submit(30)
    await post.runner.start()

    async def put_off() -> bool:
        now = datetime.now(UTC)
        return not await post.rows(status="pending", nextAttemptAt={"$lte": now})

    await wait_until_async(put_off)
    assert len(post.receiver.received) < 10
    assert len(await post.rows(attempts=0)) > 20


async def test_two_workers_send_each_message_once(post: Post) -> None:
    post.hook()
    other = a_runner(post.documents, post.site, post.redis)
    await post.submit(60)
    await asyncio.gather(post.runner.start(), other.start())
    await post.all("delivered", 60)
    await other.close()
    ids = [message.id for message in post.receiver.received]
    assert len(ids) == len(set(ids)) == 60


async def test_a_claim_that_ended_is_taken_by_somebody_else(post: Post) -> None:
    """Its worker died before or after it sent: the receiver gets the same id, once or twice."""
    post.hook()
    await post.submit()
    row = await claims.claim(post.documents.database, datetime.now(UTC), timedelta(seconds=1))
    assert row is not None
    now = datetime.now(UTC)
    assert await claims.claim(post.documents.database, now, timedelta(seconds=1)) is None
    again = await claims.claim(post.documents.database, now + timedelta(seconds=2), timedelta(seconds=1))
    assert again is not None
    assert (again["_id"], again["payload"]) == (row["_id"], row["payload"])
    assert again["lease"] != row["lease"]
    # The one that lost it can give nothing back.
    await claims.give_back(post.documents.database, [row], now)
    assert (await post.rows())[0]["lease"] == again["lease"]


async def test_stopping_leaves_what_is_not_sent_to_others(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.webhooks.runner._STOP_SECONDS", 0.1)
    post.hook()
    post.receiver.hold.clear()
    await post.submit()
    await post.runner.start()
    await wait_until_async(lambda: post.receiver.received)
    await post.runner.close()
    (row,) = await post.rows()
    assert (row["status"], row["lease"], row["attempts"]) == ("pending", None, 0)
    assert row["nextAttemptAt"] <= datetime.now(UTC)


async def test_while_the_configuration_is_away_nothing_is_sent_and_no_attempt_spent(
    post: Post, world_engine: Engine
) -> None:
    post.hook()
    await post.submit()
    with world_engine.begin() as connection:
        connection.execute(text("ALTER TABLE webhook_endpoints RENAME TO away"))
    await post.runner.start()

    async def given_back() -> bool:
        (row,) = await post.rows()
        return row["lease"] is None and row["nextAttemptAt"] > row["createdAt"]

    await wait_until_async(given_back)
    with world_engine.begin() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO webhook_endpoints"))
    await post.make_due()
    (row,) = await post.all("delivered", 1)
    assert row["attempts"] == 1


async def test_no_person_is_in_the_log(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    _, secret = post.hook()
    post.receiver.answer = lambda message: Reply(500, body=b"cannot store p0@shop.example")
    await post.submit()
    await post.runner.start()
    await post.tries(1)
    said = "".join(capsys.readouterr())
    assert "shop.example" not in said.replace(post.receiver.url(), "")
    assert secret not in said
