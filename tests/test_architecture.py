"""Limits of the house that tests/docs/test_imports.py does not hold: no way out of the package, no endless file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICE = sorted((ROOT / "tracker").rglob("*.py"))
MOST_LINES = 400
# May shrink and not grow.
LONGER = {"tracker/stores/embedded.py": 730}


@pytest.mark.parametrize("path", SERVICE, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_service_imports_neither_command_line_nor_tests_and_nothing_relative(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        assert not {name.split(".")[0] for name in names} & {"cli", "tests", "bench"}


@pytest.mark.parametrize(
    "path", [*SERVICE, *sorted((ROOT / "cli").rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_file_is_longer_than_a_reader_has_patience(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= LONGER.get(str(path.relative_to(ROOT)), MOST_LINES)
