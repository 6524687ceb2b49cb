"""Writes what the steps made: leads, sessions and events of a batch in one transaction.

One transaction is what makes effects exactly-once: whether a crash comes before or after its commit, the events, the
leads and the session counters agree, and a batch that is delivered again finds its events there and adds nothing
(decisions §9). Measured, it also costs a third less CPU in mongod than the same writes each with `w: majority`.

Only this module writes events and sessions.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from tracker.errors import UnavailableError
from tracker.leads.facts import LeadFacts
from tracker.leads.merge import joins, merge, new_lead
from tracker.pipeline.draft import Draft
from tracker.pipeline.sessions import (
    SessionDelta,
    SessionKey,
    group_by_session,
    new_session,
    session_update,
    visit_of,
)
from tracker.settings import Settings
from tracker.stores.documents import Documents

_DUPLICATE_KEY = 11000
_MAX_CONFLICTS = 12
_SESSION_FIELDS = dict.fromkeys(
    ("clientId", "sessionId", "visitorId", "startedAt", "endedAt", "updatedAt", "touch", "touchAt"), 1
)

LeadIdentity = tuple[str, bool, str]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What storing a batch would do; each draft's ``lead_id`` names its lead.

    :ivar known: keys of the events that are stored already.
    :ivar begun: ids of the leads that would be new.
    """

    known: frozenset[tuple[str, str]]
    begun: frozenset[str]


class _TakenBack(Exception):
    """Ends a rehearsal's transaction without a commit."""


