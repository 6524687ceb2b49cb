"""Reads a configuration file. YAML 1.1 as PyYAML reads it, without what would let a small file become a large one."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from tracker.errors import InvalidError
from tracker.manifest.shape import Manifest

# libyaml where it was built in: forty times faster than the reader in Python.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Knows which nodes it has met: a reference (``*name``) leads to one for the second time."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.met: set[int] = set()

    def once(self, node: Any) -> Any:
        """What the node holds; nested references would make gigabytes of a few lines."""
        if id(node) in self.met:
            raise yaml.constructor.ConstructorError(None, None, "references (*name) are not allowed", node.start_mark)
        self.met.add(id(node))
        return self.construct_object(node, deep=True)


def _mapping(loader: _Loader, node: Any) -> dict[str, Any]:
    pairs: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.once(key_node)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} must be a text", key_node.start_mark)
        if key in pairs:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is given twice", key_node.start_mark)
        pairs[key] = loader.once(value_node)
    return pairs


def _sequence(loader: _Loader, node: Any) -> list[Any]:
    return [loader.once(item) for item in node.value]


_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
# JSON's way of writing large numbers, which YAML 1.1 takes for a text.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?[eE][+-]?\d+$"), list("-0123456789")
)


def load(text: str) -> Any:
    """What YAML makes of a text.

    :raises InvalidError: with line and column.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - derived from the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InvalidError(f"the file is no YAML that can be used: {place}{error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidError(f"the file is no YAML that can be used: {type(error).__name__}") from None


def read(text: str) -> Manifest:
    """A whole file.

    :raises InvalidError: naming the place, ``$.clients[0].forms[1].selector``.
    """
    return convert(load(text))


def convert(found: Any) -> Manifest:
    """The same of what YAML made of a file."""
    try:
        return msgspec.convert(found, Manifest)
    except msgspec.ValidationError as error:
        raise InvalidError(f"the file does not fit: {error}") from None
