"""Checks a message as its receivers would: by two libraries, and by the specification itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import standardwebhooks
import svix

from tests.fixtures.receiver import Received


def verified(message: Received, *secrets: str) -> dict[str, Any]:
    """The body, if every one of these secrets alone verifies the message."""
    for secret in secrets:
        told = standardwebhooks.Webhook(secret).verify(message.body, message.headers)
        assert told == json.loads(message.body)
        svix.Webhook(secret).verify(message.body, message.headers)
        assert by_hand(message, secret) in message.headers["webhook-signature"].split(" ")
    body: dict[str, Any] = json.loads(message.body)
    return body


def by_hand(message: Received, secret: str) -> str:
    """The signature as the Standard Webhooks specification spells it out, without any of its libraries."""
    text = f"{message.id}.{message.headers['webhook-timestamp']}.".encode() + message.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
