"""Management tokens: JWT, signed with HS256 under the secret keys of the installation (RFC 7519, decisions §11).

Nothing of a token is stored: it is valid until it expires. Retiring the secret that signed it ends it at once, and with
it all others that this secret signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt

from tracker.access.scopes import Scope
from tracker.errors import InvalidError, UnauthenticatedError
from tracker.settings import Settings

__all__ = ["Access", "IssuedToken", "Scope", "issue_token", "read_token"]

DEFAULT_TTL = timedelta(hours=1)
MAX_TTL = timedelta(days=365)
MAX_TOKEN_CHARS = 4096

_ALGORITHM = "HS256"
_NAME = "trackerctl"
_REQUIRED = ("exp", "iat", "sub", "jti", "scope", "iss", "aud")
# The secrets derive keys and seal credentials as well; a label of its own keeps those uses apart.
_LABEL = b"trackerctl management token v1"
_LEEWAY = timedelta(seconds=5)
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Access:
    """What a valid token allows.

    :ivar subject: whom it was issued to; the audit log names ``api:<subject>``.
    :ivar token_id: unique to the token; rate limits count by it.
    :ivar expires_at: aware UTC.
    """

    subject: str
    scope: Scope
    token_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A fresh token. It is stored nowhere."""

    token: str
    expires_at: datetime

    def view(self) -> dict[str, str]:
        """``{"token", "expiresAt"}``, the time in RFC 3339."""
        expires_at = self.expires_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"token": self.token, "expiresAt": expires_at}

    def __repr__(self) -> str:
        return f"IssuedToken(expires_at={self.expires_at.isoformat()!r})"


def issue_token(settings: Settings, scope: Scope, *, ttl: timedelta, subject: str) -> IssuedToken:
    """Sign a token with the current secret.

    :param ttl: how long it is valid, from 1 second to a year; whole seconds.
    :param subject: a name for the audit log: letters, digits and ``._@+-``.
    :raises InvalidError: when the life or the subject cannot be used.
    :raises SettingsError: when there is no secret.
    """
    if not timedelta(seconds=1) <= ttl <= MAX_TTL:
        raise InvalidError(f"a token lives for 1 second to {MAX_TTL.days} days; write 1h or 30d")
    if not _SUBJECT.fullmatch(subject):
        raise InvalidError("a subject is 1 to 100 letters, digits or ._@+- and begins with a letter or digit")
    issued_at = datetime.now(UTC).replace(microsecond=0)
    expires_at = issued_at + timedelta(seconds=int(ttl.total_seconds()))
    claims = {
        "iss": _NAME,
        "aud": _NAME,
        "sub": subject,
        "scope": str(scope),
        "jti": str(uuid4()),
        "iat": issued_at,
        "exp": expires_at,
    }
    return IssuedToken(jwt.encode(claims, _key(settings.secrets[0]), algorithm=_ALGORITHM), expires_at)


def read_token(settings: Settings, token: str) -> Access:
    """What a token allows, when one of the secrets has signed it and it has not expired.

    :raises UnauthenticatedError: with the same words whatever is wrong, so that nobody learns what nearly fitted.
    """
    if len(token) <= MAX_TOKEN_CHARS:
        for secret in settings.secrets:
            access = _read(token, secret)
            if access is not None:
                return access
    raise UnauthenticatedError(
        "a valid token is needed: send `Authorization: Bearer <token>`; `trackerctl token issue` makes one"
    )


def _read(token: str, secret: str) -> Access | None:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(secret),
            algorithms=[_ALGORITHM],
            audience=_NAME,
            issuer=_NAME,
            leeway=_LEEWAY,
            options={"require": list(_REQUIRED), "strict_aud": True},
        )
        subject, token_id, scope = claims["sub"], claims["jti"], claims["scope"]
        if not (_SUBJECT.fullmatch(subject) and 0 < len(token_id) <= 64):
            return None
        return Access(subject, Scope.parse(scope), token_id, datetime.fromtimestamp(claims["exp"], UTC))
    # Besides what PyJWT says: a signed claim of another type or size, and text that is no ASCII.
    except (jwt.PyJWTError, InvalidError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return None


def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), _LABEL, hashlib.sha256).digest()
