"""Writes what the steps made: leads, sessions and events of a batch in one transaction.

One transaction is what makes effects exactly-once: whether a crash comes before or after its commit, the events, the
leads and the session counters agree, and a batch that is delivered again finds its events there and adds nothing
(decisions §9). Measured, it also costs a third less CPU in mongod than the same writes each with `w: majority`.
Only what an ``identify`` attaches follows in a transaction of its own (`tracker.pipeline.attach`).

Only this module writes events and sessions.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bson import ObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from tracker.errors import UnavailableError
from tracker.leads.join import Windows
from tracker.pipeline.attach import Attacher
from tracker.pipeline.draft import Draft
from tracker.pipeline.event_document import event_document
from tracker.pipeline.lead_writer import LeadWriter
from tracker.pipeline.session_writer import SessionWriter
from tracker.pipeline.sessions import group_by_session
from tracker.pipeline.suppress import Suppressor
from tracker.privacy.drafts import DraftKeeper
from tracker.settings import Settings
from tracker.stores.documents import Documents, either
from tracker.webhooks.outbox import form_deliveries, stage

_DUPLICATE_KEY = 11000
_MAX_CONFLICTS = 12
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What storing a batch would do; each draft's ``lead_id`` names its lead.

    :ivar known: keys of the events that are stored already.
    :ivar begun: ids of the leads that would be new.
    """

    known: frozenset[tuple[str, str]]
    begun: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Written:
    """A batch in its transaction: events that had been stored before, with their documents' ids, and drafts of those
    that are new or were given their lead."""

    known: dict[tuple[str, str], ObjectId]
    changed: Sequence[Draft]


class _TakenBack(Exception):  # noqa: N818 - not an error
    """Ends a rehearsal's transaction without a commit."""


