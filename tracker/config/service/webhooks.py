"""Webhook endpoints: URLs that are told about a client's leads."""

from __future__ import annotations

import base64
import secrets as randomness
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from tracker.config import values
from tracker.config.models import WebhookEndpoint, new_id
from tracker.config.service.base import CreatedWebhook, ServiceBase
from tracker.config.service.lookup import find_client, find_row
from tracker.config.service.pages import Listing
from tracker.config.vault import Vault
from tracker.config.views import describe_webhook, iso
from tracker.paging import Page

NO_WEBHOOK = "no such webhook; `trackerctl webhook list` shows the ids"
OVERLAP = timedelta(hours=24)
"""For so long after a rotation messages carry the signatures of both secrets."""

_SECRET_BYTES = 24

_WEBHOOKS = Listing("webhooks", WebhookEndpoint, "endpoint_id", {"createdAt": "created_at"}, describe_webhook)


@dataclass(frozen=True)
class WebhookTarget:
    """What a message is sent with.

    :ivar secrets: ``whsec_…``, the current one first; the one before it while both are good.
    :ivar changed_at: when somebody changed it last.
    """

    endpoint_id: str
    client_id: str
    url: str
    event_types: tuple[str, ...]
    is_active: bool
    changed_at: datetime
    secrets: tuple[str, ...] = field(repr=False)


