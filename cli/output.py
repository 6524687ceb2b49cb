"""The one way to print: tables and sentences for people, JSON and CSV for programs (decisions §1, issue 2 part 9).

Leads hold what strangers typed. Nothing of it may steer the terminal, so every text passes :func:`clean`, and nothing
is read as Rich markup.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TextIO

from cli.context import current

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

    Human = Callable[[], RenderableType | Iterable[RenderableType]]

PIPE_WIDTH = 200
"""Columns of a table that goes into a pipe, where no line needs to fit a screen."""

# C0 and C1 controls move the cursor or set the title; bidirectional marks make a text look like another one.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CREDENTIALS = re.compile(r"(\b[a-zA-Z][\w+.-]*://)[^\s'\"]*@")
_SECRET_PARAMETERS = re.compile(r"(?i)([?&](?:password|passwd|secret|token)=)[^&\s'\"]+")
_API_KEYS = re.compile(r"\b([ps]k_(?:live|test)_)\w+")


def emit(data: object, human: Human, brief: str | Iterable[str] = ()) -> None:
    """Print the result of a command once.

    :param data: what programs get: one document with ``--json``; with ``--output jsonl`` or ``csv`` a line for each
        item of a list, or one for what is no list.
    :param human: makes what people get.
    :param brief: what ``--quiet`` leaves: ids, a line each.
    """
    context = current()
    if context.shape == "json":
        _write(encode(data, indent=2 if sys.stdout.isatty() else None) + "\n")
    elif context.shape in ("jsonl", "csv"):
        _write(_lines(data, context.shape))
    elif context.quiet:
        lines = [brief] if isinstance(brief, str) else list(brief)
        _write("".join(f"{clean(line)}\n" for line in lines))
    else:
        _write(_rendered(human()))


def emit_item(data: object, human: Human) -> None:
    """Print one item of a stream at once: a line of JSON, or what people get.

    :raises BrokenPipeError: when nobody reads any more, so that the stream ends.
    :raises UsageError: with ``--output csv``: later items may have other columns.
    """
    if current().shape == "csv":
        from cli.errors import UsageError

        raise UsageError("--output csv: what comes bit by bit has no columns; use --output jsonl")
    text = encode(data) + "\n" if current().json else _rendered(human())
    sys.stdout.write(text)
    sys.stdout.flush()


def emit_raw(data: object, text: str) -> None:
    """Print a text that is pasted somewhere as it stands: no wrapping, no colour."""
    shape = current().shape
    if shape == "csv":
        _write(_lines(data, shape))
    else:
        _write(text.rstrip("\n") + "\n" if shape == "table" else encode(data) + "\n")


def copy(text: str) -> bool:
    """Put ``text`` on the clipboard of whoever sits at the terminal, also behind ssh (OSC 52, xterm control sequences).

    :return: whether there is a terminal to ask; whether it obeys, it does not tell.
    """
    if not sys.stdout.isatty():
        return False
    _write(f"\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07")
    return True


def hint(text: str) -> None:
    """Tell people, on stderr, what they may want to do next; silent with ``--quiet`` and where programs read."""
    if current().shape == "table" and not current().quiet:
        _complain(clean(text, keep="\n"))


def warn(text: str) -> None:
    """Say on stderr what went less than well, also with ``--quiet``."""
    _complain(encode({"warning": {"detail": text}}) if current().json else f"warning: {clean(redact(text))}")


def refuse(slug: str, detail: str, status: int, *, usage: str = "", as_json: bool = False) -> None:
    """Say on stderr why the command failed: one line, or one JSON object.

    :param usage: for people, a second line that says where the help is.
    """
    detail = redact(detail)
    if as_json or current().json:
        _complain(encode({"error": {"slug": slug, "detail": detail, "status": status}}))
    else:
        _complain(f"error: {clean(detail)}" + (f"\n{usage}" if usage else ""))


def plain(text: str) -> None:
    """Print a text that was laid out already, such as a help page or a traceback, to stderr."""
    _complain(text.rstrip("\n"))


def silence(stream: TextIO) -> None:
    """Send the rest of ``stream`` nowhere: its reader has gone, which is no error of ours."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


