"""The outline of a refused event keeps what a site chose and nothing that a visitor typed."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.ingest.outline import MAX_BYTES, masked, outline

TYPED = "Zuzana-Nováková-77"
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=300))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=60), inner), max_leaves=60
)


def outlined(event: Any) -> Any:
    return outline(json.dumps(event).encode())


def test_what_the_site_chose_is_kept() -> None:
    event = {
        "type": "Form Submission!",
        "timestamp": "yesterday, 2026-01-31",
        "visitorId": "550e8400-e29b-41d4-a716-446655440000",
        "payload": {"formId": "contact", "page": {"url": "https://shop.example/contact", "title": "Hello Ann"}},
    }
    assert outlined(event) == event | {
        "payload": {"formId": "contact", "page": {"url": "https://shop.example/contact", "title": "[9 characters]"}}
    }


def test_other_values_are_told_by_kind_and_length() -> None:
    event = {"customer": "Ann", "phone": 4930123456, "vip": True, "note": None, "fields": {"type": "Ann", "id": "x"}}
    assert outlined(event) == {
        "customer": "[3 characters]",
        "phone": "[number]",
        "vip": True,
        "note": None,
        "fields": {"type": "[3 characters]", "id": "[1 characters]"},
    }


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("url", "https://shop.example/a?email=ann@shop.example", "https://shop.example/a?…"),
        ("url", "https://shop.example/#name=Ann", "https://shop.example/?…"),
        ("path", "/hello/ann@shop.example/now", "/hello/[EMAIL]/now"),
        ("path", "/hello/ann%40shop.example", "/hello/[EMAIL]"),
        ("path", "/call/+49 30 1234567", "/call/[PHONE]"),
        ("path", "/2026/01/page-2", "/2026/01/page-2"),
        ("type", "card 4111 1111 1111 1111", "card [REDACTED]"),
        ("timestamp", "2026-01-31T12:00:00", "2026-01-31T12:00:00"),
        ("visitorid", "+49 30 1234567", "[PHONE]"),
        ("visitorid", "1234567890", "1234567890"),
        ("id", "ann@shop.example", "[EMAIL]"),
    ],
)
def test_kept_texts_are_masked(name: str, text: str, kept: str) -> None:
    assert masked(text, name) == kept


def test_secret_names_are_redacted_whatever_they_hold() -> None:
    assert outlined({"payload": {"password": {"a": "b"}, "token": "x", "pin": ""}}) == {
        "payload": {"password": "[REDACTED]", "token": "[REDACTED]", "pin": "[0 characters]"}
    }


@given(values)
def test_an_outline_is_small_and_is_json(event: Any) -> None:
    data = json.dumps(event).encode()
    assert len(msgspec.json.encode(outline(data))) <= MAX_BYTES


@given(values)
def test_no_typed_value_comes_through(event: Any) -> None:
    nested = {"payload": {"fields": {"name": TYPED, "more": event, "list": [TYPED, {"url": TYPED}]}, "text": TYPED}}
    assert TYPED not in json.dumps(outlined(nested), ensure_ascii=False)


@given(st.binary(max_size=400))
def test_never_raises(data: bytes) -> None:
    outline(data)


@pytest.mark.parametrize("data", [b"{", b"[" * 20_000, b'"' + b"x" * 40_000 + b'"'])
def test_what_cannot_be_read_has_none(data: bytes) -> None:
    assert outline(data) is None


def test_a_large_event_is_cut_by_whole_values() -> None:
    event = {"type": "x" * 5000, "payload": {f"field-{number:03d}": {"url": "/" * 300} for number in range(60)}}
    found = outlined(event)
    assert found["type"].strip("x") == ""
    assert found["payload"]["…"].endswith(" more]")