class Store:
    """Stores batches of drafts.

    :param told: called after a commit that may have left something to send to a webhook.
    """

    def __init__(self, documents: Documents, settings: Settings, told: Callable[[], None] = lambda: None) -> None:
        self._documents = documents
        self._told = told
        self._settings = settings
        # One session for the life of the process: a new transaction in it ends one that an error left open, and
        # other workers can end its last one when this process dies (`tracker.orphans`).
        self._session = documents.client.start_session() if documents.transactions else None
        self._turn = asyncio.Lock()
        self.suppressor = Suppressor(documents.database, settings)
        self._events = documents.database["events"]
        self._leads = documents.database["leads"]
        windows = Windows(
            submission=timedelta(hours=settings.lead_submission_window_hours),
            interaction=timedelta(hours=settings.lead_interaction_window_hours),
        )
        drafts = DraftKeeper(documents.database, settings)
        self._lead_writer = LeadWriter(self._leads, self._events, windows, drafts)
        self._session_writer = SessionWriter(documents.database["sessions"], settings)
        self._attacher = Attacher(self._events, documents.database["sessions"])

    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        """Store a batch whole or not at all.

        :param maybe_known: look first whether some are stored already; without it that is found out by the unique
            index, which costs nothing in the normal case and a second attempt otherwise.
        :returns: the keys of events that had been stored before and were left alone; their drafts' ``stored_id`` says
            as which document.
        :raises pymongo.errors.PyMongoError: an outage, or data that MongoDB refuses.
        """
        unique = _first_of_each(drafts)
        written = await self._write_batch(unique, maybe_known)
        if erased := {draft.key for draft in unique if draft.erased}:
            for draft in drafts:
                draft.erased = draft.key in erased
        known = written.known
        if any(draft.client.webhooks for draft in written.changed):
            self._told()
        visitors = await self._attacher.due(written.changed, [draft for draft in drafts if draft.key in known])
        if visitors:
            await self._tried(lambda: self._in_transaction(lambda session: self._attacher.settle(visitors, session)))
        for draft in drafts if known else ():
            draft.stored_id = known.get(draft.key)
        return set(known)

    async def _write_batch(self, drafts: Sequence[Draft], maybe_known: bool) -> _Written:
        # Without transactions half of a batch may be there.
        looks = maybe_known or self._session is None

        async def attempt() -> _Written:
            nonlocal looks
            try:
                return await self._in_transaction(lambda session: self._write(drafts, session, maybe_known=looks))
            except PyMongoError as error:
                looks = looks or _is_duplicate(error)
                raise

        return await self._tried(attempt)

    async def _tried(self, attempt: Callable[[], Awaitable[_Result]]) -> _Result:
        """Try again when another worker touched the same lead, session or event."""
        for number in range(_MAX_CONFLICTS):
            try:
                return await attempt()
            except PyMongoError as error:
                if not (_is_duplicate(error) or error.has_error_label("TransientTransactionError")):
                    raise
                if number == _MAX_CONFLICTS - 1 or _is_connection(error):
                    raise
            # Both retry; the pause keeps them apart.
            await asyncio.sleep(random.uniform(0, 0.005 * 2 ** min(number, 6)))  # noqa: S311
        raise AssertionError("unreachable")

    async def rehearse(self, drafts: Sequence[Draft]) -> Rehearsal:
        """Do all that :meth:`store` does, in a transaction that is taken back.

        :raises UnavailableError: without transactions nothing can be taken back.
        :raises pymongo.errors.PyMongoError: as :meth:`store` does.
        """
        if self._session is None:
            raise UnavailableError("a rehearsal needs transactions; run MongoDB as a replica set")
        drafts = _first_of_each(drafts)
        known: dict[tuple[str, str], ObjectId] = {}
        with suppress(_TakenBack):
            async with self._turn, await self._session.start_transaction(read_concern=ReadConcern("snapshot")):
                known = (await self._write(drafts, self._session, maybe_known=True)).known
                raise _TakenBack
        ids = [draft.lead_id for draft in drafts if draft.lead_id]
        there = self._leads.find({"leadId": {"$in": ids}}, {"_id": 0, "leadId": 1})
        return Rehearsal(frozenset(known), frozenset(ids) - {row["leadId"] async for row in there})

    async def _in_transaction(self, work: Callable[[AsyncClientSession | None], Awaitable[_Result]]) -> _Result:
        if self._session is None:
            return await work(None)
        async with (
            self._turn,
            await self._session.start_transaction(
                read_concern=ReadConcern("snapshot"), write_concern=self._documents.write_concern
            ),
        ):
            return await work(self._session)

    async def close(self) -> None:
        """End the session, and with it a transaction that was cut off."""
        if self._session is not None:
            await self._session.end_session()

    @property
    def session_id(self) -> Any:
        """The id of the session whose transactions this store runs, ``None`` without transactions."""
        return self._session.session_id if self._session else None

    async def _write(
        self, drafts: Sequence[Draft], session: AsyncClientSession | None, *, maybe_known: bool
    ) -> _Written:
        drafts = await self.suppressor.drop_erased(drafts, session)
        known = await self._known(drafts, session) if maybe_known else {}
        fresh = [draft for draft in drafts if draft.key not in known] if known else drafts
        if fresh:
            deltas = group_by_session(fresh)
            existing = await self._session_writer.existing(deltas, session)
            recalled = await self._lead_writer.write(fresh, deltas, existing, session)
            await self._session_writer.write(deltas, existing, session)
            documents = [event_document(draft, self._settings) for draft in fresh]
            await self._events.insert_many(documents, session=session)
            await self._attacher.mark_identified(fresh, session)
            await stage(self._documents.database, form_deliveries(fresh, datetime.now(UTC)), session)
            fresh = [*fresh, *recalled]
        return _Written(known, fresh)

    async def _known(
        self, drafts: Sequence[Draft], session: AsyncClientSession | None
    ) -> dict[tuple[str, str], ObjectId]:
        ids: dict[str, list[str]] = {}
        for draft in drafts:
            ids.setdefault(draft.client.client_id, []).append(draft.queued.event_id)
        query = either([{"clientId": client, "eventId": {"$in": found}} for client, found in ids.items()])
        cursor = self._events.find(query, {"clientId": 1, "eventId": 1}, session=session)
        return {(row["clientId"], row["eventId"]): row["_id"] async for row in cursor}


def _first_of_each(drafts: Sequence[Draft]) -> list[Draft]:
    unique: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        unique.setdefault(draft.key, draft)
    return list(unique.values())


def _is_duplicate(error: PyMongoError) -> bool:
    if isinstance(error, DuplicateKeyError):
        return True
    if isinstance(error, BulkWriteError):
        errors = error.details.get("writeErrors") or []
        return bool(errors) and all(item.get("code") == _DUPLICATE_KEY for item in errors)
    return isinstance(error, OperationFailure) and error.code == _DUPLICATE_KEY


def _is_connection(error: PyMongoError) -> bool:
    return not isinstance(error, OperationFailure)
