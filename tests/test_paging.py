"""Cursors come back as they were made, and nothing else is taken for one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidError
from tracker.paging import MAX_LIMIT, Cursor, Page, Sort, checked_limit, decode_cursor, encode_cursor

VALUES = st.one_of(
    st.none(),
    st.text(max_size=100).filter(lambda text: text.isprintable()),
    st.integers(-(2**53), 2**53),
    st.datetimes(timezones=st.just(UTC)),
)
IDS = st.one_of(st.uuids().map(str), st.integers(0, 2**53))


@given(VALUES, IDS, st.sampled_from(["", "clients:createdAt"]))
def test_a_cursor_comes_back_as_it_was_made(value: str | int | datetime | None, id: str | int, order: str) -> None:  # noqa: A002
    cursor = encode_cursor(value, id, order)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert decode_cursor(cursor, order) == Cursor(value, id)


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = encode_cursor("a", "1", "clients:name")
    for order in ("", "clients:-name", "forms:name"):
        with pytest.raises(InvalidError, match="not of this list"):
            decode_cursor(cursor, order)


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        decode_cursor(text, "clients:name")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidError):
        decode_cursor(encode_cursor(datetime(2030, 1, 1), "1"))


def test_a_long_text_is_refused_unread() -> None:
    with pytest.raises(InvalidError):
        decode_cursor("A" * 100_000)


def test_a_sort_is_a_known_name_with_or_without_a_minus() -> None:
    assert Sort.parse("name", ["name"]) == Sort("name")
    assert Sort.parse("-name", ["name"]) == Sort("name", descending=True)
    assert str(Sort.parse("-name", ["name"])) == "-name"
    for text in ("", "-", "--name", "Name", "secret"):
        with pytest.raises(InvalidError, match="sort by name"):
            Sort.parse(text, ["name"])


@pytest.mark.parametrize("limit", [0, -1, MAX_LIMIT + 1])
def test_a_page_has_a_size(limit: int) -> None:
    with pytest.raises(InvalidError, match=str(MAX_LIMIT)):
        checked_limit(limit)


def test_a_page_is_shown_with_its_cursor() -> None:
    assert Page([{"a": 1}], "next").view() == {"items": [{"a": 1}], "nextCursor": "next"}
