"""Names that an installation may choose."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.world import make_settings
from tracker import names
from tracker.app import create_app
from tracker.errors import SettingsError
from tracker.settings import load_settings


@pytest.mark.parametrize("value", ["main-app.v1.js", "site-forms.js", "a.js", "f_1.min.js"])
def test_takes_plain_script_names(value: str) -> None:
    assert names.script_name(value) == value


@pytest.mark.parametrize(
    "value",
    ["", "app", "app.css", "../app.js", "a/b.js", ".js", "-.js", "a..js", "a b.js", "é.js", "debug-overlay.v1.js"],
)
def test_refuses_script_names_that_are_none_or_another_files(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.js"):
        names.script_name(value)


@pytest.mark.parametrize(
    ("value", "path"), [("v1/track/events", "v1/track/events"), ("/forms/send/", "forms/send"), ("c", "c")]
)
def test_takes_plain_paths_without_slashes_around(value: str, path: str) -> None:
    assert names.ingest_path(value) == path


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "a//b",
        "a/../b",
        "a/{b}",
        "a b",
        "é",
        "a/b/c/d/e/f",
        "x" * 101,
        "v1/config/x",
        "v1/leads",
        "script/x",
        "demo",
        "example/thanks",
        "health/live",
        "metrics",
        "schema",
        "pages/pages.css",
        "main-app.v1.js",
    ],
)
def test_refuses_paths_that_are_none_or_the_services_own(value: str) -> None:
    with pytest.raises(ValueError, match="forms/send"):
        names.ingest_path(value)


@pytest.mark.parametrize("value", ["WebsiteTracker", "SiteForms", "_t1", "$track", "wt"])
def test_takes_javascript_names(value: str) -> None:
    assert names.global_name(value) == value


@pytest.mark.parametrize(
    "value", ["", "a", "1a", "a-b", "a.b", "é1", "x" * 65, "location", "fetch", "JSON", "class", "WebsiteTrackerConfig"]
)
def test_refuses_names_that_are_none_or_the_windows_own(value: str) -> None:
    with pytest.raises(ValueError, match="SiteForms"):
        names.global_name(value)


@given(st.text())
def test_what_is_taken_is_safe_in_an_address_and_in_code(value: str) -> None:
    for check, safe in (
        (names.script_name, r"[\w.-]+\.js"),
        (names.ingest_path, r"[\w.~-]+(?:/[\w.~-]+)*"),
        (names.global_name, r"[A-Za-z_$][\w$]*"),
    ):
        try:
            taken = check(value)
        except ValueError:
            continue
        assert re.fullmatch(safe, taken, re.ASCII)
        assert ".." not in taken


def test_every_first_part_of_the_services_paths_is_reserved() -> None:
    app = create_app(make_settings(config_db_url="sqlite://", mongodb_url="mongodb://x/", redis_url="redis://x/"))
    for route in app.routes:
        first = route.path.strip("/").split("/")[0]
        if not first.endswith(".js"):
            with pytest.raises(ValueError, match="forms/send"):
                names.ingest_path(f"{first}/x")


@pytest.mark.parametrize(
    ("name", "value"), [("script_name", "debug-overlay.v1.js"), ("ingest_path", "metrics"), ("global_name", "window")]
)
def test_a_bad_name_is_found_at_start_and_says_what_to_choose(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=rf"TRACKER_{name.upper()}.*such as|TRACKER_{name.upper()}.*choose"):
        load_settings(**{name: value})
