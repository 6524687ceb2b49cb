"""Retention for operators and for the periodic job: what is in force, what would go, and doing it now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from tracker.config.models import Client
from tracker.config.read import client_settings
from tracker.config.records import ClientSettings
from tracker.config.service import ConfigService
from tracker.config.views import iso
from tracker.privacy.documents import LeadDraft
from tracker.privacy.retention import STORES, Periods, periods_of
from tracker.privacy.retention_expiry import count_differing, follow, pending
from tracker.privacy.retention_leads import delete_due, due_queries, leads_query
from tracker.settings import Settings
from tracker.stores.documents import Database
from tracker.stores.relational import create_engine

log = structlog.get_logger(__name__)

DRAFTS = LeadDraft.Settings.name

_DAY = timedelta(days=1)
# Beside the longest transaction: until every process has heard of the change.
_HEARD_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Site:
    """A client, or what is left of one that was deleted (``domain`` is ``None``): the installation's days hold for it,
    also for leads that a CRM has, since nobody can say otherwise any more."""

    client_id: str
    domain: str | None
    periods: Periods


def site_of(client: Client, settings: Settings) -> Site:
    """A client with the periods in force."""
    periods = periods_of(client_settings(client.settings), client.retention_days, settings.retention_days)
    return Site(client.client_id, client.domain, periods)


# ---------------------------------------------------------------------------------------------------------------- show


async def show(database: Database, site: Site, settings: Settings, now: datetime) -> dict[str, Any]:
    """A client's periods, how much there is of each kind, and how much goes within a day.

    :returns: ``{clientId, domain, pending, stores: [{store, days, source, documents, nextDay}], drafts: {days,
        documents}}``; ``days`` is ``null`` for what is kept until somebody deletes it; ``pending``: stored documents
        are still being given their new days.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    counts = await _counts(database, site, now)
    stores = [
        {
            "store": store,
            "days": site.periods.of(store).days,
            "source": site.periods.of(store).source,
            "documents": counts[store][0],
            "nextDay": counts[store][1],
        }
        for store in STORES
    ]
    drafts = await database[DRAFTS].count_documents({"clientId": site.client_id})
    stored = any(counts[store][0] for store in ("events", "sessions"))
    return {
        "clientId": site.client_id,
        "domain": site.domain,
        "pending": stored and await pending(database, site.client_id, site.periods),
        "stores": stores,
        "drafts": {"days": settings.draft_days, "documents": drafts},
    }


async def _counts(database: Database, site: Site, now: datetime) -> dict[str, tuple[int, int]]:
    own, soon = {"clientId": site.client_id}, now + _DAY
    counts = {}
    for name in ("events", "sessions"):
        going = await database[name].count_documents({**own, "expiresAt": {"$lte": soon}})
        counts[name] = (await database[name].count_documents(own), going)
    due = due_queries(site.client_id, site.periods, soon)
    for name, synced in (("unsyncedLeads", False), ("syncedLeads", True)):
        there = await database["leads"].count_documents(leads_query(site.client_id, synced=synced))
        counts[name] = (there, await database["leads"].count_documents(due[name]) if name in due else 0)
    return counts


# ----------------------------------------------------------------------------------------------------------------- run


async def run(
    database: Database, config: ConfigService, site: Site, settings: Settings, now: datetime, *, again: bool = True
) -> dict[str, Any]:
    """Give a client's stored documents their days, and delete its leads that are due. May be ended at any point and
    run beside itself.

    :param again: look at all events and sessions, and not only after a change.
    :returns: ``{clientId, domain, changed: {events, sessions}, deleted: {unsyncedLeads, syncedLeads, events}}``.
    :raises pymongo.errors.PyMongoError: :raises UnavailableError: when a store is away.
    """
    changed: dict[str, int] = {}
    if site.domain is not None:
        changed = await follow(
            database, site.client_id, site.periods, now=now, settled_after=settled_after(settings), again=again
        )
    client = await asyncio.to_thread(config.client_record, site.client_id) if site.domain is not None else None
    deleted = await delete_due(database, site.client_id, client, site.periods, now)
    if deleted:
        target = ("client", site.client_id)
        await asyncio.to_thread(
            config.record_change, "retention.run", target, site.client_id, after={"deleted": dict(deleted)}
        )
    return _result(site, changed, deleted)


