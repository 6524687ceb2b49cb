"""What operators give to ``crm connect``, taken apart into credentials and settings. Pure; no message holds a value."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from tracker.errors import InvalidError

NO_CREDENTIALS = {"auth": "none"}
"""Stands for none: a connection is stored with one at least, so that none is forgotten by mistake."""

_WORDS: dict[type, str] = {str: "a text", bool: "true or false", float: "a number"}


class Option(msgspec.Struct, frozen=True):
    """One credential or setting.

    :ivar kind: ``str``, ``bool`` or ``float`` (which takes whole numbers as well).
    :ivar hint: what it is, for the message when it is missing or wrong.
    """

    hint: str
    kind: type = str
    required: bool = False
    secret: bool = False


def split(
    title: str, options: Mapping[str, Option], document: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Credentials and settings; those that are null or not given are left out. Without any, `NO_CREDENTIALS`.

    :param title: of the CRM.
    :raises InvalidError: naming what is missing, misspelt or of no use.
    """
    for name in document:
        if name not in options:
            near = get_close_matches(str(name), options, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(options)}"
            raise InvalidError(f"a connection with {title} has no such setting; {hint}")
    credentials: dict[str, str] = {}
    settings: dict[str, Any] = {}
    for name, option in options.items():
        value = _checked(title, name, option, document.get(name))
        if value is not None:
            (credentials if option.secret else settings)[name] = value
    return credentials or dict(NO_CREDENTIALS), settings


def known(options: Mapping[str, Option], *given: Mapping[str, Any]) -> dict[str, Any]:
    """What of stored credentials and settings is ours; the sync keeps some of its own beside them."""
    return {name: value for one in given for name, value in one.items() if name in options}


def _checked(title: str, name: str, option: Option, value: object) -> Any:
    if value is None or (isinstance(value, str) and not value.strip()):
        if option.required:
            raise InvalidError(f"a connection with {title} needs {name}: {option.hint}")
        return None
    wanted: type | tuple[type, ...] = (int, float) if option.kind is float else option.kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and option.kind is not bool):
        raise InvalidError(f"{name} must be {_WORDS[option.kind]}: {option.hint}")
    if isinstance(value, str) and (option.secret or name.startswith("header")) and not _fits_header(value):
        # A line break in it would be a header of its own.
        raise InvalidError(f"{name} holds characters that cannot be sent in a header: {option.hint}")
    return value.strip() if isinstance(value, str) else value


def _fits_header(value: str) -> bool:
    return value.strip().isascii() and value.strip().isprintable()
