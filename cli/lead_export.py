"""``trackerctl lead export``: leads as they are read, so that any number of them takes the same memory."""

from __future__ import annotations

import difflib
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from cli.context import current
from cli.csv_text import csv_line
from cli.errors import UsageError
from cli.options import counted
from cli.output import encode, hint
from cli.progress import progress

_LINES = 200
"""Lines that are written at once."""


async def export_leads(query: dict[str, Any], fields: str | None) -> None:
    """Write all leads of a query to stdout.

    :param fields: names of attributes between commas; ``None`` = all.
    :raises UsageError: when no such attribute exists, or a table was asked for.
    :raises BrokenPipeError: when nobody reads any more.
    """
    from tracker.leads.export import count_leads, each_lead

    context = current()
    if context.output == "table":
        raise UsageError("lead export writes csv, jsonl or json; `lead list` prints a table")
    paths = _paths(fields)
    async with context.documents():
        total = await count_leads(query) if sys.stderr.isatty() else 0
        with progress("exporting", total, is_export=True) as advance:
            number = await _write(each_lead(query), _Writer(context.output or context.shape, paths), advance)
    hint(f"Exported {counted(number, 'lead')}.")


class _Writer:
    """How leads become text, in the shape that was asked for."""

    def __init__(self, shape: str, paths: list[str] | None) -> None:
        from tracker.leads.export import COLUMNS

        self._shape = "csv" if shape == "table" else shape
        self._paths = paths
        self._columns = paths or list(COLUMNS)
        self._is_first = True

    def head(self) -> str:
        return {"csv": csv_line(self._columns), "json": "["}.get(self._shape, "")

    def line(self, lead: dict[str, Any]) -> str:
        from tracker.leads.export import pick

        if self._shape == "csv":
            return csv_line(pick(lead, path) for path in self._columns)
        item = encode({path: pick(lead, path) for path in self._paths} if self._paths else lead)
        if self._shape == "jsonl":
            return item + "\n"
        start = "\n" if self._is_first else ",\n"
        self._is_first = False
        return start + item

    def tail(self) -> str:
        return "\n]\n" if self._shape == "json" else ""


async def _write(leads: AsyncIterator[dict[str, Any]], writer: _Writer, advance: Callable[[int], None]) -> int:
    number = 0
    lines = [writer.head()]
    async for lead in leads:
        lines.append(writer.line(lead))
        number += 1
        if len(lines) >= _LINES:
            _flush(lines)
            advance(_LINES)
            lines = []
    _flush([*lines, writer.tail()])
    return number


def _flush(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(lines))
    sys.stdout.flush()


def _paths(fields: str | None) -> list[str] | None:
    if fields is None:
        return None
    from tracker.leads.documents import Lead

    known = set(Lead.model_fields) - {"id", "revision_id"}
    paths = [name.strip() for name in fields.split(",") if name.strip()]
    for path in paths:
        name = path.partition(".")[0]
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or ["leadId, email, fields.NAME"]
            raise UsageError(f"--fields {path}: leads have no {name}; did you mean {near[0]}?")
    if not paths:
        raise UsageError("--fields: name at least one attribute, such as email,firstName,fields.budget")
    return list(dict.fromkeys(paths))
