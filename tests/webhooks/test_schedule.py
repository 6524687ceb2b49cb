"""When messages are tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.webhooks.schedule import GIVE_UP_AFTER, JITTER, PAUSES, is_given_up, next_attempt, retry_after

NOW = datetime(2030, 1, 31, 8, tzinfo=UTC)
RANDOM = st.floats(0, 1, exclude_max=True)


def test_the_pauses_are_those_that_are_promised() -> None:
    assert [pause.total_seconds() for pause in PAUSES] == [
        *(5, 5 * 60, 30 * 60),
        *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)),
    ]


@given(st.integers(1, len(PAUSES)), RANDOM)
def test_a_pause_is_never_off_by_more_than_the_jitter(tries: int, random: float) -> None:
    due = next_attempt(tries, NOW, lambda: random)
    assert due is not None
    assert abs((due - NOW) - PAUSES[tries - 1]) <= PAUSES[tries - 1] * JITTER


@given(st.lists(RANDOM, min_size=len(PAUSES), max_size=len(PAUSES)))
def test_pauses_only_grow_and_end_within_the_days_an_endpoint_is_given(randoms: list[float]) -> None:
    dues = [next_attempt(number, NOW, lambda value=value: value) for number, value in enumerate(randoms, 1)]
    assert all(due is not None for due in dues)
    pauses = [due - NOW for due in dues if due]
    assert pauses == sorted(pauses)
    assert sum(pauses, timedelta()) < GIVE_UP_AFTER
    assert next_attempt(len(PAUSES) + 1, NOW, lambda: 0.5) is None


@given(st.integers(1, len(PAUSES)), RANDOM, st.timedeltas(timedelta(), timedelta(days=400)))
def test_a_receiver_can_ask_for_more_time_but_for_no_more_than_a_day_and_never_for_less(
    tries: int, random: float, asked: timedelta
) -> None:
    plain, due = next_attempt(tries, NOW, lambda: random), next_attempt(tries, NOW, lambda: random, asked)
    assert plain is not None
    assert due is not None
    assert due >= plain
    assert due - NOW >= min(asked, timedelta(days=1))
    assert due - NOW <= timedelta(days=1) * (1 + JITTER)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("99999999999999999999", 86_400),
        ("Thu, 31 Jan 2030 08:01:00 GMT", 60),
        ("Thu, 31 Jan 2030 07:00:00 GMT", 0),
        ("Thu, 31 Jan 2030 08:01:00 -0000", 60),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("١٢", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int | None) -> None:
    assert retry_after(header, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=60))
def test_no_header_is_too_odd_to_be_looked_at(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or found >= timedelta()


def test_an_endpoint_is_given_up_after_five_days_without_a_success_or_a_change() -> None:
    ago = lambda **given: NOW - timedelta(**given)  # noqa: E731
    assert not is_given_up(ago(days=4, hours=23), ago(days=90), NOW)
    assert is_given_up(ago(days=5), ago(days=90), NOW)
    assert not is_given_up(ago(days=30), ago(days=1), NOW)
