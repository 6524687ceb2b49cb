"""The form shapes of the matrix, from what form builders, shops, frameworks and people really put into pages."""

from tests.browser.matrix.shape import Shape
from tests.browser.matrix.shapes import (
    accounts,
    builders,
    cms,
    components,
    embedding,
    frameworks,
    labels,
    languages,
    marketing,
    money,
    newsletters,
    shops,
    steps,
    traps,
    wordpress,
)

FAMILIES = (
    accounts,
    builders,
    cms,
    components,
    embedding,
    frameworks,
    labels,
    languages,
    marketing,
    money,
    newsletters,
    shops,
    steps,
    traps,
    wordpress,
)

SHAPES: tuple[Shape, ...] = tuple(shape for family in FAMILIES for shape in family.SHAPES)
