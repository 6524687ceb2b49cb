"""What can be wrong with what became of a shape's values, told by kind and place so that gaps can be named."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Trouble(StrEnum):
    """The kinds of problem."""

    NO_SUBMISSION = "no submission"
    MISSING = "missing"  # a lead that did not arrive
    UNREAD = "unread"  # a lead that arrived without its role
    MISREAD = "misread"  # a value in a role that is not its own
    UNASKED = "unasked"  # no lead, and left the page by default
    LOST = "lost"  # no lead, and did not arrive though everything is captured
    LEAK = "leak"  # a secret that left the page
    STORED = "stored"  # a secret that was stored on the device
    ERROR = "error"  # thrown in the page


class Problem(NamedTuple):
    """One thing that is not as it should be.

    :param at: the step whose value it is about, as the shape writes it; empty for none.
    :param text: a sentence.
    """

    trouble: Trouble
    at: str
    text: str


@dataclass
class Outcome:
    """What became of a shape's values.

    :param leads: values that are to arrive, of which ``recalled`` arrived in their role.
    :param secrets: values that must not leave, of which ``leaks`` left.
    """

    problems: list[Problem] = field(default_factory=list)
    leads: int = 0
    recalled: int = 0
    secrets: int = 0
    leaks: list[str] = field(default_factory=list)
