"""Where a visit came from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.pipeline.touch import MAX_URL_CHARS, PARAMETERS, campaign, touch_of

SHOP = "https://www.shop.example/a"


@pytest.mark.parametrize(("parameter", "name"), PARAMETERS.items())
def test_campaign_parameters_and_click_ids_are_read(parameter: str, name: str) -> None:
    url = f"{SHOP}?x=1&{parameter}=new%20s"
    touch = touch_of({"url": url}, {})
    assert touch == {"landingPage": url, name: "new s"}
    assert campaign(touch) == {name: "new s"}


def test_an_empty_parameter_is_none() -> None:
    assert touch_of({"url": f"{SHOP}?utm_source=&gclid"}, {}) == {"landingPage": f"{SHOP}?utm_source=&gclid"}


@pytest.mark.parametrize(
    ("referrer", "kept"),
    [
        ("https://search.example/?q=x", True),
        ("https://shop.example/", True),
        ("https://www.shop.example/b", False),
        ("http://WWW.SHOP.EXAMPLE", False),
        ("", False),
        ("https://[", True),
        (5, False),
    ],
)
def test_a_click_inside_the_site_is_no_referrer(referrer: Any, kept: bool) -> None:
    assert ("referrer" in touch_of({"url": SHOP, "referrer": referrer}, {})) is kept


def test_metadata_fills_what_the_url_does_not_say() -> None:
    touch = touch_of(
        {"url": f"{SHOP}?utm_source=url"}, {"utmSource": "meta", "utmMedium": "mail", "landingPage": "/first"}
    )
    assert touch == {"landingPage": "/first", "utmSource": "url", "utmMedium": "mail"}
    assert touch_of({}, {"utmSource": 5, "landingPage": ""}) == {}


def test_lengths_are_bounded() -> None:
    touch = touch_of({"url": f"{SHOP}?utm_source={'x' * 9000}", "referrer": "y" * 9000}, {"utmMedium": "z" * 9000})
    assert {name: len(value) for name, value in touch.items()} == {
        "landingPage": MAX_URL_CHARS, "referrer": MAX_URL_CHARS, "utmSource": 500, "utmMedium": 500
    }  # fmt: skip


@given(st.text(), st.text())
def test_no_url_is_an_error(url: str, referrer: str) -> None:
    assert set(touch_of({"url": url, "referrer": referrer}, {})) <= {"landingPage", "referrer", *PARAMETERS.values()}
