"""The transforms that come with us, and which arguments each takes (docs/mapping.md explains them)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tracker.errors import InvalidError
from tracker.expressions.escapes import split_unescaped, unescape
from tracker.expressions.sources import parse_source

MAX_TEXT_CHARS = 131_072
"""Most characters of a value: a long text area of Salesforce holds as many."""
_MAX_PAIRS = 100
_REGION = re.compile(r"[A-Z]{2}")
_INDEX = re.compile(r"-?[0-9]{1,4}")
# Directives that mean the same on every platform; those that follow the machine's locale (%c, %x) do not.
_DATE_CODES = frozenset("YmdHMSfyjpIzZaAbBUWVGu%")


class Signature(NamedTuple):
    """One transform as it may be written.

    :ivar shape: with its arguments, for people.
    :ivar read: the text behind the colon (``None`` = there is no colon) into arguments; raises `InvalidError`.
    """

    shape: str
    read: Callable[[str | None], tuple[Any, ...]]


def _nothing(text: str | None) -> tuple[Any, ...]:
    if text is not None:
        raise InvalidError("takes no argument")
    return ()


def _length(text: str | None) -> tuple[Any, ...]:
    given = (text or "").strip()
    if not (given.isascii() and given.isdigit() and len(given) <= 6 and 1 <= int(given) <= MAX_TEXT_CHARS):
        raise InvalidError(f"takes a number of characters from 1 to {MAX_TEXT_CHARS}")
    return (int(given),)


def _text(text: str | None) -> tuple[Any, ...]:
    given = unescape(text or "")
    if not given:
        raise InvalidError("takes a text")
    return (given,)


def _pairs(text: str | None) -> tuple[Any, ...]:
    parts = [split_unescaped(part, "=", 1) for part in split_unescaped(text or "", ";")]
    if any(len(part) != 2 or not part[0].strip() for part in parts) or len(parts) > _MAX_PAIRS:
        raise InvalidError(f"takes 1 to {_MAX_PAIRS} pairs such as yes=true;no=false")
    return tuple((unescape(key), unescape(value)) for key, value in parts)


def _region(text: str | None) -> tuple[Any, ...]:
    if text is None:
        return ()
    region = text.strip().upper()
    if not _REGION.fullmatch(region):
        raise InvalidError("takes the two letters of a country such as US")
    return (region,)


def _date_format(text: str | None) -> tuple[Any, ...]:
    pattern = unescape(text or "")
    codes = re.findall(r"%(.?)", pattern)
    if not codes or not set(codes) <= _DATE_CODES:
        raise InvalidError("takes a format such as %Y-%m-%d or %d.%m.%Y, written as for strftime")
    return (pattern,)


def _separator(text: str | None) -> tuple[Any, ...]:
    return () if text is None else _text(text)


def _names(text: str | None) -> tuple[Any, ...]:
    names, *rest = split_unescaped(text or "", ";")
    if not names.strip() or len(rest) > 1:
        raise InvalidError("takes sources, and behind ; what stands between them: lastName,fields.suffix;-")
    sources = tuple(parse_source(unescape(name)) for name in split_unescaped(names, ","))
    return (sources, unescape(rest[0])) if rest else (sources,)


def _separator_and_index(text: str | None) -> tuple[Any, ...]:
    separator, *rest = split_unescaped(text or "", ";")
    given = unescape(separator)
    if not given or len(rest) > 1 or (rest and not _INDEX.fullmatch(rest[0].strip())):
        raise InvalidError(r"takes what stands between the parts, and behind ; the number of a part from 0: ,;0")
    return (given, int(rest[0])) if rest else (given,)


SIGNATURES: Mapping[str, Signature] = {
    "trim": Signature("trim", _nothing),
    "lower": Signature("lower", _nothing),
    "upper": Signature("upper", _nothing),
    "title": Signature("title", _nothing),
    "truncate": Signature("truncate:n", _length),
    "default": Signature("default:x", _text),
    "map": Signature("map:a=b;c=d", _pairs),
    "e164": Signature("e164[:REGION]", _region),
    "first_name": Signature("first_name", _nothing),
    "last_name": Signature("last_name", _nothing),
    "country_code": Signature("country_code", _nothing),
    "date": Signature("date:fmt", _date_format),
    "number": Signature("number", _nothing),
    "boolean": Signature("boolean", _nothing),
    "join": Signature("join[:sep]", _separator),
    "concat": Signature("concat:a,b[;sep]", _names),
    "split": Signature("split:sep[;index]", _separator_and_index),
}
