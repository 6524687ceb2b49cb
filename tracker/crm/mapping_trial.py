"""Takes a client's latest leads through its mapping, for ``mapping test`` and ``mapping check``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tracker.config.records import ClientRecord
from tracker.crm.base import CrmAdapter, Entity, RefusedError
from tracker.crm.mapping import Plan
from tracker.crm.mapping_check import Report, check
from tracker.leads.documents import Lead

UNCONNECTED_ENTITY = "Lead"
"""What leads are taken to become while their client has no CRM."""


def plan_of(client: ClientRecord, adapter: CrmAdapter | None, region: str) -> Plan:
    """The mapping of a client as a sync would use it.

    :param adapter: of its connection; ``None`` = there is none yet, and with it no default mapping.
    :param region: ISO 3166 code of phone numbers, where the client has set none.
    """
    if adapter is None:
        return Plan.of(client, lambda _entity: (), UNCONNECTED_ENTITY, region)
    return Plan.of(client, adapter.defaults, adapter.default_entity, region)


async def describe_all(adapter: CrmAdapter, entities: Iterable[str]) -> dict[str, Entity | None]:
    """The fields of each entity, ``None`` for what the CRM does not have; empty where it cannot tell.

    :raises CrmError: when the CRM does not answer, or refuses the credentials.
    """
    if not adapter.capabilities.describes:
        return {}
    found: dict[str, Entity | None] = {}
    for name in entities:
        try:
            found[name] = await adapter.describe(name)
        except RefusedError:
            found[name] = None
    return found


async def latest_leads(client_id: str, number: int) -> list[dict[str, Any]]:
    """The newest leads of a client as they are stored, those of its tests left out."""
    if number < 1:
        return []
    query = {"clientId": client_id, "test": {"$ne": True}}
    rows: list[dict[str, Any]] = (
        await Lead.get_pymongo_collection().find(query).sort("createdAt", -1).limit(number).to_list()
    )
    return rows


async def check_mapping(
    client: ClientRecord, adapter: CrmAdapter, region: str, leads: Iterable[dict[str, Any]]
) -> Report:
    """What the CRM would refuse of these mappings and leads.

    :raises CrmError: as `describe_all`.
    """
    plan = plan_of(client, adapter, region)
    return check(plan, await describe_all(adapter, plan.entities), leads)
