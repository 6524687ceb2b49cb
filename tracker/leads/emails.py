"""E-mail addresses: one spelling each, so that they can be compared (decisions §9)."""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

# Nearly every address is of this plain form; the rest takes the long way.
_PLAIN = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_MAX_CHARS = 254


@lru_cache(maxsize=16_384)
def normalise_email(text: str) -> str | None:
    """The address in lower case without surrounding space, a Unicode domain in Unicode; ``None`` for what is none.

    Nothing is looked up. Dots and plus tags stay: whether they matter is the provider's affair.
    """
    address = text.strip().removeprefix("mailto:").lower()
    if len(address) > _MAX_CHARS:
        return None
    if _PLAIN.match(address) and address.find("@") <= 64 and not address.partition("@")[2].startswith("xn--"):
        return address
    try:
        valid = validate_email(address, check_deliverability=False, allow_quoted_local=True, test_environment=True)
    except EmailNotValidError:
        return None
    return valid.normalized.lower()
