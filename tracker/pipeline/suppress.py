"""What an installation must not know, kept out of the stores: suppressed addresses, and persons who were erased while
their events waited (`tracker.privacy.suppressions`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.pipeline.draft import Draft
from tracker.privacy.documents import Suppression
from tracker.privacy.hashes import Hasher, normal
from tracker.privacy.mentions import emails_in, phones_in, strings_in
from tracker.privacy.strip import strip_person
from tracker.privacy.suppressions import Address, Database, Reason, mark_ids
from tracker.settings import Settings

_LOOK_SECONDS = 1.0


class Suppressor:
    """Looks events up before they are stored. Costs one small question a second while nobody is suppressed."""

    def __init__(self, database: Database, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._marks = database[Suppression.Settings.name]
        self._hasher = Hasher(settings.secrets)
        self._clock = clock
        self._looked_at = float("-inf")
        self._there: frozenset[str] = frozenset()

    async def apply(self, drafts: Sequence[Draft]) -> tuple[list[Draft], list[Draft]]:
        """Strip the events of suppressed addresses, and set those of erased persons apart.

        :returns: the drafts to store and those to drop.
        :raises pymongo.errors.PyMongoError: when MongoDB is away.
        """
        persons = await self._persons(drafts, _REASONS)
        if not persons:
            return list(drafts), []
        marks = await self._find((mark for person in persons for mark in person.ids()), None)
        kept, dropped = [], []
        for person in persons:
            # An id cannot be stripped: the event is unique by it.
            if person.was_erased(marks) or (person.is_suppressed(marks) and emails_in(person.draft.queued.event_id)):
                dropped.append(person.draft)
                continue
            if person.is_suppressed(marks):
                strip_person(person.draft, "suppressed")
            kept.append(person.draft)
        await self._note_visits(persons, marks)
        return kept, dropped

    async def drop_erased(self, drafts: Sequence[Draft], session: AsyncClientSession | None) -> Sequence[Draft]:
        """The drafts without those of persons who were erased; the others get ``erased``.

        To be the first question of a transaction, whose snapshot it takes: a transaction that has not seen a mark
        began before it, and whoever set the mark waits for its end (`tracker.privacy.erase.barrier`).

        :raises pymongo.errors.PyMongoError: when MongoDB is away.
        """
        persons = await self._persons(drafts, ("erased",))
        if not persons:
            return drafts
        marks = await self._find((mark for person in persons for mark in person.ids()), session)
        for person in persons:
            person.draft.erased = person.was_erased(marks)
        await self._note_visits(persons, marks)
        return [draft for draft in drafts if not draft.erased]

    async def _persons(self, drafts: Sequence[Draft], reasons: Sequence[Reason]) -> list[_Person]:
        there = {what for what in await self._what_there_is() if what.partition(":")[0] in reasons}
        kinds = frozenset(what.partition(":")[2] for what in there)
        return [_Person(draft, kinds, self._hasher, reasons) for draft in drafts] if there else []

    async def _note_visits(self, persons: Iterable[_Person], marks: Mapping[str, Mapping[str, Any]]) -> None:
        """Leave the visits of what is dropped with the mark: of a person whose lead was never stored nothing else says
        which they were. Not in the transaction, which may be taken back."""
        rows = [
            UpdateOne(
                {"_id": mark}, {"$addToSet": {"visits": [person.draft.client.client_id, person.draft.session_id]}}
            )
            for person in persons
            if person.draft.session_id and person.draft.event_type in _TYPED
            for mark in person.naming(marks)
        ]
        if rows:
            await self._marks.bulk_write(rows, ordered=False)

    async def _what_there_is(self) -> frozenset[str]:
        now = self._clock()
        if now - self._looked_at >= _LOOK_SECONDS:
            # Noted first: of concurrent batches one asks. The others may be a second behind, as all are.
            self._looked_at = now
            try:
                self._there = frozenset(await self._marks.distinct("what"))
            except BaseException:
                self._looked_at = float("-inf")
                raise
        return self._there

    async def _find(self, ids: Iterable[str], session: AsyncClientSession | None) -> dict[str, Mapping[str, Any]]:
        wanted = list(dict.fromkeys(ids))
        if not wanted:
            return {}
        found = self._marks.find({"_id": {"$in": wanted}}, {"before": 1}, session=session)
        return {row["_id"]: row async for row in found}


class _Person:
    """An event's addresses, and the marks under which they may be found."""

    def __init__(self, draft: Draft, kinds: frozenset[str], hasher: Hasher, reasons: Sequence[Reason]) -> None:
        self.draft = draft
        scopes = ("", draft.client.client_id)
        self._by_address = {
            reason: {
                address: mark_ids(hasher, reason, address, scopes)
                for address in _addresses(draft, kinds if reason == "erased" else kinds - _IDS)
            }
            for reason in reasons
        }

    def ids(self) -> Iterable[str]:
        for by_address in self._by_address.values():
            for ids in by_address.values():
                yield from ids

    def is_suppressed(self, marks: Mapping[str, Any]) -> bool:
        return any(mark in marks for ids in self._by_address["suppressed"].values() for mark in ids)

    def was_erased(self, marks: Mapping[str, Mapping[str, Any]]) -> bool:
        """Received before the erasure, with an address of the person; or by his browser, if it names nobody else."""
        if self.naming(marks):
            return True
        erased = any(kind in _IDS for kind, _ in self._erased(marks))
        named = any(emails_in(text) for text in _texts(self.draft)) if erased else False
        return erased and not named

    def naming(self, marks: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The marks of erased persons by whose address it is meant."""
        return [mark for (kind, _), mark in self._erased(marks).items() if kind not in _IDS]

    def _erased(self, marks: Mapping[str, Mapping[str, Any]]) -> dict[Address, str]:
        return {
            address: mark
            for address, ids in self._by_address["erased"].items()
            for mark in ids
            if mark in marks and self._is_meant(marks[mark]["before"])
        }

    def _is_meant(self, before: datetime) -> bool:
        return self.draft.received_at <= before


_REASONS: tuple[Reason, ...] = ("suppressed", "erased")
_IDS = frozenset(("visitor", "session"))
# Who has typed an address is who it is of; a page's address may hold anybody's.
_TYPED = frozenset(("form_submission", "form_interaction", "identify", "chat_message"))


def _texts(draft: Draft) -> Iterable[str]:
    yield from strings_in(draft.payload)
    yield from strings_in(draft.metadata)
    if draft.held:
        yield from strings_in([draft.held["payload"], draft.held["metadata"]])
    for text in (draft.queued.event_id, draft.session_id, draft.visitor_id, draft.user_agent):
        if text:
            yield text


def _addresses(draft: Draft, kinds: frozenset[str]) -> set[Address]:
    """What an event holds of these kinds, wherever it stands."""
    found: set[Address] = set()
    for text in _texts(draft):
        if "email" in kinds:
            found |= {("email", email) for email in emails_in(text)}
        if "phone" in kinds:
            found |= {("phone", number) for number in phones_in(text, draft.region)}
    visitor_id = draft.held["visitorId"] if draft.held else draft.visitor_id
    if "visitor" in kinds and visitor_id and normal("visitor", visitor_id):
        found.add(("visitor", visitor_id))
    if "session" in kinds and draft.session_id and normal("session", draft.session_id):
        found.add(("session", draft.session_id))
    return found
