"""API keys as pure functions (decisions §4).

A key is a prefix of eight characters (``pk_live_``, ``pk_test_``, ``sk_live_``, ``sk_test_``) and 43 characters of
base62: 256 bits, the derived HMAC of a publishable key or the randomness of a secret one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as randomness
import string

from tracker.config.records import KeyKind, KeyMode

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
BODY_CHARS = 43  # the least n with 62**n >= 2**256
KEY_CHARS = 8 + BODY_CHARS

_PREFIXES: dict[str, tuple[KeyKind, KeyMode]] = {
    "pk_live_": ("publishable", "live"),
    "pk_test_": ("publishable", "test"),
    "sk_live_": ("secret", "live"),
    "sk_test_": ("secret", "test"),
}
_PREFIX_OF = {meaning: prefix for prefix, meaning in _PREFIXES.items()}
_LETTERS = frozenset(ALPHABET)
_FINGERPRINT_LABEL = b"trackerctl secret fingerprint v1"


def derive_publishable(secret: str, key_id: str, mode: KeyMode) -> str:
    """The publishable key of a row: the same for ever as long as ``secret`` is at hand.

    :param secret: the secret key of the installation that the key was made with.
    """
    digest = hmac.new(secret.encode(), key_id.encode(), hashlib.sha256).digest()
    return _PREFIX_OF["publishable", mode] + _base62(digest)


def mint_secret(mode: KeyMode) -> str:
    """A fresh secret key with 256 random bits; it can never be computed again."""
    return _PREFIX_OF["secret", mode] + _base62(randomness.token_bytes(32))


def hash_key(key: str) -> str:
    """What the database knows of a key: SHA-256 of the whole key, 64 lower-case hex digits."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def hint(key: str) -> str:
    """The last four characters, by which a person tells keys apart."""
    return key[-4:]


def secret_fingerprint(secret: str) -> str:
    """16 hex digits that name a secret key without giving it away."""
    return hmac.new(secret.encode(), _FINGERPRINT_LABEL, hashlib.sha256).hexdigest()[:16]


def looks_like_key(text: str) -> bool:
    """Whether ``text`` has the form of a key; what has not is refused without any look-up."""
    return len(text) == KEY_CHARS and text[:8] in _PREFIXES and _LETTERS.issuperset(text[8:])


def parse_kind_mode(key: str) -> tuple[KeyKind, KeyMode]:
    """Kind and mode that a key's prefix claims.

    :raises ValueError: when it is not of the form of a key; the message does not repeat it.
    """
    if not looks_like_key(key):
        raise ValueError("not an API key")
    return _PREFIXES[key[:8]]


def _base62(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    letters: list[str] = []
    for _ in range(BODY_CHARS):
        number, remainder = divmod(number, 62)
        letters.append(ALPHABET[remainder])
    return "".join(reversed(letters))
