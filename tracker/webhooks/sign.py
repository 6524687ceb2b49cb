"""Headers of a message by the Standard Webhooks specification (``webhook-id``, ``-timestamp``, ``-signature``)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from standardwebhooks import Webhook


def signed_headers(message_id: str, at: datetime, payload: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """What a receiver verifies a message by; one signature for each secret, any of which is enough.

    :param at: when it is sent, aware UTC; receivers refuse what is more than five minutes off.
    :param secrets: ``whsec_…``, the current one first.
    """
    text = payload.decode()
    signatures = [Webhook(secret).sign(message_id, at, text) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
