"""Recorded terminal output in the docs: what it looks like, how it is run again, and what may differ between two runs.

A recording is a fenced block of the kind ``console``. A line that begins with ``$ `` is a command, what follows is its
output. All commands of a document run one after the other in the same installation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
_COMMAND = re.compile(r"(?m)^\$ (.+)$")

# Ids, keys, times and sizes are others in each run; the columns move with them.
_VARYING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[ps]k_(?:live|test)_\w+"), "<key>"),
    (re.compile(r"\b[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}\b"), "<token>"),
    (re.compile(r"\b20\d\d-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)?)?"), "<time>"),
    (re.compile(r"\b\d+[smhd] ago\b"), "<ago>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8}\b"), "<id>"),
    (re.compile(r"(?m)(?<= )[A-Za-z0-9]{4}(?= .*(?:active|expiring))"), "<hint>"),
    (re.compile(r"sha256-[\w+/]+="), "<hash>"),
    (re.compile(r"\bcli:[\w.-]+"), "<user>"),
    (re.compile(r"[ \t]+"), " "),
)


def recordings(text: str) -> list[tuple[str, str]]:
    """Every command of a document with its recorded output, in their order."""
    found: list[tuple[str, str]] = []
    for block in _BLOCK.findall(text):
        parts = _COMMAND.split(block)
        found += [(command, output.strip("\n")) for command, output in zip(parts[1::2], parts[2::2], strict=True)]
    return found


def masked(output: str) -> list[str]:
    """What two runs have in common, a line each."""
    for pattern, instead in _VARYING:
        output = pattern.sub(instead, output)
    return [line.strip() for line in output.strip().splitlines() if line.strip()]


def record(path: Path, run: Callable[[str], str]) -> None:
    """Write the document anew with what the commands print now; a recording that differs in what varies only stays."""

    def block(found: re.Match[str]) -> str:
        parts = _COMMAND.split(found[1])
        lines = []
        for command, before in zip(parts[1::2], parts[2::2], strict=True):
            now = "\n".join(line.rstrip() for line in run(command).strip("\n").splitlines())
            kept = before.strip("\n") if masked(before) == masked(now) else now
            lines.append(f"$ {command}\n{kept}\n" if kept else f"$ {command}\n")
        return "```console\n" + "\n".join(lines) + "```"

    path.write_text(_BLOCK.sub(block, path.read_text(encoding="utf-8")), encoding="utf-8")