async def rehearse(database: Database, site: Site, now: datetime) -> dict[str, Any]:
    """What `run` would do, as it says it; the leads' events are not counted."""
    changed = await count_differing(database, site.client_id, site.periods) if site.domain is not None else {}
    due = due_queries(site.client_id, site.periods, now)
    deleted = {name: await database["leads"].count_documents(query) for name, query in due.items()}
    return _result(site, changed, deleted)


def _result(site: Site, changed: Mapping[str, int], deleted: Mapping[str, int]) -> dict[str, Any]:
    return {
        "clientId": site.client_id,
        "domain": site.domain,
        "changed": {name: changed.get(name, 0) for name in ("events", "sessions")},
        "deleted": {name: deleted.get(name, 0) for name in ("unsyncedLeads", "syncedLeads", "events")},
    }


def settled_after(settings: Settings) -> timedelta:
    """How long after a change of a client a transaction by the old one may still commit."""
    return timedelta(seconds=settings.job_timeout_seconds + _HEARD_SECONDS)


async def sites(database: Database, config: ConfigService, settings: Settings) -> AsyncIterator[Site]:
    """All clients, and those deleted ones that have left leads.

    Leads whose client is neither there nor in the audit log as deleted are left alone: it may be another database that
    is configured.
    """
    clients = await asyncio.to_thread(config.list_clients)
    for client in clients:
        yield site_of(client, settings)
    known = {client.client_id for client in clients}
    for client_id in sorted(set(await database["leads"].distinct("clientId")) - known):
        if await asyncio.to_thread(_was_deleted, config, client_id):
            usual = periods_of(ClientSettings(), None, settings.retention_days)
            yield Site(client_id, None, Periods(usual.events, usual.sessions, usual.events, usual.events))
        else:
            log.warning("retention.unknown_client", client=client_id)


def _was_deleted(config: ConfigService, client_id: str) -> bool:
    return bool(config.list_audit(action="client.delete", target=client_id, limit=1).items)


async def keep_retention(database: Database, settings: Settings) -> None:
    """The periodic job: every client, one after the other; one whose documents cannot be written holds back no other.

    :raises Exception: the last error, when all clients have had their turn.
    """
    engine = create_engine(settings)
    failed: Exception | None = None
    try:
        config = ConfigService(engine, settings, actor="worker", notify=_nobody)
        async for site in sites(database, config, settings):
            try:
                done = await run(database, config, site, settings, datetime.now(UTC), again=False)
            except Exception as error:
                failed = error
                log.error("retention.failed", client=site.client_id, error=type(error).__name__)
                continue
            if any(done["changed"].values()) or any(done["deleted"].values()):
                log.info("retention.kept", client=site.client_id, **done["changed"], deleted=done["deleted"])
    finally:
        await asyncio.to_thread(engine.dispose)
    if failed is not None:
        raise failed


def _nobody() -> None:
    """Nothing is configured that others would have to hear of."""


# ----------------------------------------------------------------------------------------------------------------- API


def view(client: Client, settings: Settings) -> dict[str, Any]:
    """What a client has set and what is in force, without counting: ``{clientId, retention, inForce, updatedAt}``."""
    periods = site_of(client, settings).periods
    own = client_settings(client.settings).retention
    return {
        "clientId": client.client_id,
        "retention": {
            "eventsDays": own.events_days,
            "sessionsDays": own.sessions_days,
            "unsyncedLeadsDays": own.unsynced_leads_days,
            "syncedLeadsDays": own.synced_leads_days,
        },
        "inForce": {store: {"days": periods.of(store).days, "source": periods.of(store).source} for store in STORES},
        "updatedAt": iso(client.updated_at),
    }
