"""Which pages may use a publishable key."""

from __future__ import annotations

import pytest

from tests.fixtures.builders import a_key
from tracker.ingest.origins import origin_allowed


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "http://shop.example",
        "https://www.shop.example",
        "https://a.b.shop.example:8443",
        "http://shop.example:3000",
        "https://shop.example.",
        "HTTPS://SHOP.example",
    ],
)
def test_the_domain_and_its_subdomains_are_taken_on_any_port(origin: str) -> None:
    assert origin_allowed(a_key(), origin)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://evilshop.example",
        "https://shop.example.evil.com",
        "https://shop.example@evil.com",
        "https://evil.com/shop.example",
        "https://evil.com?shop.example",
        "https://evil.com#shop.example",
        "ftp://shop.example",
        "file://",
        "null",
        "",
        "shop.example",
        "https://",
        "https://[",
        "https://shop.example:port",
        "https://user@shop.example",
        "https://shop.example/path",
        "http://localhost:3000",
        "http://127.0.0.1",
    ],
)
def test_foreign_and_malformed_origins_are_refused(origin: str) -> None:
    assert not origin_allowed(a_key(), origin)


def test_listed_origins_are_taken_exactly() -> None:
    key = a_key(allowed_origins=("https://partner.example:8443", "capacitor://localhost"))
    assert origin_allowed(key, "https://partner.example:8443")
    assert origin_allowed(key, "capacitor://localhost")
    assert not origin_allowed(key, "https://partner.example")
    assert not origin_allowed(key, "https://www.partner.example:8443")


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:5173",
        "https://127.0.0.1:8000",
        "http://[::1]:3000",
        "http://app.localhost",
    ],
)
def test_a_test_key_also_takes_localhost(origin: str) -> None:
    assert origin_allowed(a_key(mode="test"), origin)
    assert not origin_allowed(a_key(), origin)


def test_a_test_key_takes_no_other_foreign_origin() -> None:
    assert not origin_allowed(a_key(mode="test"), "http://localhost.evil.com")
