"""The fault table is that of the runner, and whole."""

from __future__ import annotations

import re

import pytest

from tests.docs.text import ROOT
from tests.faults.catalogue import FAULTS
from tests.faults.table import BEGIN, END, HEADER, rewrite

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.partition(BEGIN)[2].partition(END)[0].splitlines()
    if line.startswith("| ") and not line.startswith((f"| {HEADER[0]} ", "| ---"))
]


def test_the_table_has_every_fault_and_no_other() -> None:
    patterns = [re.escape(fault.title).replace(re.escape("{away}"), r"[\d.]+") for fault in FAULTS]
    assert len(ROWS) == len(FAULTS)
    for row, pattern in zip(ROWS, patterns, strict=True):
        assert re.fullmatch(pattern, row[0]), row[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_cell_was_written_by_a_run(row: list[str]) -> None:
    assert len(row) == len(HEADER)
    sees = row[1].split("<br>")
    assert [part.partition(":")[0] for part in sees[:3]] == ["senders", "`/health/ready`", "`trackerctl status`"]
    assert row[-2:] == ["0", "0"], "lost or doubled: a defect, or a promise to take back"


def test_a_new_table_replaces_the_old_one_and_nothing_else() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert rewrite(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
