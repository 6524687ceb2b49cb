"""CRM connections: the accounts that a client's leads are brought to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from tracker.config import values
from tracker.config.models import CrmConnection, new_id
from tracker.config.service.base import ServiceBase
from tracker.config.service.lookup import find_client, find_row
from tracker.config.service.pages import Listing
from tracker.config.vault import Vault
from tracker.config.views import describe_connection
from tracker.paging import Page

NO_CONNECTION = "no such CRM connection; `trackerctl crm list` shows the ids"

_CONNECTIONS = Listing(
    "crm", CrmConnection, "connection_id", {"createdAt": "created_at", "adapter": "adapter"}, describe_connection
)


class Crm(ServiceBase):
    """Reads and writes of CRM connections. No result of it holds credentials but :meth:`crm_credentials`."""

    def create_crm(
        self,
        client_ref: str,
        adapter: str,
        credentials: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
        connection_id: str | None = None,
    ) -> CrmConnection:
        """Connect a client with a CRM account.

        :param adapter: kind of CRM, one word like ``salesforce``.
        :param credentials: names and texts, stored sealed under the current secret.
        :param settings: a free JSON object without secrets.
        :param connection_id: the id it had before, when it is made anew; ``None`` = a fresh one.
        """
        kind = values.adapter(adapter)
        sealed = self._sealed_credentials(credentials)
        free = values.document({}, settings, "settings")
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            connection = CrmConnection(
                connection_id=connection_id or new_id(),
                client_id=client.client_id,
                adapter=kind,
                credentials=sealed,
                settings=free,
            )
            transaction.session.add(connection)
            after = describe_connection(connection)
            transaction.record("crm.create", _target(connection), connection.client_id, after=after)
        return connection

    def list_crm(self, client_ref: str | None = None) -> list[CrmConnection]:
        """All connections of a client, or of all, in the order they were made."""
        with self._read() as session:
            query = _of(session, client_ref)
            return list(session.exec(query.order_by(col(CrmConnection.created_at), col(CrmConnection.connection_id))))

    def page_crm(
        self,
        client_ref: str | None = None,
        is_active: bool | None = None,
        sort: str = "createdAt",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """A page of the same; sorted by ``createdAt`` or ``adapter``.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            query = _of(session, client_ref)
            if is_active is not None:
                query = query.where(CrmConnection.is_active == is_active)
            return _CONNECTIONS.page(session, query, sort, limit, cursor)

    def get_crm(self, connection_id: str) -> CrmConnection:
        """One connection.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, CrmConnection, connection_id, NO_CONNECTION)

    def update_crm(
        self,
        connection_id: str,
        *,
        credentials: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        is_active: bool | None = None,
        expected: datetime | None = None,
    ) -> CrmConnection:
        """Change what is given; ``None`` leaves a value as it is.

        :param credentials: replaces all of them.
        :param settings: merged as RFC 7396 says.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        sealed = None if credentials is None else self._sealed_credentials(credentials)
        with self._write() as transaction:
            connection = transaction.get(CrmConnection, connection_id, NO_CONNECTION, expected)
            before = describe_connection(connection)
            connection.settings = values.document(connection.settings, settings, "settings")
            connection.is_active = connection.is_active if is_active is None else is_active
            connection.credentials = sealed or connection.credentials
            after = describe_connection(connection)
            if sealed:
                # That they were replaced is worth an entry, what they are is not.
                before, after = before | {"credentials": "sealed"}, after | {"credentials": "replaced"}
            transaction.record("crm.update", _target(connection), connection.client_id, before=before, after=after)
        return connection

    def delete_crm(self, connection_id: str, *, expected: datetime | None = None) -> CrmConnection:
        """Delete a connection with its credentials; gives what it was. ``expected`` as in `update_crm`."""
        with self._write() as transaction:
            connection = transaction.get(CrmConnection, connection_id, NO_CONNECTION, expected)
            transaction.session.delete(connection)
            before = describe_connection(connection)
            transaction.record("crm.delete", _target(connection), connection.client_id, before=before)
        return connection

    def crm_credentials(self, connection_id: str) -> dict[str, str]:
        """The credentials of a connection, for its adapter.

        :raises NotFoundError: when there is no such connection.
        :raises SettingsError: when the secret that they were sealed with is gone.
        """
        sealed = self.get_crm(connection_id).credentials
        return msgspec.json.decode(Vault(self._settings.secrets).open(sealed), type=dict[str, str])

    def _sealed_credentials(self, credentials: Mapping[str, Any]) -> str:
        checked = values.credentials(credentials)
        return Vault(self._settings.secrets).seal(msgspec.json.encode(checked).decode())


def _of(session: Session, client_ref: str | None) -> SelectOfScalar[CrmConnection]:
    query = select(CrmConnection)
    if client_ref is None:
        return query
    return query.where(CrmConnection.client_id == find_client(session, client_ref).client_id)


def _target(connection: CrmConnection) -> tuple[str, str]:
    return "crm", connection.connection_id
