"""What would become of queued events if they were processed now, by the code and configuration of today.

Each event goes through the steps and through the store's own transaction, which is then taken back: nothing changes in
any store, the caches among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from pymongo.errors import OperationFailure, PyMongoError
from sqlalchemy import Engine

from tracker.config.read import load_client
from tracker.config.records import ClientRecord
from tracker.errors import TrackerError, UnavailableError
from tracker.leads.disposable import spam_rules
from tracker.pipeline.draft import Draft
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.steps import begin, run_steps
from tracker.pipeline.store import Rehearsal, Store
from tracker.queue import QueuedBatch
from tracker.settings import Settings
from tracker.stores.documents import is_conflict, is_outage

Result = Literal["stored", "duplicate", "dropped", "fails"]
ORDER: tuple[Result, ...] = ("stored", "duplicate", "dropped", "fails")
"""From well to bad."""

_TRIES = 5
_DUPLICATE_KEY = 11000


class LeadFate(msgspec.Struct, frozen=True):
    """The lead that an event would begin or join."""

    id: str
    action: Literal["created", "merged"]


class Fate(msgspec.Struct, frozen=True):
    """How an event would end.

    :ivar outcome: the member of :class:`Outcome` that it would be counted under; ``None`` where it fails.
    :ivar error: by which step or class of error it would fail, as a dead letter names it.
    """

    result: Result
    outcome: str | None = None
    error: str | None = None
    lead: LeadFate | None = None


class Rehearser:
    """Rehearses events, each client read from the database once.

    :param store: its transactions are taken back; it must be nobody else's.
    """

    def __init__(self, engine: Engine, store: Store, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._settings = settings
        self._rules = spam_rules(settings)
        self._clients: dict[str, ClientRecord | None] = {}

    async def rehearse(self, batches: Sequence[QueuedBatch]) -> list[Fate]:
        """The fate of each event, in the order of the batches; those of one call see each other's leads.

        :raises UnavailableError: when the configuration database is away, or MongoDB has no transactions.
        :raises pymongo.errors.PyMongoError: an outage of MongoDB.
        """
        fates: list[Fate | None] = []
        places: dict[int, Draft] = {}
        for batch in batches:
            for fate in [await self._steps(batch, number) for number in range(len(batch.events))]:
                if isinstance(fate, Draft):
                    places[len(fates)] = fate
                fates.append(None if isinstance(fate, Draft) else fate)
        kept, erased = await self._store.suppressor.apply(list(places.values()))
        ends = await self._stored(kept) if kept else []
        by_draft = {id(draft): fate for draft, fate in zip(kept, ends, strict=True)}
        by_draft |= {id(draft): _dropped(Outcome.DROPPED_ERASED) for draft in erased}
        for place, draft in places.items():
            fates[place] = by_draft[id(draft)]
        return [fate for fate in fates if fate is not None]

    async def _steps(self, batch: QueuedBatch, number: int) -> Draft | Fate:
        client = await self._client(batch.client_id)
        if client is None:
            return _dropped(Outcome.DROPPED_CLIENT_GONE)
        try:
            event, region = batch.events[number], self._settings.default_region
            return run_steps(begin(client, batch, event, region=region, rules=self._rules))
        except Drop as drop:
            return _dropped(drop.outcome)
        except Exception as error:
            return Fate("fails", error=f"steps: {type(error).__name__}")

    async def _client(self, client_id: str) -> ClientRecord | None:
        if client_id not in self._clients:
            self._clients[client_id] = await asyncio.to_thread(load_client, self._engine, client_id)
        return self._clients[client_id]

    async def _stored(self, drafts: list[Draft]) -> list[Fate]:
        """As the pipeline does: what MongoDB refuses is found by halves, and its neighbours are stored."""
        refused: dict[int, Fate] = {}
        rehearsal = await self._without_refused(drafts, 0, refused)
        good = [draft for number, draft in enumerate(drafts) if number not in refused]
        if rehearsal is None and good:
            # In halves they have not seen each other's leads.
            rehearsal = await self._rehearse(good)
        ends = iter(_ends(good, rehearsal) if rehearsal else ())
        return [refused[number] if number in refused else next(ends) for number in range(len(drafts))]

    async def _without_refused(self, drafts: list[Draft], first: int, refused: dict[int, Fate]) -> Rehearsal | None:
        """The rehearsal of all; or ``None``, and in ``refused`` which ones stand in its way, counted from ``first``."""
        try:
            return await self._rehearse(drafts)
        except Exception as error:
            if isinstance(error, TrackerError) or is_outage(error):
                raise
            if len(drafts) == 1:
                code = getattr(error, "code", None) if isinstance(error, PyMongoError) else None
                refused[first] = Fate("fails", error=f"store: {type(error).__name__}" + (f" {code}" if code else ""))
                return None
        half = len(drafts) // 2
        await self._without_refused(drafts[:half], first, refused)
        await self._without_refused(drafts[half:], first + half, refused)
        return None

    async def _rehearse(self, drafts: list[Draft]) -> Rehearsal:
        for _ in range(_TRIES):
            try:
                return await self._store.rehearse(drafts)
            except PyMongoError as error:
                # A worker stores something for the same person, or the same event, at this moment.
                if not (is_conflict(error) or _is_duplicate(error)):
                    raise
                await asyncio.sleep(0.05)
        raise UnavailableError("workers are busy with the same leads; try again in a moment")


def _is_duplicate(error: PyMongoError) -> bool:
    details = error.details if isinstance(error, OperationFailure) else None
    codes = [item.get("code") for item in (details or {}).get("writeErrors", ())]
    return _DUPLICATE_KEY in (getattr(error, "code", None), *codes)


def _ends(drafts: Sequence[Draft], rehearsal: Rehearsal) -> list[Fate]:
    """Of the events that share a new lead the earliest begins it; of copies of an event the first is stored."""
    seen = set(rehearsal.known)
    begun: set[str | None] = set()
    ends: dict[int, Fate] = {}
    for number, draft in sorted(enumerate(drafts), key=lambda each: (each[1].timestamp, each[0])):
        if draft.key in seen:
            ends[number] = Fate("duplicate", Outcome.DUPLICATE.value)
            continue
        seen.add(draft.key)
        begins = draft.lead_id in rehearsal.begun and draft.lead_id not in begun
        begun.add(draft.lead_id)
        lead = LeadFate(draft.lead_id, "created" if begins else "merged") if draft.lead_id else None
        ends[number] = Fate("stored", Outcome.STORED.value, lead=lead)
    return [ends[number] for number in range(len(drafts))]


def _dropped(outcome: Outcome) -> Fate:
    return Fate("dropped", outcome.value)


def fate_view(fate: Fate) -> dict[str, Any]:
    """``{result, outcome, error, lead}``."""
    view: dict[str, Any] = msgspec.to_builtins(fate)
    return view
