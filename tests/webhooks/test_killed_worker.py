"""A worker that is killed between sending a message and writing that down."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.fixtures.processes import wait_until
from tests.fixtures.receiver import Receiver
from tests.fixtures.system import System, submission
from tests.webhooks.verify import verified


def test_it_is_sent_again_under_the_same_id_and_nothing_is_lost(system: System, receiver: Receiver) -> None:
    client = system.new_client()
    hook = system.cli("webhook", "create", "localhost", receiver.url(), "--event", "lead.created")
    options = {"TRACKER_WEBHOOK_ALLOW_PRIVATE": "true"}
    system.serve()
    worker = system.work(**options)
    receiver.hold.clear()
    assert system.post(client["apiKey"], [submission("ann@shop.example")]).status_code == 200
    wait_until(lambda: receiver.received, timeout=30)
    worker.kill()
    receiver.hold.set()
    deliveries = system.database["webhook_deliveries"]
    (row,) = deliveries.find({})
    assert (row["status"], row["attempts"]) == ("pending", 0)
    assert row["lease"]
    # The lease has ended.
    deliveries.update_one({"_id": row["_id"]}, {"$set": {"nextAttemptAt": datetime.now(UTC)}})
    system.work(**options)
    wait_until(lambda: deliveries.find_one({"status": "delivered"}), timeout=30)
    first, second = receiver.received
    assert first.id == second.id == row["_id"]
    assert first.body == second.body
    assert verified(second, hook["secret"])["data"]["lead"]["email"] == "ann@shop.example"
    (listed,) = system.cli("webhook", "deliveries", "localhost")
    assert (listed["deliveryId"], listed["status"], listed["attempts"]) == (row["_id"], "delivered", 1)
