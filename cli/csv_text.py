"""Rows as CSV (RFC 4180, with line feeds), safe to open in a spreadsheet.

What strangers typed is in there. A cell that a spreadsheet would run as a formula gets an apostrophe in front, which
shows it as text (OWASP, CSV injection); only texts do, so a negative number stays a number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from cli.output import clean, encode

# Also in their full width, which spreadsheets in East Asian locales take for the same.
_FORMULA = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_LINES = re.compile(r"\r\n?")


def columns_of(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Names of all columns that any row has, in the order in which they first appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_line(values: Iterable[object]) -> str:
    """One row with its line feed; see :func:`csv_cell`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([csv_cell(value) for value in values])
    return text.getvalue()


def csv_table(rows: Sequence[Mapping[str, object]]) -> str:
    """A line with the names of the columns, and a line for each row; nothing at all of no rows."""
    names = columns_of(rows)
    if not names:
        return ""
    return csv_line(names) + "".join(csv_line(row.get(name) for name in names) for row in rows)


def csv_cell(value: object) -> str:
    """One value: nothing for ``None``, ``true`` and ``false``, JSON for what is nested; texts are made harmless."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    text = value if isinstance(value, str) else _nested(value)
    guard = "'" if _FORMULA.match(text) else ""
    return guard + clean(_LINES.sub("\n", text), keep="\n")


def _nested(value: object) -> str:
    # A time stands in quotes in JSON, and needs none in a cell.
    return encode(value) if isinstance(value, (dict, list, tuple)) else encode(value).strip('"')
