"""Finds a value in what left the page, in whatever writing it left.

Decoded are JSON (also JSON in a string), percent escapes, form encoding and base64, each inside the other. Long values
are searched anywhere, also without the separators in them; short ones (a CVC, a PIN) only as words of their own and
not in ids, where four digits stand by chance.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

DEPTH = 4
SHORT = 6
# Random or counted by the script, never typed.
IDS = frozenset({"id", "sessionId", "visitorId", "timestamp", "sentAt", "apiKey"})
_SEPARATORS = re.compile(r"[\s.\-/()]+")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


@lru_cache(maxsize=4096)
def texts(raw: str, depth: int = DEPTH) -> frozenset[str]:
    """Every text that ``raw`` can be read as, itself included."""
    found = {raw}
    if depth:
        for inner in {*_json_strings(raw), _unescape(raw), unquote_plus(raw), *_base64_texts(raw)} - {raw, ""}:
            found |= texts(inner, depth - 1)
    return frozenset(found)


def is_in(value: str, raws: Iterable[str], besides: Iterable[str] = ()) -> bool:
    """Did ``value`` leave in one of these bodies and addresses?

    :param besides: texts that were meant to leave and may hold a short value by chance (a phone's digits a CVC).
    """
    known = set(besides)
    return any(_holds(text, value) for raw in raws for text in texts(raw) - known)


def _holds(text: str, value: str) -> bool:
    compact = _SEPARATORS.sub("", value)
    if len(compact) >= SHORT:
        return value.lower() in text.lower() or compact.lower() in _SEPARATORS.sub("", text).lower()
    # Of a whole body only its values are looked at: see _json_strings.
    whole_body = text.lstrip().startswith(("{", "["))
    return not whole_body and re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", text) is not None


def _unescape(raw: str) -> str:
    """JSON's escapes undone wherever they stand: JSON may be a part of something else."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), raw)


def _json_strings(raw: str) -> Iterator[str]:
    if not raw.lstrip().startswith(("{", "[", '"')):
        return
    try:
        yield from _strings(json.loads(raw))
    except ValueError:
        return


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            if name not in IDS:
                yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, str):
        yield value


def _base64_texts(raw: str) -> Iterator[str]:
    for token in _BASE64.findall(raw):
        plain = token.rstrip("=").translate(str.maketrans("-_", "+/"))
        try:
            text = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if text.isprintable():
            yield text
