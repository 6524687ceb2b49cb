"""Phone numbers: kept as typed, and in E.164 beside it where they can be read."""

from __future__ import annotations

from functools import lru_cache

import phonenumbers

_MAX_CHARS = 40


@lru_cache(maxsize=8192)
def to_e164(text: str, region: str) -> str | None:
    """The number as ``+491701234567``, ``None`` for what is no valid number.

    :param region: ISO 3166 code of the country whose numbers are written without a ``+``.
    """
    if len(text) > _MAX_CHARS:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
