"""Sealing of credentials at rest, under the secret keys of the installation (decisions §5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tracker.errors import SettingsError

# Secrets also derive API keys and sign tokens; a label of its own keeps those uses apart.
_LABEL = b"trackerctl credentials v1"


class Vault:
    """Seals with the current secret, opens with any of them.

    :param secrets: ``settings.secrets``, the current one first.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(secret)) for secret in secrets])

    def seal(self, text: str) -> str:
        """The sealed form of a text, ASCII, different at every call."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed.

        :raises SettingsError: when none of the secrets opens it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SettingsError(
                "stored credentials cannot be read: the secret they were sealed with is not in TRACKER_SECRET_KEYS any "
                "more; put it back behind the current one, or enter them again"
            ) from None

    def reseal(self, sealed: str) -> str:
        """The same text sealed with the current secret, so that an older one can be retired. Raises as `open`."""
        return self.seal(self.open(sealed))


def _fernet_key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hmac.new(secret.encode(), _LABEL, hashlib.sha256).digest())
