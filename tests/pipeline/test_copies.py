"""Ids that tell which copy of an event was stored."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.pipeline.copies import document_id, is_copy

moments = st.floats(1_600_000_000, 4_000_000_000)


@given(moments)
def test_a_copy_is_recognised_by_its_document(received_at: float) -> None:
    assert is_copy(document_id(received_at), received_at)


@given(moments, st.floats(0.000_002, 1_000_000))
def test_a_copy_that_was_received_at_another_time_is_another_one(received_at: float, later: float) -> None:
    assume(int(received_at * 1e6) != int((received_at + later) * 1e6))
    assert not is_copy(document_id(received_at), received_at + later)


def test_ids_are_unique_and_tell_the_time_of_the_insert() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    ids = [document_id(1_700_000_000.5) for _ in range(10_000)]
    assert len(set(ids)) == 10_000
    assert all(before <= one.generation_time <= datetime.now(UTC) for one in ids)
