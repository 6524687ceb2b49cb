"""Splits a person's name into first and last name."""

from __future__ import annotations

import re
from functools import lru_cache

from nameparser import HumanName

# Han, Kana and Hangul names put the family name first and often have no space: no split is better than a wrong one.
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=8192)
def split_name(full_name: str) -> tuple[str, str]:
    """First and last name, empty where they cannot be told ("Cher" is a first name)."""
    text = " ".join(full_name.split())
    if not text or _EAST_ASIAN.search(text):
        return "", ""
    name = HumanName(text)
    first = " ".join(part for part in (name.first, name.middle) if part)
    if not first:
        return "", name.last
    return first, name.last
