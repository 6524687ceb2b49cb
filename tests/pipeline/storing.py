"""Storing events and looking at what is left of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.errors import PyMongoError

from tests.fixtures.builders import a_batch, drafted
from tracker.config.records import ClientRecord
from tracker.pipeline.draft import Draft
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents, is_outage


async def deliver(store: Store, drafts: Sequence[Draft], *, maybe_known: bool = False) -> set[tuple[str, str]]:
    """Store as the worker does: a conflict that lasts too long is an outage, and the job comes again."""
    while True:
        try:
            return await store.store(drafts, maybe_known=maybe_known)
        except PyMongoError as error:
            if not is_outage(error):
                raise


async def put(store: Store, client: ClientRecord, *events: dict[str, Any], **batch: Any) -> set[tuple[str, str]]:
    return await deliver(store, drafted(client, a_batch(client, *events, **batch)))


async def found(documents: Documents, collection: str, client: ClientRecord) -> list[dict[str, Any]]:
    cursor = documents.database[collection].find({"clientId": client.client_id}, {"_id": 0})
    return await cursor.sort([("createdAt", 1), ("eventId", 1)]).to_list()


async def one_lead(documents: Documents, client: ClientRecord) -> dict[str, Any]:
    [lead] = await found(documents, "leads", client)
    return lead