class Webhooks(ServiceBase):
    """Reads and writes of webhook endpoints."""

    def create_webhook(
        self,
        client_ref: str,
        url: str,
        event_types: Iterable[str] = (),
        description: str | None = None,
        endpoint_id: str | None = None,
        secret: str | None = None,
    ) -> CreatedWebhook:
        """Add an endpoint to a client, with a secret that its messages are signed with.

        :param url: ``https://…`` or ``http://…``, without user name, password and fragment.
        :param event_types: what it is told, like ``lead.created``; empty = everything.
        :param endpoint_id: the id it had before, when it is made anew; ``None`` = a fresh one.
        :param secret: the one it had before, ``whsec_…``; ``None`` = a fresh one.
        :returns: the endpoint and its secret, ``whsec_`` and base64 (Standard Webhooks). It is not shown again.
        """
        address = values.webhook_url(url)
        kinds = values.event_types(event_types)
        words = values.optional_text(description, "a description")
        secret = values.webhook_secret(secret) if secret else _mint()
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            endpoint = WebhookEndpoint(
                endpoint_id=endpoint_id or new_id(),
                client_id=client.client_id,
                url=address,
                description=words,
                event_types=kinds,
                secret=self._sealed(secret),
            )
            transaction.session.add(endpoint)
            transaction.record("webhook.create", _target(endpoint), endpoint.client_id, after=_audited(endpoint))
        return CreatedWebhook(endpoint, secret)

    def list_webhooks(self, client_ref: str | None = None) -> list[WebhookEndpoint]:
        """All endpoints of a client, or of all, in the order they were made."""
        with self._read() as session:
            query = _of(session, client_ref)
            return list(session.exec(query.order_by(col(WebhookEndpoint.created_at), col(WebhookEndpoint.endpoint_id))))

    def page_webhooks(
        self,
        client_ref: str | None = None,
        is_active: bool | None = None,
        sort: str = "createdAt",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """A page of the same; sorted by ``createdAt``.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            query = _of(session, client_ref)
            if is_active is not None:
                query = query.where(WebhookEndpoint.is_active == is_active)
            return _WEBHOOKS.page(session, query, sort, limit, cursor)

    def get_webhook(self, endpoint_id: str) -> WebhookEndpoint:
        """One endpoint.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, WebhookEndpoint, endpoint_id, NO_WEBHOOK)

    def update_webhook(
        self,
        endpoint_id: str,
        *,
        url: str | None = None,
        event_types: Iterable[str] | None = None,
        description: str | None = None,
        is_active: bool | None = None,
        expected: datetime | None = None,
    ) -> WebhookEndpoint:
        """Change what is given; ``None`` leaves a value as it is.

        :param event_types: replaces the list; empty = everything.
        :param description: the empty text removes it.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            endpoint = transaction.get(WebhookEndpoint, endpoint_id, NO_WEBHOOK, expected)
            before = _audited(endpoint)
            endpoint.url = endpoint.url if url is None else values.webhook_url(url)
            if event_types is not None:
                endpoint.event_types = values.event_types(event_types)
            if description is not None:
                endpoint.description = values.optional_text(description, "a description")
            endpoint.is_active = endpoint.is_active if is_active is None else is_active
            if is_active is not None:
                endpoint.disabled_at = endpoint.disabled_reason = None
            after = _audited(endpoint)
            transaction.record("webhook.update", _target(endpoint), endpoint.client_id, before=before, after=after)
        return endpoint

    def rotate_webhook_secret(
        self, endpoint_id: str, *, secret: str | None = None, expected: datetime | None = None
    ) -> CreatedWebhook:
        """Give an endpoint a new secret; what is sent is signed with both for `OVERLAP`, then with it alone.

        :param secret: ``whsec_…``; ``None`` = a fresh one.
        :param expected: as in `update_webhook`.
        """
        secret = values.webhook_secret(secret) if secret else _mint()
        with self._write() as transaction:
            endpoint = transaction.get(WebhookEndpoint, endpoint_id, NO_WEBHOOK, expected)
            endpoint.previous_secret = endpoint.secret
            endpoint.previous_secret_until = datetime.now(UTC) + OVERLAP
            endpoint.secret = self._sealed(secret)
            transaction.record("webhook.rotate", _target(endpoint), endpoint.client_id)
        return CreatedWebhook(endpoint, secret)

    def delete_webhook(self, endpoint_id: str, *, expected: datetime | None = None) -> WebhookEndpoint:
        """Delete an endpoint; gives what it was. ``expected`` as in `update_webhook`."""
        with self._write() as transaction:
            endpoint = transaction.get(WebhookEndpoint, endpoint_id, NO_WEBHOOK, expected)
            transaction.session.delete(endpoint)
            before = _audited(endpoint)
            transaction.record("webhook.delete", _target(endpoint), endpoint.client_id, before=before)
        return endpoint

    def disable_webhook(self, endpoint_id: str, reason: str, failing_since: datetime | None = None) -> bool:
        """Switch an endpoint off because it takes nothing any more; the audit log says why.

        :param reason: a word: ``gone`` or ``failing``.
        :param failing_since: for the audit log.
        :returns: whether it was on.
        :raises NotFoundError: when there is none.
        """
        with self._write() as transaction:
            endpoint = transaction.get(WebhookEndpoint, endpoint_id, NO_WEBHOOK)
            if not endpoint.is_active:
                return False
            endpoint.is_active = False
            endpoint.disabled_at, endpoint.disabled_reason = datetime.now(UTC), reason
            after = {"isActive": False, "disabledReason": reason, "failingSince": iso(failing_since)}
            transaction.record("webhook.disable", _target(endpoint), endpoint.client_id, after=after)
        return True

    def webhook_target(self, endpoint_id: str) -> WebhookTarget:
        """Where and with which secrets messages to an endpoint are sent now.

        :raises NotFoundError: when there is no such endpoint.
        :raises SettingsError: when the secret that its own is sealed with is gone.
        """
        row, vault = self.get_webhook(endpoint_id), Vault(self._settings.secrets)
        secrets = [vault.open(row.secret)]
        until = row.previous_secret_until
        if row.previous_secret and until is not None and until > datetime.now(UTC):
            secrets.append(vault.open(row.previous_secret))
        return WebhookTarget(
            endpoint_id=row.endpoint_id,
            client_id=row.client_id,
            url=row.url,
            event_types=tuple(row.event_types),
            is_active=row.is_active,
            changed_at=row.updated_at,
            secrets=tuple(secrets),
        )

    def webhook_secret(self, endpoint_id: str) -> str:
        """The secret of an endpoint, for signing.

        :raises NotFoundError: when there is no such endpoint.
        :raises SettingsError: when the secret that it was sealed with is gone.
        """
        return Vault(self._settings.secrets).open(self.get_webhook(endpoint_id).secret)

    def _sealed(self, secret: str) -> str:
        return Vault(self._settings.secrets).seal(secret)


def _audited(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """As the audit log may know it: the query of an address is often a key, and only that it changed is told."""
    view = describe_webhook(endpoint)
    address, _, query = endpoint.url.partition("?")
    return {**view, "url": f"{address}?…{sha256(query.encode()).hexdigest()[:8]}"} if query else view


def _of(session: Session, client_ref: str | None) -> SelectOfScalar[WebhookEndpoint]:
    query = select(WebhookEndpoint)
    if client_ref is None:
        return query
    return query.where(WebhookEndpoint.client_id == find_client(session, client_ref).client_id)


def _mint() -> str:
    return "whsec_" + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode("ascii")


def _target(endpoint: WebhookEndpoint) -> tuple[str, str]:
    return "webhook", endpoint.endpoint_id
