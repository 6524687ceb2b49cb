"""How a form shape is written down: its markup, what a visitor does with it, and what may become of each value.

A shape is data. Its values are canaries: each is unlike any other value of the matrix, and made from the shape's name,
so that a run can be repeated. Where a value needs a format (a card number, a date), the shape gives it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

Action = Literal["fill", "press", "choose", "tick", "attach", "key"]

SUBMIT = "button[type=submit], input[type=submit], button:not([type])"


class Kind(StrEnum):
    """What may become of a value. Nothing but a lead leaves the page by default."""

    LEAD = "lead"  # arrives in its role, always
    OTHER = "other"  # arrives without a role, with `captureUnrecognised` alone
    WITHHELD = "withheld"  # no lead; whether `captureUnrecognised` sends it is the redaction's affair
    SECRET = "secret"  # never leaves
    REPEAT = "repeat"  # says again what a lead of the same role says
    NONE = "none"  # no canary


@dataclass(frozen=True)
class Step:
    """One thing that the visitor does.

    :param at: a CSS selector, or plainly the name of an input; ``frame >>> element`` leads into an iframe. Selectors
        find their way into open shadow roots.
    """

    do: Action
    at: str
    value: str = ""
    kind: Kind = Kind.NONE
    role: str = ""


@dataclass(frozen=True)
class Shape:
    """A form as sites have it.

    :param html: the page's body.
    :param steps: what the visitor does, the submission included.
    :param traps: values that the page itself put into inputs which no visitor fills; they never leave.
    :param submits: all leads arrive in one ``form_submission``; else each arrives in any event with values.
    :param navigates: the browser leaves the page by the submission; else the page handles it by script.
    :param frames: bodies of pages without the script, by path, for iframes.
    :param landing: bodies of pages with the script, by path, to which the form leads.
    """

    name: str
    html: str
    steps: tuple[Step, ...]
    traps: tuple[str, ...] = ()
    submits: bool = True
    navigates: bool = False
    frames: dict[str, str] = field(default_factory=dict)
    landing: dict[str, str] = field(default_factory=dict)

    def values(self, *kinds: Kind) -> list[Step]:
        return [step for step in self.steps if step.kind in kinds]

    def at(self, value: str) -> str:
        """Where the visitor types a value; empty for one that the page put there itself."""
        return next((step.at for step in self.steps if step.value.strip() == value.strip()), "")

    @property
    def never(self) -> list[str]:
        """What must not leave the page, whatever is captured."""
        return [*(step.value for step in self.values(Kind.SECRET)), *self.traps]


def shape(
    name: str,
    html: str,
    *steps: Step,
    submit: str | None = SUBMIT,
    traps: Iterable[str] = (),
    submits: bool = True,
    navigates: bool = False,
    frames: dict[str, str] | None = None,
    landing: dict[str, str] | None = None,
) -> Shape:
    """A shape whose steps have values, and end with a click on ``submit`` unless that is None."""
    filled: list[Step] = []
    for index, step in enumerate(steps):
        earlier = next((other.value for other in filled if other.kind is Kind.LEAD and other.role == step.role), "")
        value = step.value or (earlier if step.kind is Kind.REPEAT else _default(step, f"{name} {index}"))
        filled.append(replace(step, value=value))
    if submit is not None:
        filled.append(press(submit))
    return Shape(name, html, tuple(filled), tuple(traps), submits, navigates, frames or {}, landing or {})


def lead(role: str, at: str, value: str = "") -> Step:
    return Step("fill", at, value, Kind.LEAD, role)


def other(at: str, value: str = "") -> Step:
    return Step("fill", at, value, Kind.OTHER)


def withheld(at: str, value: str = "") -> Step:
    return Step("fill", at, value, Kind.WITHHELD)


def secret(at: str, value: str = "") -> Step:
    return Step("fill", at, value, Kind.SECRET)


def repeat(role: str, at: str) -> Step:
    return Step("fill", at, "", Kind.REPEAT, role)


def press(at: str) -> Step:
    return Step("press", at)


def key(at: str, name: str) -> Step:
    return Step("key", at, name)


def choose(at: str, label: str) -> Step:
    return Step("choose", at, label)


def tick(at: str) -> Step:
    return Step("tick", at)


def attach(at: str, file_name: str) -> Step:
    """A file whose content is a canary of its own, see ``drive.FILE_CONTENT``."""
    return Step("attach", at, file_name, Kind.WITHHELD)


def word(seed: str) -> str:
    """A name that nobody has, always the same for a seed: ``Tiravonek``. A million or so of them."""
    number = zlib.crc32(seed.encode())
    syllables = ""
    for _ in range(4):
        number, consonant = divmod(number, 14)
        number, vowel = divmod(number, 5)
        syllables += "bdfgklmnprstvz"[consonant] + "aeiou"[vowel]
    return syllables.capitalize() + "k"


def _phone(seed: str) -> str:
    digits = f"{zlib.crc32(seed.encode()) % 10_000_000:07}"
    form = len(seed) % 3
    return (f"+49 30 {digits}", f"(415) {digits[:3]}-{digits[3:]}", f"0171 {digits}")[form]


_DEFAULTS: dict[str, Callable[[str], str]] = {
    "email": lambda seed: f"{word(seed).lower()}.{word(seed + '!').lower()}@example.org",
    "phone": _phone,
    "first_name": word,
    "last_name": word,
    "full_name": lambda seed: f"{word(seed)} {word(seed + '!')}",
    "company": lambda seed: f"{word(seed)} & Partners",
    "message": lambda seed: f"Please tell us more about {word(seed)}, we would start in March.",
}


def _default(step: Step, seed: str) -> str:
    if step.kind is Kind.SECRET:
        return f"{word(seed)}-Rx!"
    if step.kind is Kind.LEAD:
        return _DEFAULTS[step.role](seed)
    return word(seed) if step.kind in (Kind.OTHER, Kind.WITHHELD) else ""