class Store:
    """Stores batches of drafts."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        self._documents = documents
        self._settings = settings
        # One session for the life of the process: a new transaction in it ends one that an error left open, and
        # other workers can end its last one when this process dies (`tracker.orphans`).
        self._session = documents.client.start_session() if documents.transactions else None
        self._turn = asyncio.Lock()
        self._events = documents.database["events"]
        self._leads = documents.database["leads"]
        self._sessions = documents.database["sessions"]
        self._submission_window = timedelta(hours=settings.lead_submission_window_hours)
        self._interaction_window = timedelta(hours=settings.lead_interaction_window_hours)

    async def store(self, drafts: Sequence[Draft], *, maybe_known: bool) -> set[tuple[str, str]]:
        """Store a batch whole or not at all.

        :param maybe_known: look first whether some are stored already; without it that is found out by the unique
            index, which costs nothing in the normal case and a second attempt otherwise.
        :returns: the keys of events that had been stored before and were left alone.
        :raises pymongo.errors.PyMongoError: an outage, or data that MongoDB refuses.
        """
        drafts = _first_of_each(drafts)
        for attempt in range(_MAX_CONFLICTS):
            try:
                return await self._attempt(drafts, maybe_known)
            except PyMongoError as error:
                duplicate = _is_duplicate(error)
                if not (duplicate or error.has_error_label("TransientTransactionError")):
                    raise
                if attempt == _MAX_CONFLICTS - 1 or _is_connection(error):
                    raise
                maybe_known = maybe_known or duplicate
            # Another worker touched the same lead or session. Both retry; the pause keeps them apart.
            await asyncio.sleep(random.uniform(0, 0.005 * 2 ** min(attempt, 6)))  # noqa: S311
        raise AssertionError("unreachable")

    async def rehearse(self, drafts: Sequence[Draft]) -> Rehearsal:
        """Do all that :meth:`store` does, in a transaction that is taken back.

        :raises UnavailableError: without transactions nothing can be taken back.
        :raises pymongo.errors.PyMongoError: as :meth:`store` does.
        """
        if self._session is None:
            raise UnavailableError("a rehearsal needs transactions; run MongoDB as a replica set")
        drafts = _first_of_each(drafts)
        known: set[tuple[str, str]] = set()
        with suppress(_TakenBack):
            async with self._turn, await self._session.start_transaction(read_concern=ReadConcern("snapshot")):
                known = await self._write(drafts, self._session, maybe_known=True)
                raise _TakenBack
        ids = [draft.lead_id for draft in drafts if draft.lead_id]
        there = self._leads.find({"leadId": {"$in": ids}}, {"_id": 0, "leadId": 1})
        return Rehearsal(frozenset(known), frozenset(ids) - {row["leadId"] async for row in there})

    async def _attempt(self, drafts: Sequence[Draft], maybe_known: bool) -> set[tuple[str, str]]:
        if self._session is None:
            return await self._write(drafts, None, maybe_known=True)
        async with (
            self._turn,
            await self._session.start_transaction(
                read_concern=ReadConcern("snapshot"), write_concern=self._documents.write_concern
            ),
        ):
            return await self._write(drafts, self._session, maybe_known=maybe_known)

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
    ) -> set[tuple[str, str]]:
        known = await self._known(drafts, session) if maybe_known else set()
        fresh = [draft for draft in drafts if draft.key not in known] if known else drafts
        if fresh:
            deltas = group_by_session(fresh)
            sessions = await self._existing_sessions(deltas, session)
            _tell_visits(fresh, deltas, sessions)
            await self._write_leads(fresh, session)
            await self._write_sessions(deltas, sessions, session)
            await self._events.insert_many([self._event(draft) for draft in fresh], session=session)
        return known

    async def _known(self, drafts: Sequence[Draft], session: AsyncClientSession | None) -> set[tuple[str, str]]:
        ids: dict[str, list[str]] = {}
        for draft in drafts:
            ids.setdefault(draft.client.client_id, []).append(draft.queued.event_id)
        query = _either([{"clientId": client, "eventId": {"$in": found}} for client, found in ids.items()])
        cursor = self._events.find(query, {"_id": 0, "clientId": 1, "eventId": 1}, session=session)
        return {(row["clientId"], row["eventId"]) async for row in cursor}

    # --- leads ------------------------------------------------------------------------------------------------------

    async def _write_leads(self, drafts: Sequence[Draft], session: AsyncClientSession | None) -> None:
        with_lead = sorted((draft for draft in drafts if draft.lead), key=lambda draft: draft.timestamp)
        if not with_lead:
            return
        known = await self._current_leads((draft.lead for draft in with_lead if draft.lead), session)
        current, retired, begun = self._join(with_lead, known)
        if retired:
            # The place of the e-mail's current lead must be free before the next one takes it.
            await self._leads.update_many(
                {"_id": {"$in": [lead["_id"] for lead in retired]}}, {"$unset": {"current": ""}}, session=session
            )
        changed = [lead for lead in current if "_id" in lead]
        if changed:
            await self._leads.bulk_write(
                [ReplaceOne({"_id": lead["_id"]}, lead) for lead in changed], ordered=False, session=session
            )
        if begun:
            await self._leads.insert_many(begun, session=session)

    def _join(
        self, drafts: Sequence[Draft], leads: dict[LeadIdentity, dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
        """Decide for each event which lead it joins or begins: (touched stored leads, stored ones that are no longer
        current, new ones)."""
        touched: dict[str, dict[str, Any]] = {}
        retired: list[dict[str, Any]] = []
        begun: dict[str, dict[str, Any]] = {}
        for draft in drafts:
            facts = draft.lead
            assert facts is not None
            lead = leads.get(facts.identity) if facts.identity else None
            if lead is not None and joins(lead, facts, self._submission_window, self._interaction_window):
                merge(lead, facts)
                if "_id" in lead:
                    touched[lead["leadId"]] = lead
            else:
                if lead is not None:
                    lead.pop("current", None)
                    if "_id" in lead:
                        retired.append(lead)
                lead = new_lead(facts)
                begun[lead["leadId"]] = lead
                if facts.identity:
                    leads[facts.identity] = lead
            draft.lead_id = lead["leadId"]
        return list(touched.values()), retired, list(begun.values())

    async def _current_leads(
        self, facts: Iterable[LeadFacts], session: AsyncClientSession | None
    ) -> dict[LeadIdentity, dict[str, Any]]:
        emails: dict[tuple[str, bool], set[str]] = {}
        for fact in facts:
            if fact.email:
                emails.setdefault((fact.client_id, fact.test), set()).add(fact.email)
        if not emails:
            return {}
        query = _either(
            [
                {"clientId": client, "test": test, "email": {"$in": sorted(found)}, "current": True}
                for (client, test), found in emails.items()
            ]
        )
        cursor = self._leads.find(query, session=session)
        return {(lead["clientId"], lead["test"], lead["email"]): lead async for lead in cursor}

    # --- sessions and events ----------------------------------------------------------------------------------------

    async def _existing_sessions(
        self, deltas: Mapping[SessionKey, SessionDelta], session: AsyncClientSession | None
    ) -> dict[SessionKey, dict[str, Any]]:
        ids: dict[str, list[str]] = {}
        for client_id, session_id in deltas:
            ids.setdefault(client_id, []).append(session_id)
        if not ids:
            return {}
        query = _either([{"clientId": client, "sessionId": {"$in": found}} for client, found in ids.items()])
        cursor = self._sessions.find(query, _SESSION_FIELDS, session=session)
        return {(row["clientId"], row["sessionId"]): row async for row in cursor}

    async def _write_sessions(
        self,
        deltas: Mapping[SessionKey, SessionDelta],
        existing: Mapping[SessionKey, dict[str, Any]],
        session: AsyncClientSession | None,
    ) -> None:
        keep = self._settings.session_page_views
        updates = [
            UpdateOne({"_id": existing[key]["_id"]}, session_update(existing[key], delta, keep))
            for key, delta in deltas.items()
            if key in existing
        ]
        begun = [
            new_session(delta, self._expires_at(delta.first), keep)
            for key, delta in deltas.items()
            if key not in existing
        ]
        if updates:
            await self._sessions.bulk_write(updates, ordered=False, session=session)
        if begun:
            await self._sessions.insert_many(begun, session=session)

    def _event(self, draft: Draft) -> dict[str, Any]:
        event: dict[str, Any] = {
            "eventId": draft.queued.event_id,
            "clientId": draft.client.client_id,
            "eventType": draft.event_type,
            "payload": draft.payload,
            "timestamp": draft.timestamp,
            "createdAt": draft.received_at,
            "expiresAt": self._expires_at(draft),
        }
        optional = {
            "formId": draft.form.get("formId"),
            "leadId": draft.lead_id,
            "sessionId": draft.session_id,
            "visitorId": draft.visitor_id,
            "userAgent": draft.user_agent,
            "ipAddress": draft.ip_address,
            "geo": draft.geo,
            "metadata": draft.metadata,
            "test": draft.batch.test,
            "timestampReplaced": draft.clamped,
        }
        event.update({name: value for name, value in optional.items() if value})
        return event

    def _expires_at(self, draft: Draft) -> datetime:
        return draft.received_at + timedelta(days=draft.client.retention_days or self._settings.retention_days)


def _tell_visits(
    drafts: Sequence[Draft],
    deltas: Mapping[SessionKey, SessionDelta],
    existing: Mapping[SessionKey, dict[str, Any]],
) -> None:
    for draft in drafts:
        if draft.lead and draft.session_id:
            key = (draft.client.client_id, draft.session_id)
            draft.lead.visit = visit_of(existing.get(key), deltas[key])


def _first_of_each(drafts: Sequence[Draft]) -> list[Draft]:
    unique: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        unique.setdefault(draft.key, draft)
    return list(unique.values())


def _either(queries: list[dict[str, Any]]) -> dict[str, Any]:
    return queries[0] if len(queries) == 1 else {"$or": queries}


def _is_duplicate(error: PyMongoError) -> bool:
    if isinstance(error, DuplicateKeyError):
        return True
    if isinstance(error, BulkWriteError):
        errors = error.details.get("writeErrors") or []
        return bool(errors) and all(item.get("code") == _DUPLICATE_KEY for item in errors)
    return isinstance(error, OperationFailure) and error.code == _DUPLICATE_KEY


def _is_connection(error: PyMongoError) -> bool:
    return not isinstance(error, OperationFailure)
