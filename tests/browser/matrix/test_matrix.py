"""The matrix of form shapes: every lead arrives in its role, nothing else leaves, and secrets never do."""

from __future__ import annotations

import pytest

from tests.browser.matrix.conftest import Matrix
from tests.browser.matrix.figures import record
from tests.browser.matrix.shape import Shape
from tests.browser.matrix.shapes import FAMILIES, SHAPES

NAMED = [
    pytest.param(shape, id=f"{family.__name__.rpartition('.')[2]}: {shape.name}")
    for family in FAMILIES
    for shape in family.SHAPES
]


def test_every_shape_has_a_name_of_its_own_and_there_are_enough() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 70


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("shape", NAMED)
async def test_brings_each_lead_in_its_role_and_leaks_nothing(
    matrix: Matrix, request: pytest.FixtureRequest, shape: Shape
) -> None:
    by_default, everything = outcomes = await matrix.run(shape)
    record(request, outcomes)
    problems = [f"by default: {problem}" for problem in by_default.problems]
    problems += [f"everything captured: {problem}" for problem in everything.problems]
    assert not problems, "\n".join(problems)
