"""A client's CRM accounts, from what operators have configured to an adapter that can be used.

Synchronous where the configuration is read: call it in a thread from async code.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tracker.config.models import CrmConnection
from tracker.config.service import ConfigService
from tracker.crm.base import CrmAdapter
from tracker.crm.registry import adapter_class
from tracker.errors import InvalidError, NotFoundError

TIMEOUT_SECONDS = 30.0
"""How long an operator waits for one answer of a CRM."""


def connections_of(service: ConfigService, client_ref: str) -> list[CrmConnection]:
    """The active connections of a client, in the order they were made.

    :raises NotFoundError: when there is no such client.
    """
    return [connection for connection in service.list_crm(client_ref) if connection.is_active]


def connection_of(service: ConfigService, client_ref: str, name: str | None = None) -> CrmConnection:
    """The one connection that is meant, active or not if it is named.

    :param name: its kind, such as ``salesforce``, or its id; ``None`` = the only active one.
    :raises NotFoundError: when the client has no (such) connection.
    :raises InvalidError: when it has several and none is named.
    """
    if name is None:
        found = connections_of(service, client_ref)
    else:
        found = [one for one in service.list_crm(client_ref) if name in (one.connection_id, one.adapter)]
    if not found:
        which = "active CRM connection" if name is None else "CRM connection of that kind or id"
        raise NotFoundError(f"the client has no {which}; `trackerctl crm list` shows them, `crm connect` makes one")
    if len(found) > 1:
        known = ", ".join(f"{one.connection_id} ({one.adapter})" for one in found)
        raise InvalidError(f"the client has several CRM connections; name one with --crm: {known}")
    return found[0]


def open_adapter(
    service: ConfigService, connection: CrmConnection, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> CrmAdapter:
    """The adapter of a connection, before any I/O of its own; close it in the end.

    :param timeout_seconds: for each answer of the CRM.
    :raises InvalidError: when no package brings this kind of CRM, or the settings are not for it.
    :raises SettingsError: when the secret that the credentials were sealed with is gone.
    """
    kind = adapter_class(connection.adapter)
    credentials = service.crm_credentials(connection.connection_id)
    return kind.open(credentials, connection.settings, timeout_seconds=timeout_seconds)


@asynccontextmanager
async def opened(service: ConfigService, connection: CrmConnection) -> AsyncIterator[CrmAdapter]:
    """The same, closed behind its last use; for commands, which may block. Raises as `open_adapter`."""
    adapter = open_adapter(service, connection)
    try:
        yield adapter
    finally:
        await adapter.close()
