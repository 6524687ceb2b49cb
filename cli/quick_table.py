"""A table that is drawn at once where every cell fits on one line; Rich's own way costs a millisecond a row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

_GAP = "  "


class QuickTable(Table):
    """Without lines, two spaces between columns, all cells ``Text``; wraps as Rich does where it is too wide."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = [cast(list[Text], list(column.cells)) for column in self.columns]
        titles = [str(column.header) for column in self.columns]
        widths = [
            max([cell_len(title), *(cell.cell_len for cell in cells)])
            for title, cells in zip(titles, columns, strict=True)
        ]
        total = sum(widths) + len(_GAP) * (len(widths) - 1)
        if total > options.max_width or any("\n" in cell.plain for cells in columns for cell in cells):
            yield from super().__rich_console__(console, options)
            return
        bold = console.get_style(self.header_style or "none")
        yield from _line(zip(titles, widths, strict=True), bold)
        for row in zip(*columns, strict=True):
            for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
                yield from _segments(cell, console)
                yield Segment(" " * (width - cell.cell_len) + (_GAP if number + 1 < len(widths) else ""))
            yield Segment.line()


def _line(cells: Iterable[tuple[str, int]], style: Style) -> Iterable[Segment]:
    for text, width in cells:
        yield Segment(text, style)
        yield Segment(" " * (width - cell_len(text)) + _GAP)
    yield Segment.line()


def _segments(cell: Text, console: Console) -> Iterable[Segment]:
    if cell.spans:
        yield from (segment for segment in cell.render(console, end="") if segment.text)
    else:
        yield Segment(cell.plain, console.get_style(cell.style) if cell.style else None)
