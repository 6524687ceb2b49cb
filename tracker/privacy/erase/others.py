"""The stores that need little more than a query, and what is counted for a dry run."""

from __future__ import annotations

from typing import Any

from tracker.privacy.erase.mentions import strip, strip_mentions
from tracker.privacy.erase.work import COLLECTION, Work
from tracker.privacy.locate import DRAFTS, deliveries, draft_queries
from tracker.privacy.owned import parts
from tracker.privacy.scan import scan

_DELIVERIES = "webhook_deliveries"
_AT_ONCE = 500
# Looked through with their own rules before, or holding nothing but hashes and seals.
_KNOWN = frozenset({"events", "sessions", "leads", _DELIVERIES, COLLECTION})


async def delete_deliveries(work: Work) -> None:
    """Messages to webhooks about the person, with the logs of their attempts; out of others' the value."""
    batch: list[str] = []
    async for row in deliveries(work.database, work.notes.subject, work.notes.found):
        batch.append(row["_id"])
        if len(batch) >= _AT_ONCE:
            await work.remove(_DELIVERIES, {"_id": {"$in": batch}})
            batch = []
    await work.remove(_DELIVERIES, {"_id": {"$in": batch}})
    await strip_mentions(work, _DELIVERIES)


async def delete_drafts(work: Work) -> None:
    """Sealed drafts of forms."""
    for query in draft_queries(work.notes.subject, work.notes.found, work.tools.hasher):
        await work.remove(DRAFTS, query)


async def strip_rest(work: Work) -> None:
    """All other collections, whatever they are: the value goes."""
    for name in sorted(await work.database.list_collection_names()):
        if name not in _KNOWN and not name.startswith("system."):
            async for row in scan(work.database[name], work.needles, work.notes.subject.client_query):
                await strip(work, name, row)


# ------------------------------------------------------------------------------------------------------------ counting


async def count_letters(work: Work) -> int:
    """Dead letters."""
    return len(work.notes.found.letters)


async def count_deliveries(work: Work) -> int:
    """Messages to webhooks."""
    return len(work.notes.found.deliveries)


async def count_drafts(work: Work) -> int:
    """Sealed drafts."""
    return len(work.notes.found.drafts)


async def count_events(work: Work) -> int:
    """Events."""
    return len(work.notes.found.events)


async def count_leads(work: Work) -> int:
    """Leads."""
    return len(work.notes.found.lead_keys)


async def count_mentions(work: Work) -> int:
    """Documents of others that hold an address."""
    return len(work.notes.found.mentions)


async def count_nothing(_: Work) -> int:
    """What is only found by deleting it."""
    return 0


async def count_attempts(work: Work) -> int:
    """What CRMs answered."""
    return sum([await work.database["crm_attempts"].count_documents(query) for query in _of_leads(work)])


async def count_sessions(work: Work) -> int:
    """Visits that are stored; some may have expired."""
    total = 0
    for client, session in work.notes.found.sessions:
        total += await work.database["sessions"].count_documents({"clientId": client, "sessionId": session})
    return total


def _of_leads(work: Work) -> list[dict[str, Any]]:
    return [
        {"clientId": client, "leadId": {"$in": some}}
        for client, leads in work.notes.found.leads.items()
        for some in parts(leads)
    ]
