"""Figures drawn with characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.charts import bar, days_between, sparkline

counts = st.lists(st.integers(min_value=0, max_value=10**9), max_size=200)


@given(counts, st.integers(min_value=1, max_value=80))
def test_a_sparkline_fits_and_is_highest_where_the_value_is(values: list[int], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) <= width
    if len(values) <= width:
        assert len(line) == len(values)
        assert [mark == "▁" for mark in line] == [value == 0 for value in values]
        assert [line[i] <= line[j] for i in range(len(line)) for j in range(len(line)) if values[i] <= values[j]].count(
            False
        ) == 0
        assert all(line[place] == "█" for place, value in enumerate(values) if value and value == max(values))


def test_neighbours_are_added_up_from_the_newest_back() -> None:
    assert sparkline([9, 1, 1, 1, 1], width=3) == "█▃▃"
    assert sparkline([], width=3) == ""


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=0, max_value=10**6))
def test_a_bar_is_as_long_as_its_share(value: int, most: int) -> None:
    drawn = bar(value, most, 30)
    assert len(drawn) <= 30
    assert bool(drawn) is (value > 0 and most > 0)
    if value >= most > 0:
        assert drawn == "█" * 30


@pytest.mark.parametrize(("value", "drawn"), [(0, ""), (1, "▏"), (50, "█████"), (55, "█████▌"), (1_000, "█" * 10)])
def test_bars(value: int, drawn: str) -> None:
    assert bar(value, 100, 10) == drawn


def test_days_between_two_days_are_all_there() -> None:
    assert days_between("2026-02-27", "2026-03-01") == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert days_between("2026-02-27", "2026-02-27") == ["2026-02-27"]
