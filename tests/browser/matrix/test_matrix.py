"""The matrix of form shapes: every lead arrives in its role, nothing else leaves, and secrets never do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.matrix.conftest import Matrix
from tests.browser.matrix.figures import record
from tests.browser.matrix.gaps import GAPS, complaints
from tests.browser.matrix.shape import Shape
from tests.browser.matrix.shapes import FAMILIES, SHAPES

ROOT = Path(__file__).resolve().parents[3]

NAMED = [
    pytest.param(shape, id=f"{family.__name__.rpartition('.')[2]}: {shape.name}")
    for family in FAMILIES
    for shape in family.SHAPES
]


def test_every_shape_has_a_name_of_its_own_and_there_are_enough() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 70


@pytest.mark.parametrize("path", ["Makefile", "jsbundle/README.md"])
def test_number_of_shapes_is_told_as_it_is(path: str) -> None:
    assert f" {len(SHAPES)} shapes of forms" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("shape", NAMED)
async def test_brings_each_lead_in_its_role_and_leaks_nothing(
    matrix: Matrix, request: pytest.FixtureRequest, shape: Shape
) -> None:
    """Whatever `GAPS` says of a shape: by default no secret leaves it, and a gap that is closed is told."""
    outcomes = await matrix.run(shape)
    record(request, outcomes)
    found = complaints(shape.name, GAPS.get(shape.name), outcomes)
    assert not found, "\n".join(found)
