"""Makes accounts ready, for the loop in the worker and for commands."""

from __future__ import annotations

import asyncio

from tracker.config.cache import ConfigCache
from tracker.config.models import CrmConnection
from tracker.config.records import ClientRecord, CrmRecord
from tracker.config.service import ConfigService
from tracker.crm.base import CrmAdapter
from tracker.crm.registry import adapter_class
from tracker.crm.sync.account import Account
from tracker.crm.sync.runner import OpenAccount


async def open_account(
    service: ConfigService, client: ClientRecord, row: CrmConnection, *, timeout_seconds: float = 30.0
) -> Account:
    """An account of a client; its adapter is to be closed.

    :raises InvalidError: when no package brings this kind of CRM.
    :raises SettingsError: when the secret that the credentials were sealed with is gone.
    """
    record = CrmRecord(
        connection_id=row.connection_id, adapter=row.adapter, settings=row.settings, version=row.updated_at.isoformat()
    )
    return await _account(service, client, record, timeout_seconds)


def opener(cache: ConfigCache, service: ConfigService, timeout_seconds: float) -> OpenAccount:
    """What the loop opens accounts with: the client as the cache knows it, the credentials from the database."""

    async def find(connection_id: str, client_id: str) -> Account | None:
        client = await cache.client(client_id)
        if client is None or not client.is_active:
            return None
        record = next((one for one in client.crm if one.connection_id == connection_id), None)
        return None if record is None else await _account(service, client, record, timeout_seconds)

    return find


async def _account(service: ConfigService, client: ClientRecord, record: CrmRecord, timeout_seconds: float) -> Account:
    credentials = await asyncio.to_thread(service.crm_credentials, record.connection_id)
    kind = adapter_class(record.adapter)
    adapter: CrmAdapter = kind.open(credentials, record.settings, timeout_seconds=timeout_seconds)
    return Account(client, record, adapter, service.default_region)
