"""Documents that are generated: the command reference from the help texts, and the settings.

``python -m cli.docs`` in a checkout writes them; a test fails while they differ from what it would write.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cli import help as pages
from cli.main import NOUNS, app, load
from cli.settings_doc import example, reference


def cli_reference() -> str:
    """``docs/cli.md``: every command with all of its options."""
    from typer.main import get_command

    root = get_command(app)
    context = root.make_context("trackerctl", ["status"], resilient_parsing=True)
    content = pages.page(root, context)
    lines = ["# Command reference", "", "Generated from the help texts by `python -m cli.docs`.", ""]
    lines += [content.text, "", *_options(content.sections.get("Options", []))]
    lines += ["", *_EXIT_CODES, ""]
    panel = ""
    for name, (title, _, text) in NOUNS.items():
        if title != panel:
            lines += [f"## {title}", ""]
            panel = title
        lines += _noun(name, text, context)
    return "\n".join(lines).rstrip("\n") + "\n"


_EXIT_CODES = [
    "Exit codes: 0 done, 1 refused or failed (not found, conflict, a store away, a check that found something), 2 used",
    "wrongly, 130 stopped by Ctrl-C. With `--json` an error is one JSON object on stderr:",
    '`{"error": {"slug", "detail", "status"}}`.',
]


def _noun(name: str, text: str, parent: Any) -> list[str]:
    command = load(name)
    if not hasattr(command, "commands"):
        return [*_command(f"### trackerctl {name}", command, name, parent)]
    context = type(parent)(command, info_name=name, parent=parent)
    lines = [f"### trackerctl {name}", "", command.help or text, ""]
    for verb, child in command.commands.items():
        lines += _command(f"#### trackerctl {name} {verb}", child, verb, context)
    return lines


def _command(heading: str, command: Any, name: str, parent: Any) -> list[str]:
    content = pages.page(command, type(parent)(command, info_name=name, parent=parent))
    lines = [heading, "", content.text, "", "```", content.usage, "```", ""]
    for title, rows in content.sections.items():
        if title != pages.EVERYWHERE:
            kept = [row for row in rows if "--help" not in row[0]]
            lines += [*_options(kept), ""] if kept else []
    return lines


def _options(rows: pages.Rows) -> list[str]:
    lines = ["| | |", "| --- | --- |"]
    return lines + [f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def documents() -> dict[str, str]:
    """Path in the checkout to content."""
    return {".env.example": example(), "docs/settings.md": reference(), "docs/cli.md": cli_reference()}


def main(folder: Path = Path()) -> None:
    """Write all of them."""
    for path, content in documents().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
