"""A client's own patterns: what they replace, and that none can stall a worker."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.fixtures.builders import a_client
from tracker.config.records import ClientRecord
from tracker.privacy.patterns import ClientPatterns, patterns_of
from tracker.privacy.redact import REDACTED, Redactor, redactor_of

R = REDACTED


def client_with(*patterns: str) -> ClientRecord:
    client = a_client()
    return msgspec.structs.replace(client, settings=msgspec.structs.replace(client.settings, redact_patterns=patterns))


def redacted(value: Any, *patterns: str) -> Any:
    return redactor_of(client_with(*patterns)).value(value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("it is CUST-123456.", f"it is {R}."),
        ("CUST-123456 CUST-654321", f"{R} {R}"),
        ("CUST-12345", "CUST-12345"),
        ({"a": [{"b": "CUST-123456"}]}, {"a": [{"b": R}]}),
        ({"CUST-123456": 1}, {R: 1}),
        ("https://a.example/CUST-123456?n=CUST%2D123456", f"https://a.example/{R}?n={R}"),
        ("ＣＵＳＴ–１２３４５６", R),
        ("CUST-123456 4111111111111111", f"{R} {R}"),
        ({"password": "x"}, {"password": R}),
        (["half \ud800 CUST-123456"], [f"half \ud800 {R}"]),
        ("кто CUST-123456", f"кто {R}"),
    ],
)
def test_replaces_what_the_client_wants_besides_the_rest(value: Any, stored: Any) -> None:
    assert redacted(value, r"CUST-\d{6}") == stored
    assert redacted(value, r"KND\d+", r"CUST-\d{6}", r"(?i)never") == stored


def test_a_number_is_read_as_its_digits() -> None:
    assert redacted({"a": 77001234, "b": 77001234.0, "c": -77001234, "d": 78001234, "e": True}, r"^77\d{6}$") == {
        "a": R, "b": R, "c": R, "d": 78001234, "e": True,
    }  # fmt: skip


def test_matches_of_several_patterns_that_overlap_go_together() -> None:
    assert redacted("xx abcdef yy", "abcd", "cdef") == f"xx {R} yy"


def test_a_group_of_one_name_in_two_patterns_is_no_matter() -> None:
    assert redacted("a1 b2", r"(?P<n>a\d)", r"(?P<n>b\d)") == f"{R} {R}"


def test_the_stored_shape_stays_whatever_a_pattern_matches() -> None:
    payload = {"form": {"formId": "f", "fields": {"name": "Ann"}}, "page": {"url": "https://a.example/"}}
    stored = redactor_of(client_with("[A-Za-z]+")).payload(payload)
    assert list(stored) == ["form", "page"]
    assert list(stored["form"]) == ["formId", "fields"]
    assert "Ann" not in repr(stored)


def test_other_clients_are_not_touched() -> None:
    redacted("CUST-123456", r"CUST-\d{6}")
    assert redacted("CUST-123456") == "CUST-123456"
    assert patterns_of(a_client()) is None


def test_a_pattern_that_cannot_be_used_is_left_out_and_logged_without_its_text() -> None:
    client = client_with("(?=secret)", r"CUST-\d{6}", "half \ud800")
    with capture_logs() as logs:
        for _ in range(3):
            assert redactor_of(client).value("secret CUST-123456") == f"secret {R}"
    assert [(entry["event"], entry["number"]) for entry in logs] == [
        ("redact.unusable_pattern", 1),
        ("redact.unusable_pattern", 3),
    ]
    assert logs[0]["client_id"] == client.client_id
    assert "secret" not in repr(logs)


@given(
    st.text() | st.text("CUST-0123456789[REDACTED] "), st.sampled_from([r"\w+", "[A-Z]+", r"CUST-\d{2,6}", r"\d", "."])
)
def test_redacting_twice_changes_nothing_more(text: str, pattern: str) -> None:
    redactor = Redactor(ClientPatterns((pattern,)))
    once = redactor.value(text)
    assert redactor.value(once) == once


@given(st.text("ab1 -", max_size=30))
def test_every_match_of_every_pattern_is_covered(text: str) -> None:
    spans = ClientPatterns((r"a\d+", "bb|b1")).spans(text)
    for pattern in (r"a\d+", "bb|b1"):
        for found in re.finditer(pattern, text):
            assert any(start <= found.start() and found.end() <= end for start, end in spans)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*b",
        "([a-zA-Z]+)*!",
        "(.*)*x",
        "a(.*b)?",
        "(a?){30}a{30}",
        "[ab]*a[ab]{400}c",
        "(?:[ab]{1,20} ){20}c",
        r"(\w+\s?)*!",
    ],
)
def test_a_catastrophic_pattern_takes_no_longer_than_the_text_asks_for(pattern: str) -> None:
    patterns = ClientPatterns((pattern,))
    rng = random.Random(1)

    def seconds(text: str) -> float:
        started = time.process_time()
        patterns.spans(text)
        return time.process_time() - started

    for make in (lambda size: "a" * size, lambda size: "".join(rng.choice("ab") for _ in range(size))):
        short, long = (min(seconds(make(size)) for _ in range(3)) for size in (4_000, 32_000))
        # Backtracking would not come back at all; looking for all matches from each place would take 64 times as long.
        assert long < 30 * short + 0.05


def test_what_follows_very_many_matches_in_a_long_text_goes_as_a_whole() -> None:
    text = "7a" * 10_000 + "tail"
    stored = redacted(text, "7")
    assert "7" not in stored
    assert stored.endswith(R)
    assert redacted("7a" * 20 + "tail", "7").endswith("atail")
