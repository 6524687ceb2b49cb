"""Works an erasure off, step by step; any process may take it over after any step, and do a step twice.

Order: mark the person, so that workers drop what was received before (`tracker.privacy.suppressions`); find and note
what is theirs; empty every store; wait for transactions that began before the mark, and look again until nothing is
found; have the CRMs delete their records; recompute the figures; sign.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from tracker.config.service import ConfigService
from tracker.outage import is_outage
from tracker.privacy.erase.barrier import wait_for_transactions
from tracker.privacy.erase.ending import finish
from tracker.privacy.erase.notes import decode
from tracker.privacy.erase.queues import waiting_strangers
from tracker.privacy.erase.stores import STORES
from tracker.privacy.erase.telling import tell_crms
from tracker.privacy.erase.visits import note_days
from tracker.privacy.erase.work import COLLECTION, Tools, WaitingError, Work
from tracker.privacy.hashes import Kind
from tracker.privacy.owned import locate_owned
from tracker.privacy.suppressions import dropped_visits, forget_visits, mark_erased
from tracker.settings import Settings
from tracker.stores.documents import Database
from tracker.stores.relational import create_engine
from tracker.tasks import end

log = structlog.get_logger(__name__)

_RENEWALS = 4
"""Tries to renew a lease before it is over."""

_OVERLAP = timedelta(minutes=3)  # ids of events are made before their transaction commits, by clocks that differ
_MOST_ROUNDS = 5
_MARKS_LAST = timedelta(days=90)
"""As long as a dead letter or a queue may keep something by default."""


async def work_off(tools: Tools, request_id: str) -> dict[str, Any]:
    """Do all that can be done of a request now.

    :returns: its document; ``status`` says whether it is done, ``waitingFor`` and ``notBefore`` what keeps it.
    :raises pymongo.errors.PyMongoError: when MongoDB is away; the request goes on later.
    """
    worker = uuid4().hex
    row = await _take(tools, request_id, worker)
    if row is None:
        return await _read(tools, request_id)
    async with _held(tools, request_id, worker):
        work = Work(request_id, tools, decode(tools.vault.open(row["sealed"])), row)
        try:
            await _run(work)
        except WaitingError as waiting:
            await _wait(work, waiting.what, waiting.until)
        except Exception as error:
            if isinstance(error, PyMongoError) and is_outage(error):
                raise
            await _wait(work, _named(error), datetime.now(UTC) + timedelta(seconds=10))
            if not is_outage(error):
                log.error("erasure_failed", request=request_id, error=type(error).__name__)
                raise
    return await _read(tools, request_id)


async def resume_all(tools: Tools) -> int:
    """Go on with every open request that nobody has in hand; returns how many were looked at.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    now = datetime.now(UTC)
    due = {"status": "open", "$or": [{"notBefore": None}, {"notBefore": {"$lte": now}}]}
    ids = [row["_id"] async for row in tools.database[COLLECTION].find(due, {"_id": 1}).sort("askedAt", 1)]
    for request_id in ids:
        try:
            await work_off(tools, request_id)
        except PyMongoError:
            raise
        except Exception as error:
            # The others need not wait for it; its document says what happened.
            log.warning("erasure_put_off", request=request_id, error=type(error).__name__)
    return len(ids)