def encode(data: object, indent: int | None = None) -> str:
    """JSON in UTF-8 that is safe to show in a terminal."""
    text = json.dumps(data, ensure_ascii=False, indent=indent, default=_plain_value)
    # Outside of strings JSON has no control characters but the line feeds of the indentation.
    return _CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def clean(text: str, keep: str = "") -> str:
    """``text`` with every character that could steer a terminal made visible."""
    return _CONTROLS.sub(lambda found: found[0] if found[0] in keep else _visible(found[0]), text)


def redact(text: str) -> str:
    """``text`` without passwords of URLs and without API keys."""
    text = _CREDENTIALS.sub(r"\1***@", text)
    return _API_KEYS.sub(r"\1***", _SECRET_PARAMETERS.sub(r"\1***", text))


def cell(value: object) -> Text:
    """A value as people read it in a table."""
    from rich.text import Text

    if value is None or value in ("", [], {}):
        return Text("-", style="dim")
    if isinstance(value, Text):
        return value
    return Text(clean(_words(value)))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], ids: Sequence[str] = ()) -> Table:
    """A table without lines, fit for 80 columns.

    :param ids: columns that are copied into the next command: never cut nor broken.
    """
    from cli.quick_table import QuickTable

    result = QuickTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        result.add_column(column, no_wrap=column in ids, overflow="ignore" if column in ids else "fold")
    for row in rows:
        cells = [cell(value) for value in row]
        for column, text in zip(columns, cells, strict=True):
            if column in ids:
                # Rich shrinks columns that may not wrap too, once the others cannot give any more.
                wide = result.columns[columns.index(column)]
                wide.min_width = max(wide.min_width or 0, text.cell_len)
        result.add_row(*cells)
    return result


def facts(pairs: Iterable[tuple[str, object]]) -> Table:
    """Names and values of one thing, a line each."""
    from rich.table import Table

    result = Table.grid(padding=(0, 2, 0, 0))
    result.add_column(style="dim", no_wrap=True)
    result.add_column(overflow="fold")
    for name, value in pairs:
        result.add_row(clean(name), cell(value))
    return result


def _lines(data: object, shape: str) -> str:
    items = list(data) if isinstance(data, (list, tuple)) else [data]
    if shape == "jsonl":
        return "".join(encode(item) + "\n" for item in items)
    from cli.csv_text import csv_table

    return csv_table([item if isinstance(item, dict) else {"value": item} for item in items])


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (datetime, date)):
        return _plain_value(value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=_plain_value)
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(item) for item in value)
    return str(value)


def _plain_value(value: Any) -> str:
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def console() -> Console:
    """Where people's output is laid out: as wide as the terminal, in colour only there."""
    from rich.console import Console

    interactive = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=None if interactive or "COLUMNS" in os.environ else PIPE_WIDTH,
        color_system="auto" if current().color else None,
        force_terminal=None if interactive else False,
        markup=False,
        highlight=False,
        emoji=False,
    )


def _rendered(parts: object) -> str:
    from rich.text import Text

    target = console()
    items = [parts] if isinstance(parts, str) or not isinstance(parts, Iterable) else list(parts)
    with target.capture() as capture:
        for item in items:
            # A sentence may hold a command to copy: no line breaks of ours in it.
            if isinstance(item, str):
                target.print(Text(clean(item, keep="\n")), soft_wrap=True)
            else:
                target.print(item)
    return "".join(f"{line.rstrip(' ')}\n" for line in capture.get().splitlines())


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # What the command did is done and its exit code stands; only the reader has gone.
        silence(sys.stdout)


def _complain(text: str) -> None:
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except BrokenPipeError:
        silence(sys.stderr)
