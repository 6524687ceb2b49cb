"""Names that come from browsers are data (decisions §6): stored so that none is an operator or a path in MongoDB."""

from __future__ import annotations

from functools import lru_cache

# The look-alikes that MongoDB's own manual recommends for names with dots and dollars.
_DOT, _DOLLAR = "\uff0e", "\uff04"
MAX_NAME_CHARS = 200


@lru_cache(maxsize=16_384)
def field_key(name: str) -> str:
    """The name under which a field is stored: dots, a leading dollar and NUL are replaced, the length is limited."""
    key = name[:MAX_NAME_CHARS].replace("\x00", "").replace(".", _DOT)
    return _DOLLAR + key[1:] if key.startswith("$") else key or "_"


def field_name(key: str) -> str:
    """The name a stored field is shown by: :func:`field_key` undone as far as it can be."""
    shown = key.replace(_DOT, ".")
    return "$" + shown[1:] if shown.startswith(_DOLLAR) else shown
