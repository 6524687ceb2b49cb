"""Every defence has a test that fails without it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.fixtures.depth import DEEP

ROOT = Path(__file__).parents[2]
DEFENCES: list[dict[str, str]] = tomllib.loads((Path(__file__).parent / "defences.toml").read_text("utf-8"))["defence"]
# What no test of the table needs, and what is large.
_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".tracker", "node_modules", "*.pyc", "__pycache__", ".*_cache", ".hypothesis", "bench"
)

every_defence = pytest.mark.parametrize("defence", DEFENCES, ids=lambda each: each["against"][:60])


@every_defence
def test_each_defence_is_there_once_and_has_its_test(defence: dict[str, str]) -> None:
    assert (ROOT / defence["file"]).read_text("utf-8").count(defence["find"]) == 1
    path, _, name = defence["test"].partition("::")
    text = (ROOT / path).read_text("utf-8")
    assert not name or f"def {name}(" in text


def test_the_documentation_names_each_of_them() -> None:
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    assert [one["against"] for one in DEFENCES if one["against"] not in page] == []


if DEEP:  # each takes seconds: make test-deep ARGS=tests/security

    @every_defence
    def test_a_test_fails_without_it(defence: dict[str, str], tmp_path: Path) -> None:
        copy = tmp_path / "project"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        changed = copy / defence["file"]
        changed.write_text(changed.read_text("utf-8").replace(defence["find"], defence["replace"]), "utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "--timeout", "240", "-p", "no:cacheprovider"]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TRACKER_TEST_DEEP"))
        }
        done = subprocess.run(
            [*command, defence["test"]],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        # 1: tests ran and one of them failed. Anything else, such as 2 or 4, says nothing about the defence.
        assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-1000:]
        assert " failed" in done.stdout
