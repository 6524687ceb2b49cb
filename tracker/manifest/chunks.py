"""Finds the clients of a file that are, letter for letter, what an export would write: they need not be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

# Items of `clients` in the canonical text. Nothing inside an item begins in the first column.
_ITEM = re.compile(r"(?m)^(?=- )")


class Rest(NamedTuple):
    """What is left to read: the text with blank lines for what was found, so that errors name the right lines."""

    text: str
    found: frozenset[str]
    """The domains of the clients that are as the file wants them."""


def without_known(text: str, known: Mapping[str, str]) -> Rest:
    """Take the known items out of a file.

    :param known: domains by canonical text.
    """
    head, *items = _ITEM.split(text.replace("\r\n", "\n"))
    found = set()
    rest = [head]
    for item in items:
        domain = known.get(item.rstrip("\n"))
        # The second of two equal items stays, and is refused with the other repetitions.
        if domain is None or domain in found:
            rest.append(item)
        else:
            found.add(domain)
            rest.append("\n" * item.count("\n"))
    return Rest("".join(rest), frozenset(found))
