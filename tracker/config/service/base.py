"""What all writes of the configuration share: one transaction, its audit entries, the notice after the commit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

from tracker.config.failures import explained
from tracker.config.models import ApiKey, AuditEntry, Client, WebhookEndpoint
from tracker.config.service.lookup import Row, checked_fresh, find_row
from tracker.config.views import json_ready
from tracker.errors import ConflictError
from tracker.settings import Settings
from tracker.stores.relational import for_writing

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IssuedKey:
    """A fresh key. ``plaintext`` is nowhere else: a secret key is lost when it is not shown now."""

    key: ApiKey
    plaintext: str

    def __repr__(self) -> str:
        return f"IssuedKey(key_id={self.key.key_id!r})"


@dataclass(frozen=True)
class CreatedClient:
    """A new client together with its first publishable key."""

    client: Client
    key: IssuedKey


@dataclass(frozen=True)
class CreatedWebhook:
    """A webhook endpoint with its secret, which no view shows again."""

    endpoint: WebhookEndpoint
    secret: str

    def __repr__(self) -> str:
        return f"CreatedWebhook(endpoint_id={self.endpoint.endpoint_id!r})"


@dataclass
class Transaction:
    """One open transaction of a write."""

    session: Session
    actor: str
    dirty: bool = False

    def get(self, model: type[Row], key: str, refusal: str, expected: datetime | None = None) -> Row:
        """The row, locked until the end of the transaction.

        :param expected: its ``updated_at`` as the caller saw it; ``None`` = whatever it is now.
        :raises NotFoundError: with ``refusal`` as detail.
        :raises StaleError: when somebody has changed it since.
        """
        return checked_fresh(find_row(self.session, model, key, refusal, lock=True), expected)

    def record(
        self,
        action: str,
        target: tuple[str, str],
        client_id: str | None,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the audit entry of a change and flush it. Given both sides, only what differs is kept.

        :param target: kind and id of what was changed.
        """
        if before is not None and after is not None:
            changed = [name for name in after if before.get(name) != after[name] and name != "updatedAt"]
            if not changed:
                return
            before = {name: before.get(name) for name in changed}
            after = {name: after[name] for name in changed}
        kind, target_id = target
        self.dirty = True
        self.session.add(
            AuditEntry(
                actor=self.actor,
                action=action,
                target_kind=kind,
                target_id=target_id,
                client_id=client_id,
                before=json_ready(before),
                after=json_ready(after),
            )
        )
        self.session.flush()


class ServiceBase:
    """Engine, settings, actor and notice of a `ConfigService`.

    :param actor: who is written into the audit log, like ``cli:root`` or ``api:<token subject>``.
    :param notify: called after each commit that changed something, to invalidate caches.
    """

    def __init__(self, engine: Engine, settings: Settings, *, actor: str, notify: Callable[[], None]) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._settings = settings
        self._actor = actor[:255]
        self._notify = notify
        self._joint = threading.local()

    @property
    def default_region(self) -> str:
        """Region of phone numbers without a ``+``, for clients that have set none."""
        return self._settings.default_region

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """All writes of this thread inside it commit together or not at all, and are announced once."""
        with self._write() as transaction:
            self._joint.transaction = transaction
            try:
                yield
            finally:
                self._joint.transaction = None

    @contextmanager
    def _write(self) -> Iterator[Transaction]:
        joint: Transaction | None = getattr(self._joint, "transaction", None)
        if joint is not None:
            yield joint
            return
        with Session(self._writing, expire_on_commit=False) as session:
            transaction = Transaction(session, self._actor)
            try:
                with session.begin():
                    yield transaction
            except IntegrityError:
                raise ConflictError("somebody else changed the same thing at this moment; look again") from None
            except (DBAPIError, PoolTimeoutError) as error:
                raise explained(self._engine, error) from None
        if transaction.dirty:
            self._announce()

    @contextmanager
    def _read(self) -> Iterator[Session]:
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                yield session
        except (DBAPIError, PoolTimeoutError) as error:
            raise explained(self._engine, error) from None

    def _announce(self) -> None:
        try:
            self._notify()
        except Exception as error:
            # The change is committed, and a secret key would be lost if its only answer became an error. Caches
            # expire by themselves.
            log.warning("config.notice_failed", error=type(error).__name__)
