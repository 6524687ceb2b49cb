"""One erasure in the hands of one process: its notes, and how what was done is written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bson import ObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from sqlalchemy import Engine

from tracker.config.service import ConfigService
from tracker.config.vault import Vault
from tracker.privacy.erase.documents import Erasure
from tracker.privacy.erase.notes import Notes
from tracker.privacy.hashes import Hasher
from tracker.privacy.needles import Needles
from tracker.settings import Settings
from tracker.stores.documents import Database, all_or_nothing

_AT_ONCE = 500
COLLECTION = str(Erasure.Settings.name)

Reached = Callable[[str], Awaitable[None]]
"""Called with a point's name whenever something was done and written down; tests kill the process there."""


class WaitingError(Exception):
    """The erasure cannot go on now.

    :ivar what: for people, without personal data. :ivar until: when to look again.
    """

    def __init__(self, what: str, until: datetime) -> None:
        super().__init__(what)
        self.what, self.until = what, until


async def _nothing(_: str) -> None:
    return


@dataclass(frozen=True, slots=True)
class Tools:
    """What erasing needs of the installation.

    :ivar config: knows clients and their accounts, and keeps the audit log. :ivar engine: its database.
    :ivar lease_seconds: after so long without a sign of life another process takes an erasure over.
    :ivar known_seconds: after so long every worker knows that there is a mark.
    """

    database: Database
    engine: Engine
    config: ConfigService
    settings: Settings
    reached: Reached = _nothing
    lease_seconds: float = 30.0
    known_seconds: float = 2.0

    @property
    def vault(self) -> Vault:
        """Seals the notes."""
        return Vault(self.settings.secrets)

    @property
    def hasher(self) -> Hasher:
        """Makes keyed hashes."""
        return Hasher(self.settings.secrets)


@dataclass(slots=True)
class Work:
    """An erasure that this process holds.

    :ivar since: events inserted before were looked through; ``None`` = none were.
    :ivar removed: how many things went in this round.
    """

    id: str
    tools: Tools
    notes: Notes
    row: dict[str, Any]
    since: ObjectId | None = None
    removed: int = 0
    needles: Needles = field(init=False)

    def __post_init__(self) -> None:
        self.needles = self.notes.subject.needles

    @property
    def database(self) -> Database:
        """Where events and leads are."""
        return self.tools.database

    async def note(self) -> None:
        """Write the notes down, sealed."""
        sealed = self.tools.vault.seal(self.notes.encode())
        await self.update({"$set": {"sealed": sealed}})

    async def touch_days(self, client_id: str, days: set[date]) -> None:
        """Note days whose figures will change, before they do."""
        known = self.notes.days.setdefault(client_id, set())
        if not days <= known:
            known |= days
            await self.note()

    async def update(self, change: Mapping[str, Any], session: AsyncClientSession | None = None) -> None:
        """Change the request's document."""
        await self.database[COLLECTION].update_one({"_id": self.id}, change, session=session)

    async def count(self, store: str, number: int, session: AsyncClientSession | None = None) -> None:
        """Enter what went. With a session: in the transaction that deletes it."""
        self.removed += number
        if number:
            await self.update({"$inc": {f"counts.{store}": number}}, session)

    async def done(self, step: str) -> None:
        """Enter that a step is done."""
        now = datetime.now(UTC)
        self.row.setdefault("steps", {})[step] = now
        await self.update({"$set": {f"steps.{step}": now}})
        await self.tools.reached(step)

    def is_done(self, step: str) -> bool:
        """Whether it is."""
        return step in (self.row.get("steps") or {})

    async def remove(self, store: str, query: Mapping[str, Any], collection: str | None = None) -> int:
        """Delete documents and count them, some at a time, each time in one transaction; returns how many."""
        rows = self.database[collection or store]
        total = 0
        while True:
            ids = [row["_id"] async for row in rows.find(query, {"_id": 1}).limit(_AT_ONCE)]
            if not ids:
                return total
            number = await self._remove(store, collection or store, ids)
            total += number
            await self.tools.reached(store)
            if not number:
                return total

    async def _remove(self, store: str, collection: str, ids: Sequence[Any]) -> int:
        async def write(session: AsyncClientSession | None) -> int:
            deleted = await self.database[collection].delete_many({"_id": {"$in": list(ids)}}, session=session)
            if deleted.deleted_count:
                await self.update({"$inc": {f"counts.{store}": deleted.deleted_count}}, session)
            return int(deleted.deleted_count)

        number = await all_or_nothing(self.database, write)
        # A transaction may be tried again: only what it did in the end counts.
        self.removed += number
        return number
