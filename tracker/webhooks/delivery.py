"""One attempt at one delivery, and what is written down of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pymongo import ReturnDocument

from tracker.config.service.webhooks import WebhookTarget
from tracker.stores.documents import Database
from tracker.webhooks.client import Answer, WebhookClient
from tracker.webhooks.outbox import COLLECTION
from tracker.webhooks.schedule import is_given_up, next_attempt
from tracker.webhooks.sign import signed_headers

FAILING = "webhook_failing"
GONE = 410
LOG_ENTRIES = 20

Outcome = Literal["delivered", "retried", "failed"]
Reason = Literal["gone", "failing"]

# Longer than endpoints are given, shorter than "for ever".
_REMEMBERED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What an attempt has led to.

    :ivar give_up: why the endpoint is to be switched off; ``since``: since when it has taken nothing.
    """

    outcome: Outcome
    give_up: Reason | None = None
    since: datetime | None = None


async def send(client: WebhookClient, target: WebhookTarget, message_id: str, payload: bytes) -> Answer:
    """Post a message, signed as of now."""
    headers = signed_headers(message_id, datetime.now(UTC), payload, target.secrets)
    return await client.post(target.url, headers, payload)


async def attempt(
    database: Database, row: Mapping[str, Any], target: WebhookTarget, client: WebhookClient
) -> tuple[Answer, Recorded]:
    """Send a claimed delivery and write down what came of it.

    :param row: as :func:`tracker.webhooks.claims.claim` gave it.
    :raises pymongo.errors.PyMongoError: when MongoDB is away; the claim then ends by itself and it is sent again.
    """
    started = datetime.now(UTC)
    answer = await send(client, target, row["_id"], bytes(row["payload"]))
    return answer, await record(database, row, target, answer, started)


async def record(
    database: Database, row: Mapping[str, Any], target: WebhookTarget, answer: Answer, started: datetime
) -> Recorded:
    """Write down an attempt: on the delivery, and whether its endpoint takes anything at all."""
    now = datetime.now(UTC)
    outcome, values = outcome_of(row["tries"] + 1, answer, now, random.random)
    entry = {
        "at": started,
        "status": answer.status,
        "milliseconds": answer.milliseconds,
        "error": answer.error,
        "answer": answer.text,
    }
    # That it has arrived counts even if somebody else has taken it over meanwhile; that it has not does not.
    mine = {"status": "pending"} if outcome == "delivered" else {"lease": row["lease"]}
    await database[COLLECTION].update_one(
        {"_id": row["_id"], **mine},
        {
            "$set": values,
            "$inc": {"tries": 1, "attempts": 1},
            "$push": {"log": {"$each": [entry], "$slice": -LOG_ENTRIES}},
        },
    )
    if outcome == "delivered":
        await database[FAILING].delete_one({"_id": row["endpointId"]})
        return Recorded(outcome)
    failing: dict[str, Any] | None = await database[FAILING].find_one_and_update(
        {"_id": row["endpointId"]},
        {
            "$setOnInsert": {"since": started, "clientId": row["clientId"]},
            "$set": {"expiresAt": now + _REMEMBERED},
        },
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    since = started if failing is None else failing["since"]
    if answer.status == GONE:
        return Recorded(outcome, "gone", since)
    return Recorded(outcome, "failing" if is_given_up(since, target.changed_at, now) else None, since)


def outcome_of(
    tries: int, answer: Answer, now: datetime, random: Callable[[], float]
) -> tuple[Outcome, dict[str, Any]]:
    """What becomes of a delivery after an attempt, and its new values. Pure.

    :param tries: with this attempt.
    """
    ended = {"lease": None, "nextAttemptAt": None}
    if answer.error is None:
        return "delivered", {**ended, "status": "delivered", "deliveredAt": now, "failedBecause": None}
    if answer.status == GONE:
        return "failed", {**ended, "status": "failed", "failedBecause": "gone"}
    due = next_attempt(tries, now, random, answer.retry_after)
    if due is None:
        return "failed", {**ended, "status": "failed", "failedBecause": "attempts"}
    return "retried", {"lease": None, "nextAttemptAt": due}
