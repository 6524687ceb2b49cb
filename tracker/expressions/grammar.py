"""Reads a pipeline of transforms: named functions with ``|`` between them, ``trim|e164:US``.

What a package registers in the entry-point group ``tracker.transforms`` is a transform like ours: a callable
``(value, *arguments, context)``, whose arguments are the texts between semicolons.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

from tracker.errors import InvalidError
from tracker.expressions.escapes import split_unescaped, unescape
from tracker.expressions.signatures import SIGNATURES

GROUP = "tracker.transforms"
MAX_TRANSFORM_CHARS = 255
_MAX_STEPS = 20
_SHOWN_CHARS = 40


class Step(NamedTuple):
    """One function of a pipeline.

    :ivar written: its name and arguments as they stand in the pipeline, without spaces around.
    :ivar arguments: read and checked.
    """

    name: str
    written: str
    arguments: tuple[Any, ...]


def parse_transform(text: str) -> tuple[Step, ...]:
    """The functions of a pipeline in their order.

    :raises InvalidError: naming the function, its position (in characters, from 1) and the nearest known name.
    """
    if len(text) > MAX_TRANSFORM_CHARS or not text.isprintable():
        raise InvalidError(f"a transform has {MAX_TRANSFORM_CHARS} characters at most, on one line")
    parts = split_unescaped(text, "|")
    if len(parts) > _MAX_STEPS:
        raise InvalidError(f"a transform has {_MAX_STEPS} functions at most")
    steps, position = [], 1
    for part in parts:
        steps.append(_step(part.strip(), position + len(part) - len(part.lstrip())))
        position += len(part) + 1
    return tuple(steps)


def checked_transform(text: str | None) -> str | None:
    """A transform that can be stored; ``None`` and the empty text give ``None``.

    :raises InvalidError: as `parse_transform`.
    """
    if text is None or not text.strip():
        return None
    return "|".join(step.written for step in parse_transform(text))


def names_in(text: str | None) -> list[str]:
    """Names of the functions of a pipeline, also of one that cannot be read."""
    return [part.partition(":")[0].strip() for part in split_unescaped(text or "", "|")]


@lru_cache(maxsize=1)
def extensions() -> dict[str, EntryPoint]:
    """What installed packages add, by name. A name of ours stays ours."""
    return {one.name: one for one in entry_points(group=GROUP) if one.name not in SIGNATURES}


def load_extension(name: str) -> Callable[..., Any]:
    """The function of an extension.

    :raises InvalidError: when its package cannot be loaded.
    """
    try:
        function: Callable[..., Any] = extensions()[name].load()
    except Exception as error:  # any, since it is anybody's code
        raise InvalidError(f"its package cannot be loaded ({type(error).__name__}); install it again") from None
    if not callable(function):
        raise InvalidError("its package registers something that cannot be called")
    return function


def _step(written: str, position: int) -> Step:
    name, colon, rest = written.partition(":")
    name = name.strip()
    try:
        arguments = _arguments(name, rest if colon else None)
    except InvalidError as error:
        shown = name[:_SHOWN_CHARS] or "an empty function"
        raise InvalidError(f"{shown} at position {position}: {error.detail}") from None
    return Step(name, f"{name}:{rest.strip()}" if colon else name, arguments)


def _arguments(name: str, rest: str | None) -> tuple[Any, ...]:
    if name in SIGNATURES:
        signature = SIGNATURES[name]
        try:
            return signature.read(rest)
        except InvalidError as error:
            raise InvalidError(f"{error.detail} ({signature.shape})") from None
    if name not in extensions():
        raise _unknown(name)
    arguments = () if rest is None else tuple(unescape(part) for part in split_unescaped(rest, ";"))
    try:
        inspect.signature(load_extension(name)).bind(None, *arguments, context=None)
    except (TypeError, ValueError):
        raise InvalidError(f"does not take {len(arguments)} arguments") from None
    return arguments


def _unknown(name: str) -> InvalidError:
    known = [*SIGNATURES, *extensions()]
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if near:
        return InvalidError(f"there is no such function; did you mean {near[0]}?")
    return InvalidError(f"there is no such function; known are {', '.join(known)}")