async def resume_erasures(database: Database, settings: Settings) -> int:
    """As :func:`resume_all`, for workers; connects to the configuration database when there is something to do.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    if not await database[COLLECTION].find_one({"status": "open"}, {"_id": 1}):
        return 0
    engine = create_engine(settings)
    try:
        config = ConfigService(engine, settings, actor="worker", notify=_nobody)
        return await resume_all(Tools(database, engine, config, settings))
    finally:
        engine.dispose()


def _nobody() -> None:
    """An erasure changes no configuration that others would have to hear of."""


# ---------------------------------------------------------------------------------------------------------------- lease


async def _take(tools: Tools, request_id: str, worker: str) -> dict[str, Any] | None:
    now = datetime.now(UTC)
    free = {"_id": request_id, "status": "open", "$or": [{"lease": None}, {"lease.until": {"$lt": now}}]}
    mine = {"$set": {"lease": {"worker": worker, "until": now + timedelta(seconds=tools.lease_seconds)}}}
    found: dict[str, Any] | None = await tools.database[COLLECTION].find_one_and_update(
        free, mine, return_document=ReturnDocument.AFTER
    )
    return found


@asynccontextmanager
async def _held(tools: Tools, request_id: str, worker: str) -> AsyncIterator[None]:
    """Renew the lease meanwhile; who loses it is cancelled, because somebody else goes on."""
    holder = asyncio.current_task()
    assert holder is not None
    mine = {"_id": request_id, "lease.worker": worker}
    rows = tools.database[COLLECTION]

    length = timedelta(seconds=tools.lease_seconds)

    async def renew() -> None:
        until = datetime.now(UTC) + length
        while datetime.now(UTC) < until:
            await asyncio.sleep(tools.lease_seconds / _RENEWALS)
            with suppress(PyMongoError):
                later = datetime.now(UTC) + length
                if not (await rows.update_one(mine, {"$set": {"lease.until": later}})).matched_count:
                    break
                until = later
        holder.cancel()

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        await end(renewing)
        with suppress(PyMongoError):
            await asyncio.shield(rows.update_one(mine, {"$set": {"lease": None}}))


async def _read(tools: Tools, request_id: str) -> dict[str, Any]:
    return await tools.database[COLLECTION].find_one({"_id": request_id}) or {}


async def _wait(work: Work, what: str, until: datetime) -> None:
    await work.update({"$set": {"waitingFor": what, "notBefore": until}})


def _named(error: Exception) -> str:
    if is_outage(error):
        return "Redis" if isinstance(error, RedisError | OSError) else "the configuration database"
    return f"somebody to look into an error ({type(error).__name__})"


# ---------------------------------------------------------------------------------------------------------------- steps


async def _run(work: Work) -> None:
    if not work.is_done("marked"):
        await _mark(work, [*_addresses(work)])
        await work.done("marked")
    if not work.is_done("located"):
        await _locate(work)
        await work.done("located")
    for store in STORES:
        if not work.is_done(f"emptied_{store.name}"):
            await store.delete(work)
            await work.done(f"emptied_{store.name}")
    if not work.is_done("swept"):
        await _sweep(work)
        await work.done("swept")
    if not work.is_done("told"):
        await tell_crms(work)
        await work.done("told")
    await forget_visits(work.database, work.tools.hasher, _addresses(work), work.notes.subject.client_id)
    await finish(work)


def _addresses(work: Work) -> list[tuple[Kind, str]]:
    subject = work.notes.subject
    emails: list[tuple[Kind, str]] = [("email", email) for email in sorted(subject.emails)]
    return emails + [("phone", phone) for phone in sorted(subject.phones)]


async def _mark(work: Work, addresses: list[tuple[Kind, str]], client_id: str | None = None) -> None:
    """From now on workers drop what was received until now."""
    now = datetime.now(UTC)
    await mark_erased(
        work.database,
        work.tools.hasher,
        addresses,
        client_id=client_id or work.notes.subject.client_id,
        before=now,
        expires_at=now + _MARKS_LAST,
    )
    work.row["markedAt"] = now
    await work.update({"$set": {"markedAt": now}})


def _ids(kind: Kind, keys: Iterable[tuple[str, str]]) -> set[tuple[str, tuple[Kind, str]]]:
    return {(client, (kind, one)) for client, one in keys}


async def _locate(work: Work) -> bool:
    """Note what is found, mark browsers and visits that are the person's alone; tells whether one is new."""
    found, subject = work.notes.found, work.notes.subject
    known = {*_ids("visitor", found.visitors), *_ids("session", found.sessions)}
    work.notes.seen |= await dropped_visits(work.database, work.tools.hasher, _addresses(work), subject.client_id)
    # Whoever shares a browser may still wait in the queue, and must be known before anything of it is deleted.
    seeming = await locate_owned(work.database, subject, work.notes.seen)
    visitors, sessions = await waiting_strangers(work, seeming)
    sure = await locate_owned(work.database, subject, work.notes.seen)
    sure.shared_visitors |= visitors
    sure.shared_sessions |= sessions
    work.notes.add(sure)
    # Noted before the mark: who takes over must know them.
    await work.note()
    new = sorted({*_ids("visitor", found.visitors), *_ids("session", found.sessions)} - known)
    for client_id in sorted({client for client, _ in new}):
        await _mark(work, [one for client, one in new if client == client_id], client_id)
    await note_days(work)
    return bool(new)


async def _sweep(work: Work) -> None:
    """Look again for what a transaction that began before the mark has stored since."""
    for _ in range(_MOST_ROUNDS):
        await wait_for_transactions(work)
        if await _locate(work):
            continue
        work.since = ObjectId.from_datetime(work.row["markedAt"] - _OVERLAP)
        work.removed = 0
        for store in STORES:
            await store.delete(work)
            await work.tools.reached(f"swept_{store.name}")
        if not work.removed:
            return
    # All that was received before the mark is gone; what still comes in is new.
