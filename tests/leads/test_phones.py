"""Phone numbers in E.164."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.leads.phones import to_e164


@pytest.mark.parametrize(
    ("typed", "region", "e164"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("415.555.2671", "US", "+14155552671"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("030 901820", "US", None),
        ("call me", "DE", None),
        ("123", "DE", None),
        ("", "DE", None),
        ("+49 30 901820" + " " * 60, "DE", None),
    ],
)
def test_a_number_is_read_in_its_region_or_not_at_all(typed: str, region: str, e164: str | None) -> None:
    assert to_e164(typed, region) == e164


@given(st.text(max_size=60), st.sampled_from(["US", "DE", "JP", "BR"]))
def test_whatever_is_typed_gives_a_number_or_nothing(typed: str, region: str) -> None:
    number = to_e164(typed, region)
    assert number is None or (number.startswith("+") and number[1:].isascii() and number[1:].isdigit())
    assert number is None or to_e164(number, "US") == number
