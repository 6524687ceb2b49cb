"""What operators may write, and the form in which it is stored."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.config import values
from tracker.errors import InvalidError


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("example.com", "example.com"),
        ("  WWW.Example.COM ", "www.example.com"),
        ("https://example.com/", "example.com"),
        ("HTTP://example.com", "example.com"),
        ("example.com.", "example.com"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_a_domain_is_stored_in_one_form(given_as: str, stored: str) -> None:
    assert values.domain(given_as) == stored
    assert values.domain(stored) == stored


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "https://", "com", "example.com:8080", "example.com/shop", "user@example.com", "example.com?x=1"),
        *("*.example.com", "exa mple.com", "ftp://example.com", "-a.example", "a..example", "127.1", "1.2.3.4.5"),
        *(
            "example.0x7f",
            "::1",
            "[::1]",
            "a" * 64 + ".example",
            "a." * 130 + "example",
            "exa\x00mple.com",
            "\ud800.com",
        ),
    ],
)
def test_what_is_no_bare_host_name_is_refused_as_domain(text: str) -> None:
    with pytest.raises(InvalidError, match="bare host name"):
        values.domain(text)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_either_a_stable_domain_or_refused(text: str) -> None:
    try:
        stored = values.domain(text)
    except InvalidError:
        return
    assert stored.isascii()
    assert stored == stored.lower()
    assert values.domain(stored) == stored


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("https://Shop.Example.com", "https://shop.example.com"),
        ("https://shop.example.com/", "https://shop.example.com"),
        ("https://shop.example.com:443", "https://shop.example.com"),
        ("http://shop.example.com:80", "http://shop.example.com"),
        ("http://shop.example.com:8080", "http://shop.example.com:8080"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_an_origin_is_stored_as_browsers_send_it(given_as: str, stored: str) -> None:
    assert values.origins([given_as, stored]) == [stored]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "example.com",
            "null",
            "*",
            "ftp://example.com",
            "https://",
            "https://example.com/path",
            "https://u:p@example.com",
        ),
        *("https://example.com?x", "https://example.com#x", "https://example.com:port", "https://example.com:99999"),
        *("https://*.example.com", "javascript:alert(1)", "https://[::1", ""),
    ],
)
def test_what_is_no_origin_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidError, match="scheme://host") as caught:
        values.origins([text])
    assert "u:p" not in caught.value.detail


def test_a_single_origin_may_be_given_without_a_list() -> None:
    assert values.origins("https://shop.example") == ["https://shop.example"]


def test_too_many_origins_and_selectors_are_refused() -> None:
    with pytest.raises(InvalidError, match="100 allowed origins"):
        values.origins(f"https://s{number}.example" for number in range(101))
    with pytest.raises(InvalidError, match="20 alternative selectors"):
        values.alternatives([f"#f{number}" for number in range(21)])


@pytest.mark.parametrize("selector", ["", "   ", "#" + "x" * 500, "a\nb", "a\x00b"])
def test_a_selector_is_one_line_of_up_to_500_characters(selector: str) -> None:
    assert values.selector("#" + "x" * 499)
    with pytest.raises(InvalidError, match="selector must be 1 to 500 characters"):
        values.selector(selector)


def test_a_merge_keeps_what_is_not_named_and_null_removes() -> None:
    stored = {"features": {"chat": True, "pageViews": False}, "debug": True}
    patch = {"features": {"chat": None, "formTracking": False}, "debug": None}
    assert values.merged(stored, patch) == {"features": {"pageViews": False, "formTracking": False}}
    assert stored["debug"] is True


def test_an_unknown_setting_is_refused_by_its_path_and_the_known_ones_are_listed() -> None:
    with pytest.raises(InvalidError, match=r"unknown features\.chatt") as caught:
        values.widget_config({}, {"features": {"chatt": True}})
    assert "captureUnrecognised" in caught.value.detail
    with pytest.raises(InvalidError, match=r"settings: unknown require_origin; known are requireOrigin"):
        values.client_settings({}, {"require_origin": True})


@pytest.mark.parametrize(
    "patch",
    [
        {"features": {"chat": "yes"}},
        {"features": True},
        {"consent": {"mode": "maybe"}},
        {"theme": {"color": 7}},
        {"batching": {"maxEvents": 51}},
        {"batching": {"flushIntervalMs": 0}},
        {"theme": {"color": "x" * 20_000}},
        {"theme": {"color": float("nan")}},
        {"debug": 1 << 80},
        ["debug"],
    ],
)
def test_a_widget_setting_that_cannot_be_used_is_refused(patch: dict[str, object]) -> None:
    with pytest.raises(InvalidError, match="config"):
        values.widget_config({}, patch)


@pytest.mark.parametrize(
    "patch",
    [{"requireOrigin": 1}, {"defaultRegion": "usa"}, {"limitEventsPerMinute": -1}, {"limitConfigPerMinute": True}],
)
def test_a_server_setting_that_cannot_be_used_is_refused(patch: dict[str, object]) -> None:
    with pytest.raises(InvalidError, match="settings"):
        values.client_settings({}, patch)


def test_only_what_was_set_is_stored_so_that_defaults_may_change() -> None:
    assert values.widget_config({"debug": True}, {"features": {"chat": True}}) == {
        "debug": True,
        "features": {"chat": True},
    }
    assert values.client_settings({}, {"limitEventsPerMinute": 0, "defaultRegion": "DE"}) == {
        "limitEventsPerMinute": 0,
        "defaultRegion": "DE",
    }


@pytest.mark.parametrize(("days", "stored"), [(None, None), (0, None), (1, 1), (3650, 3650)])
def test_retention_of_nought_days_is_the_global_setting(days: int | None, stored: int | None) -> None:
    assert values.retention_days(days) == stored


@pytest.mark.parametrize("days", [-1, 3651])
def test_a_retention_out_of_range_is_refused(days: int) -> None:
    with pytest.raises(InvalidError, match="1 to 3650 days"):
        values.retention_days(days)


def test_a_not_a_number_deep_in_free_json_becomes_null_because_mariadb_would_refuse_it() -> None:
    assert values.document({}, {"rules": [float("nan")]}, "validation") == {"rules": [None]}
