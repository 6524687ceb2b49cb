"""What `gaps` takes for a gap: exactly what is written down, and by default no leak at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.matrix.gaps import GAPS, HOW_TO_CLOSE, Gap, complaints
from tests.browser.matrix.problem import Outcome, Problem, Trouble
from tests.browser.matrix.shape import Kind, Shape
from tests.browser.matrix.shapes import SHAPES

BY_NAME = {shape.name: shape for shape in SHAPES}


def _outcome(*found: tuple[Trouble, str]) -> Outcome:
    return Outcome([Problem(trouble, at, f"{trouble} at {at}") for trouble, at in sorted(found)])


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    order = draw(st.permutations("abcdefgh"))
    cuts = sorted(draw(st.lists(st.integers(0, 8), min_size=3, max_size=3)))
    parts = [tuple(order[start:end]) for start, end in zip([0, *cuts], [*cuts, 8], strict=True)]
    return Gap("Because.", *parts)


@pytest.mark.parametrize("name", GAPS)
def test_every_gap_is_one_of_a_shape_and_of_its_steps(name: str) -> None:
    shape, gap = BY_NAME[name], GAPS[name]
    assert set(gap.unread) | set(gap.misread) <= _places(shape, Kind.LEAD)
    assert set(gap.no_lead) <= _places(shape, Kind.OTHER, Kind.WITHHELD)
    assert set(gap.captured) <= _places(shape, Kind.SECRET)
    assert gap.expected(everything=True)
    assert gap.why.endswith(".")


def _places(shape: Shape, *kinds: Kind) -> set[str]:
    return {step.at for step in shape.values(*kinds)}


@given(gaps())
def test_accepts_a_shape_that_has_just_the_problems_of_its_gap(gap: Gap) -> None:
    outcomes = [_outcome(*gap.expected(everything)) for everything in (False, True)]
    assert complaints("s", gap, outcomes) == []


@given(gaps(), st.booleans(), st.data())
def test_tells_any_gap_that_is_closed(gap: Gap, in_everything: bool, data: st.DataObject) -> None:
    expected = [gap.expected(everything) for everything in (False, True)]
    if expected[in_everything]:
        expected[in_everything].remove(data.draw(st.sampled_from(sorted(expected[in_everything]))))
        [told] = complaints("s", gap, [_outcome(*found) for found in expected])
        assert HOW_TO_CLOSE in told


@given(gaps(), st.booleans(), st.sampled_from(Trouble))
def test_tells_any_problem_beside_those_of_the_gap(gap: Gap, in_everything: bool, trouble: Trouble) -> None:
    expected = [gap.expected(everything) for everything in (False, True)]
    expected[in_everything].add((trouble, "elsewhere"))
    [told] = complaints("s", gap, [_outcome(*found) for found in expected])
    assert told.endswith(f": {trouble} at elsewhere")


@pytest.mark.parametrize("trouble", [Trouble.LEAK, Trouble.STORED])
@given(gaps(), st.sampled_from("abcdefgh"))
def test_takes_no_leak_by_default_for_a_gap(trouble: Trouble, gap: Gap, at: str) -> None:
    outcomes = [_outcome(*gap.expected(False), (trouble, at)), _outcome(*gap.expected(True))]
    assert complaints("s", gap, outcomes) == [f"by default: {trouble} at {at}"]


def test_tells_every_problem_of_a_shape_without_gap() -> None:
    assert complaints("s", None, [_outcome((Trouble.MISSING, "a")), _outcome((Trouble.LEAK, "b"))]) == [
        "by default: missing at a",
        "everything captured: leak at b",
    ]
