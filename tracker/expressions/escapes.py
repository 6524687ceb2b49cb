r"""Texts inside a transform: a backslash takes the meaning from the character behind it; ``\s``, ``\t`` and ``\n``
stand for a space, a tab and a line break."""

from __future__ import annotations

import re

from tracker.errors import InvalidError

_SPACES = {"s": " ", "t": "\t", "n": "\n"}
_WRITTEN = {value: f"\\{name}" for name, value in _SPACES.items()}
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_SPECIAL = re.compile(r"[\\|:;=,\s]")


def split_unescaped(text: str, separator: str, most: int = -1) -> list[str]:
    """``text`` at each separator that no backslash stands before; escapes stay as they are written.

    :param separator: one character.
    :param most: of cuts; -1 = no limit.
    """
    parts: list[str] = []
    begin = position = 0
    while position < len(text) and len(parts) != most:
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            parts.append(text[begin:position])
            begin = position + 1
        position += 1
    return [*parts, text[begin:]]


def unescape(text: str) -> str:
    """What a text stands for; spaces around it that no backslash keeps are dropped.

    :raises InvalidError: for a backslash that nothing follows, or a letter that has no meaning.
    """
    return _ESCAPE.sub(_meaning, text.strip())


def escape(text: str) -> str:
    """How a text is written so that it stands for itself wherever it is."""
    return _SPECIAL.sub(lambda found: _WRITTEN.get(found[0]) or f"\\{found[0]}", text)


def _meaning(found: re.Match[str]) -> str:
    letter = found[1]
    if letter in _SPACES:
        return _SPACES[letter]
    if not letter or letter.isalnum():
        raise InvalidError(r"behind \ stands the character that is meant, such as \|, or s, t, n: space, tab, line")
    return letter
