"""What a transaction did to a lead, for those who tell others of it: CRM accounts and webhooks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tracker.config.records import ClientRecord


@dataclass(frozen=True, slots=True)
class LeadChange:
    """A lead before and after.

    :ivar before: ``None`` for a new lead; :ivar after: what is about to be stored, which may still be added to.
    """

    before: dict[str, Any] | None
    after: dict[str, Any]
    client: ClientRecord


def has_listeners(client: ClientRecord) -> bool:
    """Whether anybody is told of this client's leads; nothing is copied or compared for the others."""
    return bool(client.crm or client.webhooks)


def copies(leads: Iterable[dict[str, Any]], clients: Mapping[str, ClientRecord]) -> dict[str, dict[str, Any]]:
    """Leads as they are now, by id, of those clients that somebody is told of."""
    return {
        lead["leadId"]: deepcopy(lead)
        for lead in leads
        if (client := clients.get(lead["clientId"])) is not None and has_listeners(client)
    }


def changes(
    before: Mapping[str, dict[str, Any]], after: Iterable[dict[str, Any]], clients: Mapping[str, ClientRecord]
) -> list[LeadChange]:
    """What became of these leads.

    :param before: as `copies` made them, before anything was changed.
    """
    found = []
    for lead in after:
        client = clients.get(lead["clientId"])
        if client is not None and has_listeners(client):
            found.append(LeadChange(before.get(lead["leadId"]), lead, client))
    return found
