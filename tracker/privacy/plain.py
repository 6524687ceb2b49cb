"""Texts as their readers see them: percent-encoding undone, digits, dashes and spaces of all scripts made ASCII.

Numbers are looked for in the plain text, and cut out of the text that came.
"""

from __future__ import annotations

import re
import unicodedata

Span = tuple[int, int]

# %2520 is a space that was encoded twice.
_ESCAPE = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_ESCAPES = re.compile(r"(?:%(?:25)*[0-9A-Fa-f]{2})+")
# A plus is a space in an address; in front of a value it makes a phone's number, also where nobody encoded it.
_PLUS = re.compile(r"(?<![=/?&#;:(,\s])\+")
_ENCODED_PLUS = re.compile(r"(?<=\d)\+(?=\d)")
_DOTS = "\u00b7\u2022\u2024\u2027\u3002\uff0e"


class _Plain(dict[int, str]):
    """For ``str.translate``: one character for one, so that places stay what they were."""

    def __missing__(self, code: int) -> str:
        self[code] = plain = _plain_char(chr(code))
        return plain


def _plain_char(char: str) -> str:
    if char.isascii():
        return char
    if (digit := unicodedata.decimal(char, None)) is not None:
        return str(digit)
    category = unicodedata.category(char)
    # Cf: zero-width spaces and joiners, direction marks, the soft hyphen.
    if category in ("Zs", "Zl", "Zp", "Cf"):
        return " "
    if category == "Pd" or char == "\u2212":
        return "-"
    if char in _DOTS:
        return "."
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 and folded.isascii() else char


_TABLE = _Plain()


def needs_plain(text: str) -> bool:
    """Whether `plain` would change a text."""
    return not text.isascii() or "%" in text or ("+" in text and _is_address(text))


def _is_address(text: str) -> bool:
    return "=" in text or "://" in text or text.startswith("/")


def plain(text: str) -> tuple[str, list[int] | None]:
    """The plain text, and for each of its characters and its end the place in ``text``; ``None`` = the same place."""
    places = None
    is_address = _is_address(text)
    if is_address and "+" in text:
        text = _PLUS.sub(" ", text)
    if "%" in text and _ESCAPE.search(text):
        text, places = _unescaped(text)
    if not text.isascii():
        text = text.translate(_TABLE)
    if is_address and "+" in text:
        text = _ENCODED_PLUS.sub(" ", text)
    return text, places


def original(span: Span, places: list[int] | None) -> Span:
    """Where a span of the plain text stands in the text that came."""
    return span if places is None else (places[span[0]], places[span[1]])


def _unescaped(text: str) -> tuple[str, list[int]]:
    parts: list[str] = []
    places: list[int] = []
    done = 0
    for run in _ESCAPES.finditer(text):
        parts.append(text[done : run.start()])
        places.extend(range(done, run.start()))
        escapes = list(_ESCAPE.finditer(text, run.start(), run.end()))
        decoded = bytes(int(escape[1], 16) for escape in escapes).decode("utf-8", "surrogateescape")
        at = 0
        for char in decoded:
            places.append(escapes[at].start())
            at += len(char.encode("utf-8", "surrogateescape"))
        parts.append(decoded)
        done = run.end()
    parts.append(text[done:])
    places.extend(range(done, len(text) + 1))
    return "".join(parts), places
