"""Binds the document classes to MongoDB: the one place that knows all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from beanie import Document, init_beanie
from pymongo import IndexModel

from tracker.analytics.documents import AnalyticsDaily
from tracker.crm.sync.documents import CrmAttempt, CrmDue, CrmState
from tracker.leads.documents import Lead
from tracker.pipeline.documents import Event, Session
from tracker.privacy.documents import LeadDraft, RetentionMark, Suppression
from tracker.privacy.erase.documents import Erasure
from tracker.settings import Settings
from tracker.stores.documents import Documents, connect, ensure_indexes, open_database
from tracker.webhooks.documents import WebhookDelivery, WebhookFailing

log = structlog.get_logger(__name__)

DOCUMENTS: tuple[type[Document], ...] = (
    *(Event, Lead, Session, AnalyticsDaily),
    *(CrmDue, CrmState, CrmAttempt),
    *(WebhookDelivery, WebhookFailing),
    *(Suppression, Erasure, RetentionMark, LeadDraft),
)


def declared_indexes() -> dict[str, list[IndexModel]]:
    """Every index that the document classes declare, by collection."""
    return {one.Settings.name: list(one.Settings.indexes) for one in DOCUMENTS if one.Settings.indexes}


@asynccontextmanager
async def open_documents(settings: Settings, *, indexes: bool = False) -> AsyncIterator[Documents]:
    """Connect and bind the document classes.

    :param indexes: also make the indexes that are missing; for the worker, at its start.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    async with connect(settings) as client:
        documents = await open_database(client, settings)
        if indexes:
            await ensure_indexes(documents.database, declared_indexes())
        await init_beanie(documents.database, document_models=list(DOCUMENTS), skip_indexes=True)
        if not documents.transactions:
            log.warning("mongodb_without_transactions", hint="run a replica set: counters may be off after a crash")
        yield documents
