"""The arrows of docs/architecture.md hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.text import ROOT, fences, prose

ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
SECTION = re.split(r"(?m)^## ", ARCHITECTURE.partition("## Who may import whom")[2])[0]
LAYERS = [re.findall(r"[a-z_]+", line) for line in fences(SECTION)[0][1].splitlines()]
LEVEL = {name: number for number, names in enumerate(LAYERS) for name in names}
PURE = re.findall(r"`([a-z_]+)`", prose(SECTION).partition("do no I/O:")[2].partition(". `tests")[0])
PACKAGES = {path.parent.name for path in ROOT.glob("tracker/*/__init__.py")}
UNITS = ({path.stem for path in ROOT.glob("tracker/*.py")} | PACKAGES) - {"__init__"}
SOURCES = sorted([*ROOT.glob("tracker/**/*.py"), *ROOT.glob("cli/**/*.py")])

_DOES_IO = {
    "arq", "asyncio", "beanie", "httpx", "pathlib", "pymongo", "redis", "socket", "sqlalchemy", "sqlmodel",
    "tracker.stores", "urllib.request",
}  # fmt: skip


def imported(source: Path) -> set[str]:
    """Full names of what a module imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def unit(name: str) -> str | None:
    """The part of the house that a name is in; ``None`` for other packages and for ``tracker`` itself."""
    parts = name.split(".")
    if parts[0] == "cli":
        return "cli"
    return parts[1] if parts[0] == "tracker" and len(parts) > 1 and parts[1] in UNITS else None


def test_every_part_has_its_line() -> None:
    assert UNITS | {"cli"} == LEVEL.keys()


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: str(source.relative_to(ROOT)))
def test_nothing_is_imported_from_a_line_above(source: Path) -> None:
    own = unit(".".join(source.relative_to(ROOT).with_suffix("").parts))
    if own is None:
        return
    above = {name for name in imported(source) if (other := unit(name)) and LEVEL[other] < LEVEL[own]}
    assert above == set()


def test_what_decides_does_no_io() -> None:
    pure = ("pipeline", "leads", "privacy", "ingest", "crm", "webhooks", "expressions")
    sources = {path.stem: path for path in SOURCES if path.parent.name in pure}
    assert len(PURE) > 10
    for name in PURE:
        found = {one for one in imported(sources[name]) for io in _DOES_IO if one == io or one.startswith(f"{io}.")}
        assert found == set(), name
