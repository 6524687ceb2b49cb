"""The import arrows of docs/architecture.md: data flows one way, and so do imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "tracker").rglob("*.py"))
# The lower a layer, the fewer may it import: its own and those below.
LAYERS = [
    {"settings", "errors", "memo", "field_names", "views", "gather", "assets", "embed", "telemetry"},
    {"config", "stores", "queue", "deadletters", "migrate"},
    {"pipeline", "ingest", "leads", "crm", "webhooks", "privacy", "documents", "health"},
    {"web", "worker", "jobs", "leases", "outage", "suspects", "app", "dev"},
]
LAYER_OF = {name: level for level, names in enumerate(LAYERS) for name in names}
PURE = (
    "pipeline/steps pipeline/normalise pipeline/touch pipeline/sessions pipeline/outcome leads/merge leads/roles privacy/redact"
).split()
# May shrink and not grow.
LONGER = {"embedded.py": 730}
IO = {"redis", "pymongo", "sqlalchemy", "sqlmodel", "httpx", "arq", "beanie", "socket", "asyncio"}


def imports(path: Path) -> set[str]:
    """Every module that a file imports when it runs, also inside functions, but not for type checking alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def part(path: Path) -> str:
    return path.relative_to(ROOT / "tracker").with_suffix("").parts[0]


def test_every_part_has_a_layer() -> None:
    assert {part(path) for path in FILES} - set(LAYER_OF) == {"__init__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    if part(path) == "__init__":
        return
    own = LAYER_OF[part(path)]
    parts = {name.split(".")[1] for name in imports(path) if name.startswith("tracker.")}
    upwards = {name for name in parts & set(LAYER_OF) if LAYER_OF[name] > own}
    assert upwards == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_service_never_imports_the_command_line_or_tests(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & {"cli", "tests", "bench"}


@pytest.mark.parametrize("name", PURE)
def test_what_decides_does_no_io(name: str) -> None:
    assert not {module.split(".")[0] for module in imports(ROOT / "tracker" / f"{name}.py")} & IO


@pytest.mark.parametrize("path", [*FILES, *sorted((ROOT / "cli").rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_a_reader_has_patience(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= LONGER.get(path.name, 400)
