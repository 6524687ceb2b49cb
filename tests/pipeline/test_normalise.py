"""Every shape that arrives becomes the one that is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from bson import encode
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, ms
from tracker.pipeline.normalise import clean, event_time, stored_payload, url_path

FORM = {"form": {"formId": "contact", "formName": "Contact", "fields": {"email": "ann@shop.example"}}}


@pytest.mark.parametrize(
    ("raw", "stored"),
    [
        ({"payload": FORM}, FORM),
        ({"payload": {"formId": "contact", "formName": "Contact", "fields": {"email": "ann@shop.example"}}}, FORM),
        ({"formId": "contact", "formName": "Contact", "fields": {"email": "ann@shop.example"}}, FORM),
        (
            {
                "payload": {
                    "formId": "contact",
                    "formName": "Contact",
                    "fieldName": "email",
                    "fieldValue": "ann@shop.example",
                }
            },
            {**FORM, "fieldName": "email"},
        ),
        (
            {"formId": "contact", "formName": "Contact", "fieldName": "email", "fieldValue": "ann@shop.example"},
            {**FORM, "fieldName": "email"},
        ),
        ({"payload": {"fields": {"a": 1}}}, {"form": {"formId": None, "fields": {"a": 1}}}),
        (
            {"page": {"url": "https://shop.example/a?b", "title": "A"}},
            {"page": {"url": "https://shop.example/a?b", "title": "A", "path": "/a"}},
        ),
        (
            {"payload": {"url": "https://shop.example/a", "referrer": "https://x.example", "step": 2}},
            {"page": {"url": "https://shop.example/a", "referrer": "https://x.example", "path": "/a"}, "step": 2},
        ),
        ({"payload": {"page": {"url": "/a", "path": "/own"}}}, {"page": {"url": "/a", "path": "/own"}}),
        ({"payload": {"page": {"url": 5, "title": None}}}, {}),
        ({"payload": {"a.b": {"$set": 1}}}, {"a．b": {"＄set": 1}}),
        ({"trigger": "blur", "unknown": "not taken up"}, {"trigger": "blur"}),
        ({"payload": None}, {}),
        ({}, {}),
    ],
)
def test_a_shape_is_brought_into_the_stored_one(raw: dict[str, Any], stored: dict[str, Any]) -> None:
    assert stored_payload(raw) == stored


def test_what_else_the_browser_script_says_of_a_form_or_a_visit_is_kept() -> None:
    progress = {"completedFields": ["email"], "totalFields": 2, "percentComplete": 50}
    attribution = {"first": {"utm_source": "news"}, "last": {"gclid": "x"}}
    stored = stored_payload({"payload": {**FORM, "timeToComplete": 4200, "formProgress": progress}})
    assert stored == {**FORM, "timeToComplete": 4200, "formProgress": progress}
    assert stored_payload({"payload": {"attribution": attribution}}) == {"attribution": attribution}


def test_of_two_places_the_inner_one_wins() -> None:
    raw = {
        "fields": {"a": "top", "b": "top", "c": "top"},
        "payload": {"fields": {"a": "payload", "b": "payload"}, "form": {"fields": {"a": "form"}}},
    }
    assert stored_payload(raw)["form"]["fields"] == {"a": "form", "b": "payload", "c": "top"}


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["payload", "fields", "page", "formId", "formName", "fieldName", "fieldValue", "roles", "trigger", "x"]
        ),
        values,
    )
)
def test_mongodb_can_hold_whatever_a_browser_sends(raw: dict[str, Any]) -> None:
    raw = msgspec.json.decode(msgspec.json.encode(raw))
    assert encode({"payload": stored_payload(raw)})


def test_whole_numbers_beyond_64_bits_become_text() -> None:
    assert clean([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, True]) == [
        2**63 - 1, str(2**63), -(2**63), str(-(2**63) - 1), True
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://shop.example/a/b?c#d", "/a/b"),
        ("https://shop.example", "/"),
        ("", "/"),
        ("https://[", "/"),
        ("/a?b", "/a"),
    ],
)
def test_the_path_of_a_url(url: str, path: str) -> None:
    assert url_path(url) == path


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        ms(NOON),
        ms(NOON) / 1000,
        NOON.isoformat(),
        NOON.isoformat().replace("+00:00", "Z"),
        NOON.replace(tzinfo=None).isoformat(),
        NOON.astimezone(tz=None).isoformat(),
    ],
)
def test_all_spellings_of_a_time_are_one_time(raw: Any) -> None:
    assert event_time(raw, NOON + timedelta(seconds=9), None) == (NOON, False)


@pytest.mark.parametrize("raw", [10**400, -(10**400), 1e308, "0001-01-01T00:00:00+23:00", 0, -1, {}, "x"])
def test_an_impossible_time_is_replaced_by_the_time_of_receipt(raw: Any) -> None:
    assert event_time(raw, NOON, None) == (NOON, True)


def test_no_time_at_all_is_the_time_of_receipt() -> None:
    assert event_time(None, NOON, None) == (NOON, False)


@pytest.mark.parametrize(
    ("shift", "replaced"),
    [
        (timedelta(hours=23), False),
        (timedelta(hours=25), True),
        (timedelta(days=-365), False),
        (timedelta(days=-367), True),
    ],
)
def test_a_time_that_is_far_off_is_replaced(shift: timedelta, replaced: bool) -> None:
    assert event_time(ms(NOON + shift), NOON, None) == (NOON if replaced else NOON + shift, replaced)


def test_a_wrong_clock_is_corrected_by_when_it_sent() -> None:
    wrong = NOON + timedelta(days=400)
    raw = ms(wrong - timedelta(seconds=5))
    assert event_time(raw, NOON, wrong.timestamp()) == (NOON - timedelta(seconds=5), False)


def test_the_time_on_the_way_is_no_wrong_clock() -> None:
    sent = NOON - timedelta(seconds=29)
    assert event_time(ms(sent), NOON, sent.timestamp()) == (sent, False)


@pytest.mark.parametrize("sent_at", [0.0, -1e10, 2e11, 1e300, datetime.max.replace(tzinfo=UTC).timestamp() - 1e6])
@pytest.mark.parametrize("raw", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", 1_772_452_800_000])
def test_no_pair_of_clocks_is_an_error(raw: Any, sent_at: float) -> None:
    moment, _ = event_time(raw, NOON, sent_at)
    assert abs(moment - NOON) <= timedelta(days=366)


@given(
    st.integers() | st.floats(allow_nan=False) | st.text() | st.datetimes().map(str),
    st.none() | st.floats(allow_nan=False),
)
def test_every_time_that_is_kept_is_near_and_in_milliseconds(raw: Any, sent_at: float | None) -> None:
    moment, _ = event_time(raw, NOON, sent_at)
    assert NOON - timedelta(days=366) <= moment <= NOON + timedelta(days=1)
    assert moment.microsecond % 1000 == 0
    assert moment.tzinfo is not None
