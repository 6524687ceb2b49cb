"""The labelled cases of cases.toml, and how they are judged."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from tracker.privacy.redact import REDACTED, redact_text, redact_value

_TABLE = tomllib.loads((Path(__file__).parent / "cases.toml").read_text(encoding="utf-8"))


class Case(NamedTuple):
    """A text, perhaps under a field's name, and what is to be stored of it."""

    kind: str
    text: str
    wanted: str
    name: str | None = None

    @property
    def is_secret(self) -> bool:
        return self.wanted != self.text

    def stored(self) -> str:
        """What redaction makes of it, with R for the replacement as in the table."""
        stored = redact_text(self.text) if self.name is None else redact_value({self.name: self.text})[self.name]
        return stored.replace(REDACTED, "R") if self.is_secret else stored


def _kept(kind: str, entry: str | list[str]) -> Case:
    text, *name = [entry] if isinstance(entry, str) else entry
    return Case(kind, text, text, *name)


SECRETS = [Case(kind, *entry) for kind, entries in _TABLE["redact"].items() for entry in entries]
HARMLESS = [_kept(kind, entry) for kind, entries in _TABLE["keep"].items() for entry in entries]
ACCEPTED = [_kept("accepted", entry) for entry in _TABLE["accepted"]["cases"]]


class Figures(NamedTuple):
    """What the table measures."""

    secrets: int
    found: int
    harmless: int
    replaced: int

    @property
    def recall(self) -> float:
        return self.found / self.secrets

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.replaced)


def measured() -> Figures:
    """Recall and precision over the whole table, the accepted failures included."""
    harmless = HARMLESS + ACCEPTED
    return Figures(
        secrets=len(SECRETS),
        found=sum(case.stored() == case.wanted for case in SECRETS),
        harmless=len(harmless),
        replaced=sum(case.stored() != case.wanted for case in harmless),
    )
