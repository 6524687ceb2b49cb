"""The words about keys, origins, CORS, the script, the address and the configuration."""

from __future__ import annotations

import msgspec
import pytest

from tests.fixtures.builders import a_client, a_field, a_form, a_key
from tracker.config.records import ClientRecord, Consent, Features, KeyRecord, WidgetConfig
from tracker.configtest.checks import (
    Answer,
    check_address,
    check_config,
    check_cors,
    check_key,
    check_origin,
    check_script,
    key_state,
)
from tracker.configtest.report import Check, report
from tracker.web.config import public_config

KEY = "pk_live_" + "a" * 43
NOW = 1_000_000_000.0
DAY = 86_400
HOME = "https://shop.example"


@pytest.mark.parametrize(
    ("text", "key", "state"),
    [
        (KEY, a_key(), "ok"),
        ("", None, "malformed"),
        ("pk_live_x", None, "malformed"),
        ("sk_live_" + "a" * 43, None, "secret"),
        ("  SK_LIVE_x", None, "secret"),
        (KEY, None, "unknown"),
        (KEY, a_key(revoked_at=NOW - 1), "revoked"),
        (KEY, a_key(revoked_at=NOW + 1), "ok"),
        (KEY, a_key(expires_at=NOW - 1), "expired"),
        (KEY, a_key(expires_at=NOW + 1), "ok"),
        (KEY, a_key(client_active=False), "inactive"),
    ],
)
def test_a_key_is_told_by_what_it_is_worth(text: str, key: KeyRecord | None, state: str) -> None:
    assert key_state(text, key, NOW) == state
    check = check_key(key_state(text, key, NOW), key, NOW)
    assert (check.status == "error") is (state != "ok")
    assert (check.remedy == "") is (check.status == "ok")
    if text.strip():
        assert text.strip() not in check.detail + check.remedy


def test_a_key_that_ends_soon_is_worth_a_look() -> None:
    assert check_key("ok", a_key(expires_at=NOW + 3 * DAY), NOW).status == "warning"
    assert check_key("ok", a_key(expires_at=NOW + 90 * DAY), NOW).status == "ok"


def test_a_foreign_origin_is_told_how_to_be_let_in() -> None:
    key = a_key(allowed_origins=("https://blog.example",))
    check = check_origin(key, "https://other.example")
    assert check.status == "error"
    assert "trackerctl client update shop.example --origin https://other.example" in check.remedy
    assert [row.name for row in check.rows] == ["shop.example and its subdomains", "https://blog.example"]
    for origin in (HOME, "http://a.shop.example:8080", "https://blog.example"):
        assert check_origin(key, origin).status == "ok"
    assert check_origin(key, None).status == "info"


def test_localhost_wants_a_test_key() -> None:
    assert "--mode test" in check_origin(a_key(), "http://localhost:3000").remedy
    assert check_origin(a_key(mode="test"), "http://localhost:3000").status == "ok"


def answer(status: int, origin: str | None = HOME) -> Answer:
    return Answer(status, {"access-control-allow-origin": origin} if origin else {})


def test_cors_is_right_when_every_answer_can_be_read() -> None:
    assert check_cors(HOME, answer(204), answer(200), answer(422)).status == "ok"
    assert check_cors(None, answer(0), answer(0), answer(0)).status == "skipped"


@pytest.mark.parametrize(
    ("preflight", "config", "ingest", "words"),
    [
        (answer(404), answer(200), answer(422), "preflight answered 404"),
        (answer(204, None), answer(200), answer(422), "without https://shop.example"),
        (answer(204), answer(403, None), answer(403, None), "events answered 403"),
        (answer(204), answer(200), answer(422, "https://x.example"), "events answered 422"),
    ],
)
def test_cors_that_is_wrong_says_which_answer(preflight: Answer, config: Answer, ingest: Answer, words: str) -> None:
    check = check_cors(HOME, preflight, config, ingest)
    assert check.status == "error"
    assert words in check.detail


def test_a_reached_limit_is_no_fault_of_the_origin() -> None:
    assert "wait a minute" in check_cors(HOME, answer(204), answer(429), answer(422)).remedy


def test_the_script_is_described_or_missed() -> None:
    served = Answer(200, {"content-encoding": "br", "cache-control": "public"}, b"x" * 900)
    check = check_script(served, 300, "sha384-abc", "https://track.example/main-app.v1.js")
    assert check.status == "ok"
    assert "300 bytes with br, 900 unpacked" in [row.detail for row in check.rows]
    assert "sha384-abc" in [row.detail for row in check.rows]
    assert check_script(Answer(404, {}), 0, "", "x").status == "error"


@pytest.mark.parametrize(
    ("public_url", "origin", "status"),
    [
        ("https://track.example", HOME, "ok"),
        ("http://127.0.0.1:8000", HOME, "error"),
        ("http://localhost:8000", "http://localhost:3000", "ok"),
        ("http://track.example", HOME, "error"),
        ("http://track.example", "http://shop.example", "ok"),
        ("http://localhost:8000", None, "ok"),
    ],
)
def test_an_address_that_visitors_cannot_reach_is_said(public_url: str, origin: str | None, status: str) -> None:
    assert check_address(public_url, origin).status == status


def configured(config: WidgetConfig, *fields: str) -> tuple[Answer, ClientRecord]:
    client = msgspec.structs.replace(a_client(a_form("contact", *map(a_field, fields))), config=config)
    return Answer(200, {}, msgspec.json.encode(public_config(client))), client


def rows(check: Check) -> dict[str, str]:
    return {row.name: f"{row.status}: {row.detail}" for row in check.rows}


def test_the_configuration_is_told_with_what_may_surprise() -> None:
    plain = check_config(*configured(WidgetConfig(), "email"))
    assert (plain.status, plain.remedy) == ("ok", "")
    assert rows(plain)["contact"] == "ok: form on /, 1 fields"
    assert rows(plain)["features.partialCapture"] == "ok: not set: on"

    odd = WidgetConfig(features=Features(form_tracking=False), consent=Consent(mode="optin"), debug=True)
    check = check_config(*configured(odd))
    assert check.status == "warning"
    assert rows(check)["features.formTracking"].startswith("warning: false")
    assert rows(check)["features.partialCapture"] == "ok: not set: off, as consent is opt-in"
    assert rows(check)["consent.mode"].startswith("info: optin")
    assert rows(check)["debug"].startswith("warning")
    assert rows(check)["contact"].startswith("info")


def test_a_configuration_that_is_refused_is_an_error() -> None:
    assert check_config(Answer(403, {}), a_client()).status == "error"


@pytest.mark.parametrize(
    ("statuses", "status"),
    [([], "ok"), (["ok", "info", "skipped"], "ok"), (["ok", "warning"], "warning"), (["error", "warning"], "error")],
)
def test_a_report_is_as_bad_as_its_worst_check(statuses: list[str], status: str) -> None:
    assert report([Check("x", "X", one, "") for one in statuses]).status == status  # type: ignore[arg-type]
