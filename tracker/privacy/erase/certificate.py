"""The certificate of an erasure: canonical JSON (RFC 8785) signed with Ed25519 (RFC 8032).

The key follows from the installation's secrets, so that nothing more has to be kept; whoever has the public key can
verify a certificate without them. A retired secret still verifies what was signed under it. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# Secrets also derive API keys and seal credentials; a label of its own keeps those uses apart.
_LABEL = b"trackerctl erasure certificates v1"
ALGORITHM = "Ed25519"


def signed(statement: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """``{statement, algorithm, publicKey, signature}`` under the current secret; key and signature in base64.

    :param statement: texts, whole numbers, lists and objects only: they have one canonical form.
    :param secrets: ``settings.secrets``, the current one first.
    """
    key = _private(secrets[0])
    return {
        "statement": dict(statement),
        "algorithm": ALGORITHM,
        "publicKey": _text(key.public_key()),
        "signature": base64.b64encode(key.sign(canonical(statement))).decode("ascii"),
    }


def public_keys(secrets: Sequence[str]) -> list[str]:
    """The public keys of an installation in base64, the current one first."""
    return [_text(_private(secret).public_key()) for secret in secrets]


def fault(certificate: Any, trusted: Sequence[str]) -> str | None:
    """Why a certificate is not to be believed, ``None`` when it is.

    :param certificate: whatever somebody has parsed from a file.
    :param trusted: public keys in base64.
    """
    if not isinstance(certificate, dict) or not isinstance(certificate.get("statement"), dict):
        return "it is no certificate of an erasure"
    if certificate.get("algorithm") != ALGORITHM:
        return "it is signed in another way than with Ed25519"
    if certificate.get("publicKey") not in trusted:
        return "it was signed with a key that is not among the trusted ones"
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(certificate["publicKey"], validate=True))
        key.verify(base64.b64decode(certificate["signature"], validate=True), canonical(certificate["statement"]))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return "its signature does not fit: it was changed after it was signed"
    return None


def canonical(statement: Mapping[str, Any]) -> bytes:
    """The one form of these values that is signed."""
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.new(secret.encode(), _LABEL, hashlib.sha256).digest())


def _text(key: Ed25519PublicKey) -> str:
    return base64.b64encode(key.public_bytes_raw()).decode("ascii")
