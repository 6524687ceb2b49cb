"""Signatures, verified by others' libraries."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import WebhookVerificationError

from tests.fixtures.receiver import Received
from tests.webhooks.verify import verified
from tracker.webhooks.sign import signed_headers

SECRETS = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
BODIES = st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=5)


def message(body: bytes, *secrets: str, at: datetime | None = None) -> Received:
    return Received("/", signed_headers("msg_1", at or datetime.now(UTC), body, secrets), body)


@given(st.lists(SECRETS, min_size=1, max_size=2, unique=True), BODIES)
def test_every_secret_that_signs_is_enough_to_verify(secrets: list[str], body: dict[str, object]) -> None:
    import msgspec

    assert verified(message(msgspec.json.encode(body), *secrets), *secrets) == body


@given(SECRETS, SECRETS)
def test_another_secret_verifies_nothing(secret: str, other: str) -> None:
    if secret != other:
        with pytest.raises(WebhookVerificationError):
            verified(message(b"{}", secret), other)


@given(SECRETS)
def test_a_changed_body_or_an_old_message_is_refused(secret: str) -> None:
    good = message(b'{"a":1}', secret)
    with pytest.raises(WebhookVerificationError):
        verified(Received("/", good.headers, b'{"a":2}'), secret)
    with pytest.raises(WebhookVerificationError):
        verified(message(b"{}", secret, at=datetime.now(UTC) - timedelta(minutes=6)), secret)
