"""Clients: the sites that are tracked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from tracker.config import values
from tracker.config.models import Client, new_id
from tracker.config.records import KeyMode
from tracker.config.service.base import CreatedClient, ServiceBase, Transaction
from tracker.config.service.keys import add_key
from tracker.config.service.lookup import find_client
from tracker.config.views import describe_client
from tracker.errors import ConflictError


class Clients(ServiceBase):
    """Reads and writes of clients; ``ref`` is an id, the first 8 or more characters of one, or a domain."""

    def create_client(
        self,
        domain: str,
        name: str | None = None,
        origins: Iterable[str] = (),
        retention_days: int | None = None,
        config: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        mode: KeyMode = "live",
    ) -> CreatedClient:
        """Make a client and its first publishable key, so that it can be used at once.

        :param domain: host name; ``https://Example.com/`` is understood. Stored as punycode where it is not ASCII.
        :param origins: further origins (``scheme://host[:port]``) that the key is accepted from.
        :param retention_days: life of events; ``None`` or 0 = the global setting.
        :raises ConflictError: when the domain is taken.
        :raises InvalidError: naming the value that cannot be used.
        """
        host = values.domain(domain)
        client = Client(
            client_id=new_id(),
            name=values.optional_text(name, "a name") or host,
            domain=host,
            allowed_origins=values.origins(origins),
            retention_days=values.retention_days(retention_days),
            config=values.widget_config({}, config),
            settings=values.client_settings({}, settings),
        )
        with self._write() as transaction:
            transaction.session.add(client)
            self._flush_domain(transaction, host)
            transaction.record("client.create", _target(client), client.client_id, after=_audited(client))
            key = add_key(transaction, self._settings.secrets[0], client.client_id, "publishable", mode)
        return CreatedClient(client, key)

    def list_clients(self, active: bool | None = None) -> list[Client]:
        """All clients by domain; only the active or inactive ones when ``active`` is given."""
        query = select(Client).order_by(col(Client.domain))
        if active is not None:
            query = query.where(Client.is_active == active)
        with self._read() as session:
            return list(session.exec(query))

    def get_client(self, ref: str) -> Client:
        """One client.

        :raises NotFoundError: when there is none.
        :raises InvalidError: when the beginning of an id fits several.
        """
        with self._read() as session:
            return find_client(session, ref)

    def update_client(
        self,
        ref: str,
        *,
        name: str | None = None,
        domain: str | None = None,
        origins: Iterable[str] | None = None,
        retention_days: int | None = None,
        config: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Client:
        """Change what is given; ``None`` leaves a value as it is.

        :param origins: replaces the list.
        :param retention_days: 0 goes back to the global setting.
        :param config: merged into what is stored as RFC 7396 says: objects merge, ``null`` goes back to the default.
        :param settings: likewise.
        :raises ConflictError: when the domain is taken.
        """
        with self._write() as transaction:
            client = find_client(transaction.session, ref, lock=True)
            before = _audited(client)
            client.name = values.optional_text(name, "a name") or client.name
            client.domain = client.domain if domain is None else values.domain(domain)
            client.allowed_origins = client.allowed_origins if origins is None else values.origins(origins)
            if retention_days is not None:
                client.retention_days = values.retention_days(retention_days)
            client.config = values.widget_config(client.config, config)
            client.settings = values.client_settings(client.settings, settings)
            self._flush_domain(transaction, client.domain)
            transaction.record(
                "client.update", _target(client), client.client_id, before=before, after=_audited(client)
            )
        return client

    def set_client_active(self, ref: str, active: bool) -> Client:
        """Switch a client on or off; its keys are refused while it is off."""
        with self._write() as transaction:
            client = find_client(transaction.session, ref, lock=True)
            before = _audited(client)
            client.is_active = active
            transaction.record(
                "client.enable" if active else "client.disable",
                _target(client),
                client.client_id,
                before=before,
                after=_audited(client),
            )
        return client

    def delete_client(self, ref: str) -> Client:
        """Delete a client with its keys, forms, fields, mappings, webhooks and CRM connections; gives what it was.

        Its events and leads are in the document store and are not touched here.
        """
        with self._write() as transaction:
            client = find_client(transaction.session, ref, lock=True)
            transaction.session.delete(client)
            transaction.record("client.delete", _target(client), client.client_id, before=_audited(client))
        return client

    @staticmethod
    def _flush_domain(transaction: Transaction, domain: str) -> None:
        # The unique index decides, not a look beforehand: two operators may do this at the same moment.
        try:
            transaction.session.flush()
        except IntegrityError:
            raise ConflictError(
                f"{domain} belongs to another client already; `trackerctl client show {domain}` shows it"
            ) from None


def _audited(client: Client) -> dict[str, Any]:
    # What was set, without the defaults that the view fills in: setting a default on purpose is a change.
    return describe_client(client) | {"config": client.config, "settings": client.settings}


def _target(client: Client) -> tuple[str, str]:
    return "client", client.client_id
