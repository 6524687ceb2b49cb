"""The quick table is Rich's own, drawn faster."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.quick_table import QuickTable

words = st.text(st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Mn", "Me", "Lm", "Sk")), max_size=12)
cells = st.tuples(words, st.sampled_from(["", "dim", "bold red"])).map(lambda pair: Text(pair[0], style=pair[1]))


def drawn(kind: type[Table], rows: list[list[Text]], width: int, *, colour: bool) -> list[str]:
    table = kind(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("ID", "NAME", "A LONGER TITLE"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(cell.copy() for cell in row))
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    console.print(table)
    return [line.rstrip() for line in file.getvalue().splitlines()]


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5), st.sampled_from([20, 40, 100, 200]))
def test_prints_what_rich_prints(rows: list[list[Text]], width: int) -> None:
    assert drawn(QuickTable, rows, width, colour=False) == drawn(Table, rows, width, colour=False)


def test_colours_are_kept() -> None:
    row = [Text("a", style="bold red"), Text.assemble("b", ("c", "dim")), Text("d")]
    [header, line] = drawn(QuickTable, [row], 100, colour=True)
    assert "\x1b[1m" in header
    assert "\x1b[1;31ma\x1b[0m" in line
    assert "\x1b[2mc\x1b[0m" in line
