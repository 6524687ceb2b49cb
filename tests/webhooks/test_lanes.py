"""How the room for requests is shared."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tracker.webhooks.lanes import Lanes

ENDPOINTS = st.sampled_from("abcdef")


def fill(lanes: Lanes, wishes: list[str]) -> list[str]:
    """Begin what may begin, in the order that is asked."""
    begun = []
    for one in wishes:
        if lanes.has_room and one not in lanes.full():
            lanes.begin(one)
            begun.append(one)
    return begun


def test_an_endpoint_that_answers_has_its_share_and_no_more() -> None:
    assert fill(Lanes(10, 4), ["a"] * 9 + ["b"]) == ["a"] * 4 + ["b"]


def test_one_that_fails_has_a_single_request_until_it_answers_again() -> None:
    lanes = Lanes(10, 4)
    lanes.note("a", arrived=False)
    assert fill(lanes, ["a"] * 3) == ["a"]
    lanes.end("a")
    lanes.note("a", arrived=True)
    assert fill(lanes, ["a"] * 6) == ["a"] * 4


def test_failures_are_counted_in_a_row() -> None:
    lanes = Lanes(10, 4)
    assert [lanes.note("a", arrived=arrived) for arrived in (False, False, True, False)] == [1, 2, 0, 1]
    lanes.forget("a")
    assert lanes.note("a", arrived=False) == 1


@given(st.lists(ENDPOINTS, max_size=60), st.sets(ENDPOINTS, max_size=5), st.integers(2, 12), st.integers(1, 5))
def test_those_that_fail_never_take_more_than_half_and_nobody_more_than_his_share(
    wishes: list[str], failing: set[str], at_once: int, share: int
) -> None:
    lanes = Lanes(at_once, share)
    for one in failing:
        lanes.note(one, arrived=False)
    begun = fill(lanes, wishes)
    assert len(begun) <= at_once
    assert sum(one in failing for one in begun) <= max(1, at_once // 2)
    assert all(begun.count(one) <= (1 if one in failing else share) for one in begun)
    for one in begun:
        lanes.end(one)
    assert lanes.has_room
    assert lanes.full() == set()
