"""Weak secrets are found, strong ones are left alone, and none is repeated."""

from __future__ import annotations

import secrets as randomness

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.world import make_settings
from tracker.doctor.secrets import LEAST_BITS, check_secrets, entropy_bits
from tracker.settings import Settings


def installation(**values: str) -> Settings:
    """As it would be without what the settings themselves refuse."""
    return make_settings().model_copy(update=values)


@given(st.binary(min_size=36, max_size=36))
def test_random_secrets_of_openssl_are_strong(seed: bytes) -> None:
    secret = randomness.token_urlsafe(36) if len(set(seed)) < 20 else seed.hex()
    assert entropy_bits(secret) >= LEAST_BITS


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 64,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "0123456789" * 6,
        "changeme-changeme-changeme-changeme",
        "this-is-a-secret-of-my-company-2026",
        "password" * 8,
    ],
)
def test_a_weak_secret_is_told_without_repeating_it(secret: str) -> None:
    findings = check_secrets(installation(secret_keys=secret))
    assert [(one.severity, one.title) for one in findings] == [("warning", "secret key 1 of 1 is weak")]
    assert secret[:8] not in repr(findings)


def test_names_the_weak_one_of_several_and_one_listed_twice() -> None:
    strong = randomness.token_urlsafe(48)
    findings = check_secrets(installation(secret_keys=f"{strong},{'x' * 40},{strong}"))
    assert [one.title for one in findings] == ["secret key 2 of 3 is weak", "a secret key is listed twice"]
    assert strong not in repr(findings)


@pytest.mark.parametrize(
    ("name", "url", "found"),
    [
        ("redis_url", "redis://:Zk3qWm9xTn6vRb2yHc8j@10.0.0.3/0", False),
        ("redis_url", "redis://10.0.0.3/0", True),
        ("redis_url", "redis://127.0.0.1/0", False),
        ("redis_url", "redis://:admin@127.0.0.1/0", True),
        ("mongodb_url", "mongodb://u:tracker@m1.example,m2.example/?replicaSet=a", True),
        ("mongodb_url", "mongodb://m1.example/?authMechanism=MONGODB-X509", False),
        ("config_db_url", "mysql+pymysql://root:hunter2@db.example/tracker", True),
        ("config_db_url", "sqlite:///config.db", False),
    ],
)
def test_judges_passwords_of_stores_that_others_can_reach(name: str, url: str, found: bool) -> None:
    findings = check_secrets(installation(secret_keys=randomness.token_urlsafe(48), **{name: url}))
    assert bool([one for one in findings if one.severity == "warning"]) is found
    assert "hunter2" not in repr(findings)


def test_a_token_for_figures_that_can_be_guessed_is_told() -> None:
    weak = installation(secret_keys=randomness.token_urlsafe(48), metrics_token="metrics-secret")
    assert [one.title for one in check_secrets(weak)] == ["TRACKER_METRICS_TOKEN is weak"]
