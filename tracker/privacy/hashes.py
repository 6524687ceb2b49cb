"""Keyed hashes of addresses: what stands for a person where the address itself must not be kept.

HMAC-SHA256 (RFC 2104) under a key that is derived from the installation's secrets: without them nobody can try
addresses out. A retired secret still answers, so that a rotation forgets nobody.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

from tracker.leads.emails import normalise_email
from tracker.leads.phones import to_e164

Kind = Literal["email", "phone", "visitor", "session"]

# Secrets also derive API keys, sign tokens and seal credentials; a label of its own keeps those uses apart.
_LABEL = b"trackerctl addresses v1"
_MAX_ID_CHARS = 255


def normal(kind: Kind, value: str, region: str = "US") -> str | None:
    """The one spelling of an address by which it is compared; ``None`` for what is none.

    :param value: an e-mail address, a phone number, or the id of a visitor or a session.
    :param region: ISO 3166 code of the country whose phone numbers are written without a ``+``.
    """
    if kind == "email":
        return normalise_email(value)
    if kind == "phone":
        return to_e164(value.strip(), region)
    return value if 0 < len(value) <= _MAX_ID_CHARS else None


class Hasher:
    """Makes the hashes.

    :param secrets: ``settings.secrets``, the current one first.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hmac.new(secret.encode(), _LABEL, hashlib.sha256).digest() for secret in secrets]

    def one(self, kind: Kind, value: str, scope: str = "") -> str:
        """The hash under the current secret, 64 hexadecimal digits.

        :param value: as :func:`normal` gives it.
        :param scope: a client's id for what concerns this client only.
        """
        return _hash(self._keys[0], kind, value, scope)

    def all(self, kind: Kind, value: str, scope: str = "") -> list[str]:
        """The same under each secret, the current one first."""
        return [_hash(key, kind, value, scope) for key in self._keys]


def _hash(key: bytes, kind: Kind, value: str, scope: str) -> str:
    # No client's id and no kind has a line break in it.
    return hmac.new(key, f"{kind}\n{scope}\n{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
