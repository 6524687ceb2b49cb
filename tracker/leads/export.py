"""All leads that a filter leaves, one after the other: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from tracker.leads.documents import Lead
from tracker.views import document_view

COLUMNS = (
    "leadId", "clientId", "createdAt", "updatedAt", "status", "quality", "source", "formId",
    "email", "name", "firstName", "lastName", "phone", "phoneE164", "company", "message", "fields",
    "utmSource", "utmMedium", "utmCampaign", "referrer", "landingPage", "attribution", "notes", "tags",
    "sessionId", "visitorId", "submittedAt", "abandonedAt", "lastInteractionAt",
    "crmSynced", "crmSyncedAt", "crmId", "test",
)  # fmt: skip
"""What an export holds if nothing else is asked for: all of a lead but its history and how its values came about."""

_BATCH = 200


async def count_leads(query: Mapping[str, Any]) -> int:
    """How many leads an export will hold, unless some come or go meanwhile."""
    return await Lead.get_pymongo_collection().count_documents(dict(query))


async def each_lead(query: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """JSON-ready leads, client by client, the newest first.

    That order is an index's: to sort the leads of all clients by time, MongoDB would hold all of them in memory.

    :param query: of :func:`tracker.leads.service.lead_query`.
    """
    leads = Lead.get_pymongo_collection()
    clients = [query["clientId"]] if "clientId" in query else sorted(await leads.distinct("clientId"))
    for client_id in clients:
        cursor = leads.find({**query, "clientId": client_id}, batch_size=_BATCH).sort("createdAt", -1)
        async for row in cursor:
            yield document_view(row)


def pick(lead: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as ``email`` or ``fields.budget``; ``None`` where there is none.

    A name may hold dots itself: the longest name that is there wins.
    """
    if path in lead:
        return lead[path]
    head, _, rest = path.partition(".")
    below = lead.get(head)
    return pick(below, rest) if rest and isinstance(below, Mapping) else None
