"""Which pages may use a publishable key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


@pytest.mark.parametrize(
    "origin",
    [
        "https://@shop.example",
        "https://shop.example#",
        "https://shop.example?",
        "https://shop.example/",
        "https://shop.example..",
        "https://.shop.example",
        "https://a..shop.example",
        "https://shop.example:99999",
        "https://shop.example:",
        "https://shop.example:80:80",
        "https://shop.example\\@evil.com",
        "https://evil.com\\.shop.example",
        "https://evil.com%2eshop.example",
        "https://evil.com\t.shop.example",
        "https://shop.example\n",
        " https://shop.example",
        "https://ſhop.example",
        "https://shop。example",
        "https://bücher.shop.example",
        "https:shop.example",
        "https:///shop.example",
        "null, https://shop.example",
    ],
)
def test_tricks_with_the_spelling_are_refused(origin: str) -> None:
    assert not origin_allowed(a_key(), origin)


def test_a_name_with_letters_beyond_ascii_is_taken_as_browsers_send_it() -> None:
    key = a_key(domain="xn--bcher-kva.example")
    assert origin_allowed(key, "https://www.xn--bcher-kva.example")
    assert not origin_allowed(key, "https://bücher.example")


_LABELS = st.sampled_from(
    ["shop", "example", "evil", "www", "xn--bcher-kva", "com", "SHOP", "evilshop", "shop-example"]
)


@given(
    labels=st.lists(_LABELS, min_size=1, max_size=5),
    scheme=st.sampled_from(["http", "https", "HTTPS", "ftp", "file", "javascript", ""]),
    port=st.one_of(st.none(), st.integers(0, 99_999)),
    dots=st.integers(0, 2),
    user=st.sampled_from(["", "shop.example@", "shop.example:80@", "@"]),
    tail=st.sampled_from(["", "/", "/shop.example", "?x", "#shop.example", ".shop.example/", "\\"]),
)
def test_exactly_the_names_under_the_domain_are_taken(
    labels: list[str], scheme: str, port: int | None, dots: int, user: str, tail: str
) -> None:
    host = ".".join(labels) + "." * dots
    origin = f"{scheme}://{user}{host}" + ("" if port is None else f":{port}") + tail
    # By labels, where the code compares texts.
    expected = (
        scheme.lower() in ("http", "https")
        and [label.lower() for label in labels[-2:]] == ["shop", "example"]
        and (port is None or port <= 65_535)
        and dots < 2
        and not user
        and not tail
    )
    assert origin_allowed(a_key(), origin) is expected


@given(origin=st.text(max_size=60))
def test_no_text_is_an_error(origin: str) -> None:
    assert not origin_allowed(a_key(), origin)
