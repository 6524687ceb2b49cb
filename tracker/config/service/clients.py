"""Clients: the sites that are tracked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from tracker.config import values
from tracker.config.models import Client, new_id
from tracker.config.read import load_client
from tracker.config.records import ClientRecord, KeyMode
from tracker.config.service.base import CreatedClient, ServiceBase, Transaction
from tracker.config.service.keys import add_key
from tracker.config.service.lookup import find_client
from tracker.config.service.pages import Listing
from tracker.config.views import describe_client
from tracker.errors import ConflictError
from tracker.paging import Page

_CLIENTS = Listing(
    "clients",
    Client,
    "client_id",
    {"createdAt": "created_at", "domain": "domain", "name": "name"},
    describe_client,
)


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
        client_id: str | None = None,
    ) -> CreatedClient:
        """Make a client and its first publishable key, so that it can be used at once.

        :param domain: host name; ``https://Example.com/`` is understood. Stored as punycode where it is not ASCII.
        :param origins: further origins (``scheme://host[:port]``) that the key is accepted from.
        :param retention_days: life of events; ``None`` or 0 = the global setting.
        :param client_id: the id it had before, when it is made anew; ``None`` = a fresh one.
        :raises ConflictError: when the domain is taken.
        :raises InvalidError: naming the value that cannot be used.
        """
        host = values.domain(domain)
        client = Client(
            client_id=client_id or new_id(),
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

    def client_record(self, client_id: str) -> ClientRecord | None:
        """A client as workers know it, with forms, mappings and accounts; ``None`` when there is none."""
        return load_client(self._engine, client_id)

    def page_clients(
        self,
        query: str | None = None,
        is_active: bool | None = None,
        sort: str = "createdAt",
        limit: int = 50,
        cursor: str | None = None,
        only: str | None = None,
    ) -> Page:
        """A page of clients; sorted by ``createdAt``, ``domain`` or ``name``, descending with ``-`` in front.

        :param query: only with this text in the domain or name, in any case.
        :param only: id of the one client that may be seen at all.
        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        wanted = select(Client)
        if query:
            wanted = wanted.where(
                or_(
                    col(Client.domain).icontains(query, autoescape=True),
                    col(Client.name).icontains(query, autoescape=True),
                )
            )
        if is_active is not None:
            wanted = wanted.where(Client.is_active == is_active)
        if only is not None:
            wanted = wanted.where(Client.client_id == only)
        with self._read() as session:
            return _CLIENTS.page(session, wanted, sort, limit, cursor)

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
        is_active: bool | None = None,
        expected: datetime | None = None,
    ) -> Client:
        """Change what is given; ``None`` leaves a value as it is.

        :param origins: replaces the list.
        :param retention_days: 0 goes back to the global setting.
        :param config: merged into what is stored as RFC 7396 says: objects merge, ``null`` goes back to the default.
        :param settings: likewise.
        :param is_active: switch it on or off; its keys are refused while it is off.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises ConflictError: when the domain is taken.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            client = find_client(transaction.session, ref, lock=True, expected=expected)
            before = _audited(client)
            client.name = values.optional_text(name, "a name") or client.name
            client.domain = client.domain if domain is None else values.domain(domain)
            client.allowed_origins = client.allowed_origins if origins is None else values.origins(origins)
            if retention_days is not None:
                client.retention_days = values.retention_days(retention_days)
            client.config = values.widget_config(client.config, config)
            client.settings = values.client_settings(client.settings, settings)
            client.is_active = client.is_active if is_active is None else is_active
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

    def delete_client(self, ref: str, *, expected: datetime | None = None) -> Client:
        """Delete a client with its keys, forms, fields, mappings, webhooks and CRM connections; gives what it was.

        Its events and leads are in the document store and are not touched here.

        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            client = find_client(transaction.session, ref, lock=True, expected=expected)
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
