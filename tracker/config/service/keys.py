"""API keys: issued, listed, rotated with a grace period, revoked, printed again (decisions §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import col, select

from tracker.config import keys
from tracker.config.columns import utc_now
from tracker.config.models import ApiKey, new_id
from tracker.config.records import KeyKind, KeyMode
from tracker.config.service.base import IssuedKey, ServiceBase, Transaction
from tracker.config.service.lookup import find_client, find_row
from tracker.config.service.pages import Listing
from tracker.config.views import describe_key, key_status
from tracker.errors import ConflictError, InvalidError
from tracker.paging import Page

DEFAULT_GRACE = timedelta(days=7)
MAX_GRACE = timedelta(days=365)
NO_KEY = "no such key; `trackerctl key list <client>` shows the ids"

_KEYS = Listing("keys", ApiKey, "key_id", {"createdAt": "created_at"}, describe_key)


class Keys(ServiceBase):
    """Reads and writes of API keys."""

    def issue_key(
        self,
        client_ref: str,
        kind: KeyKind = "publishable",
        mode: KeyMode = "live",
        expires_at: datetime | None = None,
    ) -> IssuedKey:
        """Make one more key for a client.

        :param expires_at: aware; ``None`` = never.
        :raises InvalidError: when it expires in the past or the kind or mode is unknown.
        """
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            return add_key(transaction, self._settings.secrets[0], client.client_id, kind, mode, expires_at)

    def list_keys(self, client_ref: str) -> list[ApiKey]:
        """All keys of a client, revoked ones too, in the order they were made."""
        with self._read() as session:
            client = find_client(session, client_ref)
            query = (
                select(ApiKey)
                .where(ApiKey.client_id == client.client_id)
                .order_by(col(ApiKey.created_at), col(ApiKey.key_id))
            )
            return list(session.exec(query))

    def page_keys(self, client_ref: str, sort: str = "createdAt", limit: int = 50, cursor: str | None = None) -> Page:
        """A page of the same; sorted by ``createdAt``.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            client = find_client(session, client_ref)
            query = select(ApiKey).where(ApiKey.client_id == client.client_id)
            return _KEYS.page(session, query, sort, limit, cursor)

    def get_key(self, key_id: str) -> ApiKey:
        """One key, without the key itself.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, ApiKey, key_id, NO_KEY)

    def rotate_key(self, key_id: str, grace: timedelta = DEFAULT_GRACE) -> IssuedKey:
        """Make a key of the same kind and mode that takes the place of ``key_id``, which works on for ``grace``.

        :param grace: zero revokes the old key at once. An earlier expiry of the old key stays.
        :returns: the new key; it never expires by itself.
        :raises ConflictError: when the old key is revoked already.
        """
        if not timedelta(0) <= grace <= MAX_GRACE:
            raise InvalidError(f"a grace period is 0 to {MAX_GRACE.days} days")
        with self._write() as transaction:
            old = _get(transaction, key_id)
            if old.revoked_at is not None:
                raise ConflictError("that key is revoked and cannot be rotated; `trackerctl key issue` makes a new one")
            before = describe_key(old)
            now = utc_now()
            if grace:
                old.expires_at = min(now + grace, old.expires_at or now + grace)
            else:
                old.revoked_at = now
            fresh = add_key(transaction, self._settings.secrets[0], old.client_id, old.kind, old.mode)
            transaction.record("key.rotate", _target(old), old.client_id, before=before, after=describe_key(old))
        return fresh

    def revoke_key(self, key_id: str) -> ApiKey:
        """Refuse a key from now on. A second call changes nothing."""
        with self._write() as transaction:
            key = _get(transaction, key_id)
            if key.revoked_at is None:
                before = describe_key(key)
                key.revoked_at = utc_now()
                transaction.record("key.revoke", _target(key), key.client_id, before=before, after=describe_key(key))
        return key

    def publishable_key(self, client_ref: str, mode: KeyMode = "live") -> str:
        """The key to print into pages: the newest that is valid, one without an end before one with.

        :raises InvalidError: when there is none, or the secret that it was derived with is gone.
        """
        with self._read() as session:
            client = find_client(session, client_ref)
            query = select(ApiKey).where(
                ApiKey.client_id == client.client_id, ApiKey.kind == "publishable", ApiKey.mode == mode
            )
            valid = [key for key in session.exec(query) if key_status(key) in ("active", "expiring")]
        valid.sort(key=lambda key: (key.expires_at is None, key.created_at, key.key_id), reverse=True)
        way_out = f"`trackerctl key issue {client.domain} --kind publishable --mode {mode}` makes one"
        if not valid:
            raise InvalidError(f"{client.domain} has no valid publishable {mode} key; {way_out}")
        for key in valid:
            plaintext = rederived(key, self._settings.secrets)
            if plaintext is not None:
                return plaintext
        raise InvalidError(
            f"the secret that the publishable {mode} key of {client.domain} was made with is not in "
            f"TRACKER_SECRET_KEYS any more: put it back behind the current one, or {way_out}"
        )


def add_key(
    transaction: Transaction,
    secret: str,
    client_id: str,
    kind: KeyKind,
    mode: KeyMode,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Add a key to an open transaction.

    :param secret: the current secret key of the installation.
    """
    _check(kind, mode, expires_at)
    key_id = new_id()
    publishable = kind == "publishable"
    plaintext = keys.derive_publishable(secret, key_id, mode) if publishable else keys.mint_secret(mode)
    key = ApiKey(
        key_id=key_id,
        client_id=client_id,
        kind=kind,
        mode=mode,
        key_hash=keys.hash_key(plaintext),
        hint=keys.hint(plaintext),
        secret_fingerprint=keys.secret_fingerprint(secret) if publishable else None,
        expires_at=expires_at and expires_at.astimezone(UTC),
    )
    transaction.session.add(key)
    transaction.record("key.issue", _target(key), client_id, after=describe_key(key))
    return IssuedKey(key, plaintext)


def _check(kind: str, mode: str, expires_at: datetime | None) -> None:
    if kind not in ("publishable", "secret"):
        raise InvalidError("a key is publishable or secret")
    if mode not in ("live", "test"):
        raise InvalidError("a key's mode is live or test")
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise InvalidError("an expiry needs a time zone")
    if expires_at <= utc_now():
        raise InvalidError("a key cannot expire in the past")


def rederived(key: ApiKey, secrets: Sequence[str]) -> str | None:
    """The plaintext of a publishable key; `None` when the secret it was made with is gone, or the row was edited."""
    for secret in secrets:
        if keys.secret_fingerprint(secret) == key.secret_fingerprint:
            plaintext = keys.derive_publishable(secret, key.key_id, key.mode)
            # A row copied or edited by hand would otherwise put a key into pages that nothing accepts.
            return plaintext if keys.hash_key(plaintext) == key.key_hash else None
    return None


def _get(transaction: Transaction, key_id: str) -> ApiKey:
    return transaction.get(ApiKey, key_id, NO_KEY)


def _target(key: ApiKey) -> tuple[str, str]:
    return "api_key", key.key_id
