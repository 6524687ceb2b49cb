"""What the pages and deployment files say, as programs see it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.main import NOUNS, load
from tracker.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

# Variables that are no settings: read before there are any, or by the command line itself.
_OTHER_VARIABLES = {"TRACKER_DATA_DIR", "TRACKER_TEST_REQUIRE"}
VARIABLES = {f"TRACKER_{name.upper()}" for name in Settings.model_fields} | _OTHER_VARIABLES

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<body>.*?)^(?P=indent)```$", re.M | re.S)
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def fences(text: str) -> list[tuple[str, str]]:
    """Fenced blocks: language and text."""
    return [(found["language"], found["body"]) for found in _FENCE.finditer(text)]


def prose(text: str) -> str:
    """The text without its fenced blocks."""
    return _FENCE.sub("", text)


def inline_code(text: str) -> list[str]:
    """Code between single backticks; a line break inside is a space."""
    return [" ".join(found.split()) for found in _INLINE.findall(prose(text))]


def named_variables(text: str) -> set[str]:
    """Every TRACKER_… that a text names, but not a bare prefix."""
    return {name for name in re.findall(r"TRACKER_[A-Z0-9_]*", text) if name != "TRACKER_"}


def command_lines(text: str) -> Iterator[list[str]]:
    """Every ``trackerctl …`` that a page shows, as arguments."""
    for language, body in fences(text):
        if language in ("", "sh"):
            for line in body.replace("\\\n", " ").splitlines():
                yield from _commands(line.partition(" # ")[0])
    for code in inline_code(text):
        if re.match(r"(\S*/)?trackerctl ", code):
            yield from _commands(code)


def _commands(line: str) -> Iterator[list[str]]:
    if not re.search(r"(^|[\s/])trackerctl\s", line):
        return
    try:
        words = shlex.split(line)
    except ValueError:
        return  # a drawing
    place = next((at for at, word in enumerate(words) if re.fullmatch(r"(\S*/)?trackerctl", word)), None)
    if place is None or (place and words[0] not in ("sudo", "docker")):
        return  # an argument of something else
    # "trackerctl client, key" in a drawing is no command, nor is "trackerctl …".
    if place + 1 < len(words) and re.fullmatch(r"-{0,2}[a-z-]+", words[place + 1]):
        yield words[place + 1 :]


def check_command(arguments: list[str]) -> str | None:
    """What is wrong with a command line: no such noun, verb or option. Values are not looked at."""
    words = [word for word in arguments if word not in ("--json", "--quiet", "-q", "--no-color", "--help", "--version")]
    if not words:
        return None
    if words[0] not in NOUNS:
        return f"there is no {words[0]}"
    command: Any = load(words[0])
    rest = words[1:]
    if verbs := getattr(command, "commands", None):
        if not rest or rest[0].startswith("-"):
            return None  # the noun is spoken of
        if rest[0] not in verbs:
            return f"{words[0]} has no {rest[0]}"
        command, rest = verbs[rest[0]], rest[1:]
    return _check_options(command, rest)


def _check_options(command: Any, rest: list[str]) -> str | None:
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in rest:
        name = word.partition("=")[0]
        if re.match(r"--?[a-z]", word) and name not in known:
            return f"there is no option {name}"
    return None
