"""Tokens are signed, read and refused."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access import tokens
from tracker.access.tokens import MAX_TTL, Scope, issue_token, read_token
from tracker.errors import InvalidError, SettingsError, UnauthenticatedError
from tracker.settings import Settings

CURRENT, OLD = "current-secret-0123456789-abcdefgh", "retired-secret-9876543210-hgfedcba"
HOUR = timedelta(hours=1)
SETTINGS = Settings(secret_keys=f"{CURRENT},{OLD}")


def signed(secret: str = CURRENT, algorithm: str = "HS256", without: str = "", **changes: Any) -> str:
    """A token of our own making."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "iss": "trackerctl",
        "aud": "trackerctl",
        "sub": "ann",
        "scope": "admin",
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + HOUR,
    }
    claims |= changes
    claims.pop(without, None)
    if algorithm == "HS512":
        return _signed_with_sha512(claims, tokens._key(secret))
    return jwt.encode(claims, None if algorithm == "none" else tokens._key(secret), algorithm=algorithm)


def _signed_with_sha512(claims: dict[str, Any], key: bytes) -> str:
    """By hand, because PyJWT asks for a longer key: the very key must be good, so that the algorithm alone is wrong."""
    times = {name: value.timestamp() if isinstance(value, datetime) else value for name, value in claims.items()}
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS512", "typ": "JWT"}, times)
    )
    signature = base64.urlsafe_b64encode(hmac.digest(key, head + b"." + body, "sha512")).rstrip(b"=")
    return b".".join((head, body, signature)).decode()


def refused(token: str, settings: Settings = SETTINGS) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        read_token(settings, token)
    return caught.value.detail


def test_what_is_issued_is_read_again() -> None:
    scope = Scope("client", str(uuid4()))
    issued = issue_token(SETTINGS, scope, ttl=HOUR, subject="ann@shop.example")
    access = read_token(SETTINGS, issued.token)
    assert (access.subject, access.scope, access.expires_at) == ("ann@shop.example", scope, issued.expires_at)
    assert HOUR - timedelta(seconds=5) < issued.expires_at - datetime.now(UTC) <= HOUR


def test_each_token_has_an_id_of_its_own() -> None:
    made = [issue_token(SETTINGS, Scope("admin"), ttl=HOUR, subject="ann").token for _ in range(20)]
    assert len({read_token(SETTINGS, token).token_id for token in made}) == 20


def test_the_current_secret_signs_and_all_verify() -> None:
    old = issue_token(Settings(secret_keys=OLD), Scope("read"), ttl=HOUR, subject="ann").token
    assert read_token(SETTINGS, old).scope == Scope("read")
    refused(old, Settings(secret_keys=CURRENT))
    refused(issue_token(SETTINGS, Scope("read"), ttl=HOUR, subject="ann").token, Settings(secret_keys=OLD))


def test_whatever_is_wrong_the_words_are_the_same() -> None:
    now = datetime.now(UTC)
    head, claims, signature = signed().split(".")
    raised = base64.urlsafe_b64encode(json.dumps({"sub": "eve", "scope": "admin"}).encode()).decode().rstrip("=")
    wrong = {
        "expired": signed(exp=now - timedelta(minutes=1)),
        "of the future": signed(iat=now + HOUR),
        "not yet": signed(nbf=now + HOUR),
        "another secret": signed("another-secret-0123456789-abcdefgh"),
        "unsigned": signed(algorithm="none"),
        "another algorithm": signed(algorithm="HS512"),
        "another issuer": signed(iss="somebody"),
        "another audience": signed(aud="somebody"),
        "several audiences": signed(aud=["trackerctl", "somebody"]),
        "no scope": signed(without="scope"),
        "no end": signed(without="exp"),
        "no beginning": signed(without="iat"),
        "no subject": signed(without="sub"),
        "no id": signed(without="jti"),
        "no issuer": signed(without="iss"),
        "no audience": signed(without="aud"),
        "an unknown scope": signed(scope="root"),
        "a scope of another type": signed(scope=["admin"]),
        "an empty id": signed(jti=""),
        "a subject that is no name": signed(sub="ann\nroot"),
        "an end that is no time": signed(exp=1e300),
        "changed claims": f"{head}.{raised}.{signature}",
        "no signature": f"{head}.{claims}.",
        "nothing": "",
        "no token": "a.b.c",
        "not ASCII": "ä.ö.ü",
        "half a character": "\ud800",
        "too long": signed() + "A" * 5000,
    }
    assert len({refused(token) for token in wrong.values()}) == 1


def test_a_public_secret_key_is_not_the_signing_key() -> None:
    # Keys are derived from the same secrets; each use has a key of its own.
    token = jwt.encode(
        {"sub": "ann", "scope": "admin", "jti": "1", "iss": "trackerctl", "aud": "trackerctl",
         "iat": datetime.now(UTC), "exp": datetime.now(UTC) + HOUR},
        CURRENT, algorithm="HS256",
    )  # fmt: skip
    refused(token)


@given(st.text(max_size=300))
def test_any_text_is_refused(text: str) -> None:
    refused(text)


@given(st.integers(min_value=0), st.sampled_from("ABCDEFxyz0189-_"))
def test_a_changed_character_is_noticed(place: int, letter: str) -> None:
    token = issue_token(SETTINGS, Scope("read"), ttl=HOUR, subject="ann").token
    # The last character of a signature holds bits that mean nothing.
    place %= len(token) - 1
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        refused(changed)


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1), MAX_TTL + timedelta(seconds=1)])
def test_refuses_a_life_that_makes_no_sense(ttl: timedelta) -> None:
    with pytest.raises(InvalidError, match="lives"):
        issue_token(SETTINGS, Scope("admin"), ttl=ttl, subject="ann")


@pytest.mark.parametrize("subject", ["", " ", "ann root", "a" * 101, "ann\n", "-ann", "ä"])
def test_refuses_a_subject_that_would_disturb_a_log(subject: str) -> None:
    with pytest.raises(InvalidError, match="subject"):
        issue_token(SETTINGS, Scope("admin"), ttl=HOUR, subject=subject)


def test_needs_a_secret() -> None:
    with pytest.raises(SettingsError, match="trackerctl init"):
        issue_token(Settings(secret_keys=""), Scope("admin"), ttl=HOUR, subject="ann")


def test_a_token_shows_in_no_repr() -> None:
    issued = issue_token(SETTINGS, Scope("admin"), ttl=HOUR, subject="ann")
    assert issued.token not in repr(issued)
