"""Help pages. Typer's own renderer loads Markdown and a syntax highlighter, which costs more time than all the rest of
``trackerctl --help``; this one lays out the same facts with the standard library, and ``docs/cli.md`` uses them too.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import typer

from cli.context import current

MAX_WIDTH = 100
_NAME_WIDTH = 30

Rows = list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """The facts of one help page; sections in the order in which they are shown."""

    usage: str
    text: str
    sections: dict[str, Rows]


def page(command: Any, ctx: Any) -> Page:
    """The facts about a command or group (Typer's own objects, whose types it does not export)."""
    sections: dict[str, Rows] = {}
    for name, row in _commands(command, ctx):
        sections.setdefault(name, []).append(row)
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            is_argument = parameter.param_type_name == "argument"
            title = getattr(parameter, "rich_help_panel", None) or ("Arguments" if is_argument else "Options")
            name = parameter.display_name_raw if is_argument else record[0]
            sections.setdefault(title, []).append((name, record[1]))
    # Typer writes {NAME} for what the shell's users know as NAME.
    pieces = [piece.strip("{}") for piece in command.collect_usage_pieces(ctx)]
    usage = " ".join([ctx.command_path, *pieces])
    order = sorted(sections, key=lambda title: (title == EVERYWHERE, title == "Options"))
    return Page(usage, command.help or "", {title: sections[title] for title in order})


EVERYWHERE = "Options of every command"


def _commands(command: Any, ctx: Any) -> Iterable[tuple[str, tuple[str, str]]]:
    if hasattr(command, "short_helps"):
        yield from command.short_helps()
    elif hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield "Commands", (name, first_sentence(child.help or ""))


def first_sentence(text: str) -> str:
    """What a list of commands says about one."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    end = paragraph.find(". ")
    return paragraph[:end] if end > 0 else paragraph.rstrip(".")


def render(content: Page) -> str:
    """The page as text for this terminal."""
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    parts = [f"{_bold('Usage:')} {content.usage}", _paragraphs(content.text, width)]
    for title, rows in content.sections.items():
        names = min(max(len(name) for name, _ in rows), _NAME_WIDTH)
        lines = [_row(name, text, names, width) for name, text in rows]
        parts.append("\n".join([_bold(title), *lines]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _paragraphs(text: str, width: int) -> str:
    blocks = text.strip().split("\n\n")
    return "\n\n".join(
        # What is indented is an example and keeps its lines.
        block if block.startswith("  ") else textwrap.fill(" ".join(block.split()), width, break_on_hyphens=False)
        for block in blocks
    )


def _row(name: str, text: str, names: int, width: int) -> str:
    indent = " " * (names + 4)
    room = max(width - len(indent), 24)
    lines = textwrap.wrap(" ".join(text.split()), room, break_on_hyphens=False) or [""]
    shown = _name(name) + " " * (names - len(name))
    if len(name) > names:
        return "\n".join([f"  {_name(name)}", *(indent + line for line in lines)])
    return "\n".join([f"  {shown}  {lines[0]}".rstrip(), *(indent + line for line in lines[1:])])


def _colored() -> bool:
    return sys.stdout.isatty() and current().color


def _bold(text: str) -> str:
    return typer.style(text, bold=True) if _colored() else text


def _name(text: str) -> str:
    return typer.style(text, fg="cyan") if _colored() else text
