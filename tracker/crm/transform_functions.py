"""The transforms that come with us. Pure, and they take any JSON value: what a function cannot use stays as it is, and
what it cannot read becomes ``None``. Each is ``(value, *arguments, context)``; `tracker.expressions.signatures` says
which arguments.

Functions of texts treat each text of a list by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tracker.crm import countries, reading
from tracker.crm.base import Scalar, Value
from tracker.crm.values import Context, as_text, is_empty, texts_of, value_of
from tracker.expressions.sources import Source
from tracker.leads.names import split_name
from tracker.leads.phones import to_e164

Function: TypeAlias = Callable[..., Any]
_MAX_NAME_CHARS = 200
# A letter at the beginning, behind a space, hyphen or bracket, or behind the apostrophe of O'Neil and D'Arcy.
_INITIAL = re.compile(r"(?:(?<![^\s\-–—/(\[\"“«.&+])|(?<=\b[od]['’]))\w")


def each_text(function: Callable[..., Value]) -> Function:
    """Let a function of one text take any value: each of a list, and neither numbers nor ``None``."""

    def transform(value: Value, *arguments: Any, context: Context) -> Value:
        if isinstance(value, list):
            made = [function(one, *arguments, context=context) for one in value]
            return [as_text(one) for one in made if one is not None and not isinstance(one, list)]
        return function(value, *arguments, context=context) if isinstance(value, str) else value

    return transform


def _trim(value: str, *, context: Context) -> str:
    return value.strip()


def _lower(value: str, *, context: Context) -> str:
    return value.lower()


def _upper(value: str, *, context: Context) -> str:
    return value.upper()


def _title(value: str, *, context: Context) -> str:
    return _INITIAL.sub(lambda found: found[0].title(), value.lower())


def _truncate(value: str, length: int, *, context: Context) -> str:
    return value[:length]


def _map(value: str, *pairs: tuple[str, str], context: Context) -> str:
    known = {key.casefold(): target for key, target in pairs}
    return known.get(value.strip().casefold(), known.get("*", value))


def _e164(value: str, region: str = "", *, context: Context) -> str:
    # A number that cannot be read is still one that a person may call.
    text = value.strip()
    return to_e164(text, region or context.region) or text


def _first_name(value: str, *, context: Context) -> str | None:
    return split_name(value)[0] or None if len(value) <= _MAX_NAME_CHARS else None


def _last_name(value: str, *, context: Context) -> str | None:
    first, last = split_name(value) if len(value) <= _MAX_NAME_CHARS else ("", "")
    # A name that cannot be divided stands where most CRMs ask for one.
    return last or (None if first else value.strip() or None)


def _country_code(value: str, *, context: Context) -> str | None:
    return countries.country_code(value)


def _date(value: Value, pattern: str, *, context: Context) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    moment = reading.read_date(value, context.region) if isinstance(value, str) else reading.read_epoch(value)
    if moment is None:
        return None
    try:
        return moment.strftime(pattern)
    except (ValueError, OverflowError):
        return None


def _number(value: Value, *, context: Context) -> Scalar:
    if isinstance(value, bool):
        return int(value)
    return reading.read_number(value) if isinstance(value, str) else None if isinstance(value, list) else value


def _boolean(value: Value, *, context: Context) -> bool | None:
    if isinstance(value, int | float):
        return bool(value)
    return reading.read_boolean(value) if isinstance(value, str) else None


def _default(value: Value, text: str, *, context: Context) -> Value:
    return text if is_empty(value) else value


def _join(value: Value, separator: str = ", ", *, context: Context) -> Value:
    return separator.join(value) if isinstance(value, list) else value


def _concat(value: Value, sources: tuple[Source, ...], separator: str = " ", *, context: Context) -> Value:
    values = (value, *(value_of(context.lead, source) for source in sources))
    return separator.join(text for one in values for text in texts_of(one) if text.strip()) or None


def _split(value: Value, separator: str, index: int | None = None, *, context: Context) -> Value:
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(separator) if part.strip()]
    elif isinstance(value, list):
        parts = value
    else:
        return value
    if index is None:
        return parts
    return parts[index] if -len(parts) <= index < len(parts) else None


def _texts_too(function: Function) -> Function:
    """Numbers as their digits; a date is typed as one, a phone number may be sent as one."""

    def transform(value: Value, *arguments: Any, context: Context) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return function(as_text(value) if number else value, *arguments, context=context)

    return transform


BUILT_IN: Mapping[str, Function] = {
    "trim": each_text(_trim),
    "lower": each_text(_lower),
    "upper": each_text(_upper),
    "title": each_text(_title),
    "truncate": _texts_too(each_text(_truncate)),
    "default": _default,
    "map": _texts_too(each_text(_map)),
    "e164": _texts_too(each_text(_e164)),
    "first_name": each_text(_first_name),
    "last_name": each_text(_last_name),
    "country_code": each_text(_country_code),
    "date": _date,
    "number": _number,
    "boolean": _boolean,
    "join": _join,
    "concat": _concat,
    "split": _split,
}
