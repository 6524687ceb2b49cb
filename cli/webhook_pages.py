"""What people see of webhooks' deliveries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.options import counted
from cli.output import encode, facts, table
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.webhook_listen import Arrival

_FAULTS = {
    "status": "it was answered with an error",
    "redirect": "it was answered with a redirect, which is not followed: give the webhook the address where it ends",
    "timeout": "no answer in time",
    "connect": "no connection",
    "tls": "no secure connection: is the certificate valid for this name?",
    "cut": "the connection ended before an answer",
    "name": "the host's name leads to no address",
    "address": "the host's name leads to a private or loopback address; TRACKER_WEBHOOK_ALLOW_PRIVATE=true permits it",
    "url": "that is no address that can be posted to",
}
_GIVEN_UP = {
    "attempts": "all attempts are spent",
    "gone": "the receiver says 410: it is gone",
    "disabled": "the webhook was switched off",
    "deleted": "the webhook was deleted",
}


def webhooks_table(views: list[dict[str, Any]]) -> RenderableType:
    """One line for each."""
    rows = [
        (view["endpointId"], view["url"], view["eventTypes"] or "all", view["isActive"], ago(view["createdAt"]))
        for view in views
    ]
    return table(("ID", "URL", "EVENTS", "ACTIVE", "CREATED"), rows, ids=("ID",))


def webhook_facts(view: dict[str, Any]) -> RenderableType:
    """One webhook without its secret."""
    return facts(
        [
            ("id", view["endpointId"]),
            ("client", view["clientId"]),
            ("url", view["url"]),
            ("events", view["eventTypes"] or "all"),
            ("description", view["description"]),
            ("active", view["isActive"]),
            ("switched off", view["disabledAt"] and f"{view['disabledReason']}, {ago(view['disabledAt'])}"),
            ("old secret until", view["previousSecretUntil"]),
        ]
    )


def deliveries_table(views: list[dict[str, Any]]) -> RenderableType:
    """One line for each."""
    rows = [
        (
            view["deliveryId"],
            view["eventType"],
            view["status"],
            view["attempts"],
            _last(view["lastAttempt"]),
            ago(view["createdAt"]),
        )
        for view in views
    ]
    return table(("ID", "EVENT", "STATUS", "ATTEMPTS", "LAST ANSWER", "CREATED"), rows, ids=("ID",))


def delivery_page(view: dict[str, Any]) -> list[RenderableType]:
    """One delivery with its attempts and its payload."""
    head = facts(
        [
            ("id", view["deliveryId"]),
            ("event", view["eventType"]),
            ("webhook", view["endpointId"]),
            ("lead", view["leadId"]),
            ("status", view["status"]),
            ("given up", _GIVEN_UP.get(view["failedBecause"] or "", view["failedBecause"])),
            ("next attempt", view["nextAttemptAt"]),
            ("delivered", view["deliveredAt"]),
            ("attempts", view["attempts"]),
        ]
    )
    rows = [(one["at"], one["status"], one["error"], one["milliseconds"], one["answer"]) for one in view["log"]]
    log: RenderableType = table(("AT", "STATUS", "ERROR", "MS", "ANSWER"), rows) if rows else "No attempts yet."
    return [head, log, encode(view["payload"], indent=2)]


def test_page(result: dict[str, Any]) -> list[RenderableType]:
    """What an example has met with."""
    fault = result["error"]
    said = "The example has arrived." if fault is None else f"The example has not arrived: {_FAULTS[fault]}."
    rows = [("event", result["eventType"]), ("id", result["messageId"]), ("status", result["status"])]
    return [said, facts([*rows, ("milliseconds", result["milliseconds"]), ("answer", result["answer"] or None)])]


def would_resend(would: dict[str, int]) -> str:
    """What a dry run has found."""
    return f"Would send {_number(would['resent'])} again.{_skipped(would)}"


def resent(done: dict[str, int]) -> str:
    """What was done."""
    return f"{_number(done['resent'])} sent again within seconds.{_skipped(done)}"


def arrival_lines(arrival: Arrival) -> list[RenderableType]:
    """A message as it arrived."""
    handed = "" if arrival.forwarded is None else f", handed on: {arrival.forwarded or 'no answer'}"
    line = (
        f"{arrival.at:%H:%M:%S} {arrival.event_type or '?'} {arrival.message_id} signature {arrival.signature}{handed}"
    )
    return [line, encode(arrival.body, indent=2)]


def _number(number: int) -> str:
    return counted(number, "delivery", "deliveries")


def _skipped(counts: dict[str, int]) -> str:
    return f" {_number(counts['skipped'])} of webhooks that are off or gone left alone." if counts["skipped"] else ""


def _last(attempt: dict[str, Any] | None) -> str | None:
    if attempt is None:
        return None
    return str(attempt["status"]) if attempt["status"] else str(attempt["error"])
