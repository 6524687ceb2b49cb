"""The terminal output in docs/tour.md is what the commands print.

``TRACKER_TEST_RECORD=1 pytest tests/docs/test_tour.py`` records it anew.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, _environment, _migrated, process_environment, run, site
from tests.cli.test_onboarding import mongo
from tests.docs.test_cookbook import a_command, some_leads
from tests.docs.text import ROOT
from tests.docs.tour import masked, record, recordings

__all__ = ["_environment", "_migrated", "mongo", "run", "site"]

PAGE = ROOT / "docs/tour.md"


def test_each_command_prints_what_is_recorded(mongo: Any, tmp_path: Path, run: Run) -> None:
    folder = a_command(tmp_path)
    environment = process_environment({"COLUMNS": "110"})
    environment["PATH"] = f"{folder}:{environment['PATH']}"

    def once(command: str) -> str:
        ran = subprocess.run(
            ["bash", "-c", f"{command} 2>&1"], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if command.startswith("trackerctl client create"):
            some_leads(mongo, run)
        return ran.stdout

    if os.environ.get("TRACKER_TEST_RECORD"):
        record(PAGE, once)
        return
    found = recordings(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 10
    for command, output in found:
        assert masked(once(command)) == masked(output), command


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ID 0b3f9a12 made", "ID   77aa00ff made", True),
        ("at 2026-01-02T03:04:05.678Z", "at 2025-12-31T00:00:00Z", True),
        ("2 forms", "3 forms", False),
        ("a deadbeef cafe", "a feedface cafe", False),
    ],
)
def test_only_what_varies_is_masked(one: str, other: str, same: bool) -> None:
    assert (masked(one) == masked(other)) is same
