"""When an account is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.crm.base import CredentialsError, RateLimitedError, RefusedError, RetryLaterError, Usage
from tracker.crm.sync.circuit import exhausted_at, is_open, pause, reason_of, sampled, spent

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
draws = st.floats(0, 1)


@given(st.integers(1, 10_000), draws)
def test_pauses_are_bounded_and_grow(failures: int, draw: float) -> None:
    error = RetryLaterError("x")
    assert 3.7 <= pause(error, failures, draw) <= 750
    assert pause(error, failures + 1, draw) >= pause(error, failures, draw)


@given(st.floats(0.1, 100_000), st.integers(1, 20), draws)
def test_what_the_crm_asks_for_is_obeyed(seconds: float, failures: int, draw: float) -> None:
    assert pause(RateLimitedError("x", retry_after=seconds), failures, draw) == max(1.0, seconds)
    assert pause(RetryLaterError("x", retry_after=seconds), failures, draw) >= seconds


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RetryLaterError("x"), "away"),
        (RateLimitedError("x"), "limit"),
        (CredentialsError("x"), "credentials"),
        (RefusedError("x"), "refused"),
        (ValueError("x"), "unexpected"),
    ],
)
def test_each_kind_of_failure_has_its_name(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason
    assert pause(error, 1, 0.5) > 0


def test_a_changed_connection_is_tried_at_once() -> None:
    state = {"circuit": {"until": NOW + HOUR, "version": "1"}}
    assert is_open(state, "1", NOW)
    assert not is_open(state, "2", NOW)
    assert not is_open(state, "1", NOW + 2 * HOUR)
    assert not is_open({}, "1", NOW)
    assert not is_open(None, "1", NOW)


def test_the_reserve_is_left_alone() -> None:
    assert not spent(Usage(79, 100, 86_400), 0.2)
    assert spent(Usage(80, 100, 86_400), 0.2)
    assert not spent(None, 0.2)
    assert not spent(Usage(5, 0, 1), 0.2)


def test_the_end_of_the_budget_is_foretold() -> None:
    day = 86_400.0
    samples = sampled(sampled([], Usage(0, 1000, day), NOW - HOUR), Usage(100, 1000, day), NOW)
    assert exhausted_at(samples, Usage(100, 1000, day), NOW) == NOW + 9 * HOUR
    assert exhausted_at(samples, Usage(100, 100_000, day), NOW) is None
    assert exhausted_at([], Usage(100, 1000, day), NOW) is None


def test_a_budget_that_was_filled_up_again_is_counted_from_then() -> None:
    day = 86_400.0
    samples = [{"at": NOW - 2 * HOUR, "used": 900}, {"at": NOW - HOUR, "used": 0}]
    assert exhausted_at(samples, Usage(500, 1000, day), NOW) == NOW + HOUR


def test_samples_are_bounded_and_apart() -> None:
    samples: list[dict[str, Any]] = []
    for minute in range(0, 60 * 60, 5):
        samples = sampled(samples, Usage(minute, 10_000, 86_400), NOW + timedelta(minutes=minute))
    assert len(samples) == 96
    times = [sample["at"] for sample in samples]
    assert all(later - earlier >= timedelta(minutes=15) for earlier, later in pairwise(times))
