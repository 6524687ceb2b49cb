"""Site tokens: short-lived proofs that a page of the client's own fetched its configuration just now. Pure.

A publishable key can be read out of any page. With a token beside it a batch also says: a browser on *this* origin
asked this installation for the configuration of *this* key within the last hours. What that stops and what it cannot
is in docs/abuse.md.

A token is ``base64url(version ‖ issued ‖ ends ‖ mac)`` without padding, 34 characters: one byte, two big-endian
unsigned 32-bit epoch seconds, and HMAC-SHA256 cut to 128 bits (RFC 2104 §5). The mac is over all of it and over what
the token is bound to: client, key and origin stand in no token, they are known where it is read.

Tokens are minted per bucket of time, so that one answer is the same for everybody on an origin for a while: it can be
cached and has a strong ETag.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

TOKEN_CHARS = 34
SKEW_SECONDS = 120
"""How far the clocks of two servers of an installation may be apart."""

# Secrets also derive API keys, sign tokens of operators and seal credentials; a label of its own keeps those apart.
_LABEL = b"trackerctl site tokens v1"
_VERSION = 1
_HEAD = struct.Struct(">BII")
_MAC_BYTES = 16
# A token is good for three quarters of its life at least, whenever in its bucket it was minted.
_BUCKETS_PER_LIFE = 4
_DEFAULT_PORTS = {"http": 80, "https": 443}


class TokenState(enum.StrEnum):
    """What a site token turned out to be. Closed: the counters and the docs know no others."""

    VALID = "valid"
    MISSING = "missing"
    WRONG = "wrong"
    EXPIRED = "expired"


class SiteTokens:
    """Mints and reads the tokens of an installation.

    :param secrets: ``settings.secrets``, the current one first; a token of a retired one is good until it ends.
    :param life_seconds: from the beginning of the bucket that a token is minted in.
    """

    def __init__(self, secrets: Sequence[str], life_seconds: int) -> None:
        self._keys = [hmac.new(secret.encode(), _LABEL, hashlib.sha256).digest() for secret in secrets]
        self._life = life_seconds
        # A page sends the same token with each batch: known ones cost a look-up (2 µs in all, 9 µs fresh).
        self._times = lru_cache(maxsize=8192)(self._read)

    def mint(self, client_id: str, key_id: str, origin: str, now: float) -> str:
        """A token for pages of one origin.

        :param origin: as :func:`origin_of` gives it.
        :param now: epoch seconds; the token is the same for a quarter of a life.
        """
        bucket = max(1, self._life // _BUCKETS_PER_LIFE)
        issued = int(now) // bucket * bucket
        head = _HEAD.pack(_VERSION, issued, issued + self._life)
        mac = _mac(self._keys[0], head, client_id, key_id, origin)
        return urlsafe_b64encode(head + mac).rstrip(b"=").decode()

    def state(self, token: str | None, client_id: str, key_id: str, origin: str, now: float) -> TokenState:
        """What a token is worth on a request of this client, key and origin.

        :param origin: the ``Origin`` of the request, in the form that browsers send.
        """
        if not token:
            return TokenState.MISSING
        times = self._times(token, client_id, key_id, origin) if len(token) == TOKEN_CHARS else None
        if times is None or times[0] > now + SKEW_SECONDS:
            return TokenState.WRONG
        return TokenState.VALID if now <= times[1] + SKEW_SECONDS else TokenState.EXPIRED

    def _read(self, token: str, client_id: str, key_id: str, origin: str) -> tuple[int, int] | None:
        """Beginning and end of a token that was minted here for all of this, else ``None``."""
        try:
            data = urlsafe_b64decode(token + "==")
        except (Base64Error, ValueError):
            return None
        head, mac = data[: _HEAD.size], data[_HEAD.size :]
        # Characters that are none of the alphabet are skipped by the decoder: one token must have one spelling.
        if len(mac) != _MAC_BYTES or urlsafe_b64encode(data).rstrip(b"=") != token.encode("utf-8", "surrogatepass"):
            return None
        version, issued, ends = _HEAD.unpack(head)
        known = [hmac.compare_digest(mac, _mac(key, head, client_id, key_id, origin)) for key in self._keys]
        return (issued, ends) if version == _VERSION and any(known) else None


def origin_of(origin: str | None, referer: str | None = None) -> str | None:
    """The origin that a request comes from, in the one form that browsers give it (RFC 6454 §6.2).

    :param referer: read where there is no ``Origin``: a script element and a request within an origin send none.
    :returns: ``scheme://host[:port]``, lower case, without the scheme's own port; ``None`` where nothing says it.
    """
    text = origin or referer
    if not text or not text.isascii():
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if not host or not parts.scheme:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}")


def _mac(key: bytes, head: bytes, client_id: str, key_id: str, origin: str) -> bytes:
    # No id and no origin has a line break in it.
    bound = f"{client_id}\n{key_id}\n{origin}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, head + bound, "sha256")[:_MAC_BYTES]
