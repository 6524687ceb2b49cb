"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import UsageError
from cli.times import ago, parse_duration, parse_expiry, parse_since

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", NOW - timedelta(seconds=30)),
        ("15m", NOW - timedelta(minutes=15)),
        ("3h", NOW - timedelta(hours=3)),
        ("2d", NOW - timedelta(days=2)),
        ("1w", NOW - timedelta(weeks=1)),
        ("1d12h", NOW - timedelta(hours=36)),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T12:30", datetime(2026, 1, 1, 12, 30, tzinfo=UTC)),
        ("2026-01-01T12:30:00Z", datetime(2026, 1, 1, 12, 30, tzinfo=UTC)),
        ("2026-01-01T12:30+02:00", datetime(2026, 1, 1, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_duration_before_now_or_a_date_in_utc(text: str, moment: datetime) -> None:
    parsed = parse_since(text, now=NOW)

    assert parsed == moment
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2", "2x", "d2", "-2d", "2d ago", "2026-13-01", "999999999w", "99999999999999999999d", "٣d"],
)
def test_nonsense_is_a_usage_error_that_shows_how_to_write_it(text: str) -> None:
    with pytest.raises(UsageError, match=r"--since: .*2d") as refused:
        parse_since(text, now=NOW)
    assert refused.value.exit_code == 2


def test_no_time_is_no_time() -> None:
    assert parse_since(None) is None
    assert parse_expiry(None) is None


def test_an_expiry_lies_ahead() -> None:
    assert parse_expiry("90d", now=NOW) == NOW + timedelta(days=90)
    with pytest.raises(UsageError, match="passed already"):
        parse_expiry("2026-03-10", now=NOW)


def test_a_duration_may_be_none_at_all() -> None:
    assert parse_duration("0", "--grace") == timedelta()
    assert parse_duration("24h", "--grace") == timedelta(days=1)
    with pytest.raises(UsageError, match="--grace"):
        parse_duration("2026-01-01", "--grace")


@given(st.text(max_size=20))
def test_any_text_is_a_time_in_utc_or_a_usage_error(text: str) -> None:
    try:
        parsed = parse_since(text, now=NOW)
    except UsageError:
        return
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW - timedelta(seconds=5), "5s ago"),
        ("2026-03-10T11:58:00.000Z", "2m ago"),
        (NOW - timedelta(hours=5), "5h ago"),
        (NOW - timedelta(days=3), "3d ago"),
        (NOW - timedelta(days=300), "2025-05-14"),
        (NOW + timedelta(days=1), "2026-03-11 12:00"),
        (NOW.timestamp() - 7, "7s ago"),
        (None, "-"),
        ("never", "-"),
    ],
)
def test_people_read_how_long_ago_it_was(moment: object, words: str) -> None:
    assert ago(moment, now=NOW) == words
