"""Pipelines of transforms, ready to run: ``Pipeline.parse("trim|e164:US")``. Pure.

A run never raises and never takes long: the number of functions, the texts between them and the lists are bounded. What
a function of another package raises ends the run with its name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from tracker.crm.base import Value
from tracker.crm.transform_functions import BUILT_IN
from tracker.crm.values import Context, is_empty, normal
from tracker.expressions.grammar import Step, load_extension, parse_transform


class Ran(NamedTuple):
    """What became of a value.

    :ivar values: after each function, as far as it went; the last one is the result.
    :ivar failed: the function that raised, with the kind of its error: ``initials (KeyError)``.
    :ivar emptied: the last function that made nothing of something and was not followed by a value again.
    """

    values: tuple[Value, ...]
    failed: str | None = None
    emptied: str | None = None


@dataclass(frozen=True)
class Pipeline:
    """Functions in their order. Two that are written alike are equal."""

    steps: tuple[Step, ...]

    @staticmethod
    def parse(text: str | None) -> Pipeline:
        """A pipeline from its text; none and the empty text leave every value as it is.

        :raises InvalidError: naming the function, its position and the nearest known name.
        """
        return _parsed(text or "")

    def __str__(self) -> str:
        return "|".join(step.written for step in self.steps)

    def run(self, value: object, context: Context) -> Ran:
        """Take a value through all functions, keeping what each made of it."""
        current, emptied = normal(value), None
        values: list[Value] = []
        for step in self.steps:
            before = current
            try:
                current = normal(_function(step.name)(before, *step.arguments, context=context))
            except Exception as error:  # anybody's code; its text may repeat the value
                return Ran((*values, None), f"{step.name} ({type(error).__name__})")
            values.append(current)
            if not is_empty(current):
                emptied = None
            elif not is_empty(before):
                emptied = step.name
        return Ran(tuple(values) or (current,), None, emptied)

    def __call__(self, value: object, context: Context | None = None) -> Value:
        """The result alone; ``None`` where a function failed."""
        return self.run(value, context or Context()).values[-1]


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Pipeline:
    return Pipeline(parse_transform(text) if text.strip() else ())


def _function(name: str) -> Callable[..., Any]:
    return BUILT_IN[name] if name in BUILT_IN else load_extension(name)
