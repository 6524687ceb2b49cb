"""One worker has an account in its hands at a time, so that the order of a lead's changes is kept."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from tracker.stores.documents import Database
from tracker.tasks import end

LEASE = timedelta(seconds=30)
_RENEW_SECONDS = 8.0


class AccountLease:
    """A lease on one account, renewed while it is held.

    :param worker: a name that no other worker has.
    :param holder: the task that is cancelled when the lease is lost: somebody else has the account then.
    """

    def __init__(self, database: Database, connection_id: str, client_id: str, worker: str) -> None:
        self._states = database["crm_state"]
        self._id = connection_id
        self._client_id = client_id
        self._worker = worker
        self._renewal: asyncio.Task[None] | None = None

    async def take(self, holder: asyncio.Task[Any]) -> dict[str, Any] | None:
        """The account's state, ``None`` when another worker has it.

        :raises pymongo.errors.PyMongoError: when MongoDB is away.
        """
        now = datetime.now(UTC)
        free = {"_id": self._id, "$or": [{"lease": None}, {"lease.until": {"$lt": now}}]}
        mine = {"worker": self._worker, "until": now + LEASE}
        try:
            state: dict[str, Any] | None = await self._states.find_one_and_update(
                free,
                {"$set": {"lease": mine, "clientId": self._client_id}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError:
            return None
        self._renewal = asyncio.create_task(self._renew(holder))
        return state

    async def release(self) -> None:
        """Give it back."""
        await end(self._renewal)
        mine = {"_id": self._id, "lease.worker": self._worker}
        await self._states.update_one(mine, {"$set": {"lease": None}})

    async def _renew(self, holder: asyncio.Task[Any]) -> None:
        until = datetime.now(UTC) + LEASE
        while datetime.now(UTC) < until:
            await asyncio.sleep(_RENEW_SECONDS)
            try:
                later = datetime.now(UTC) + LEASE
                mine = {"_id": self._id, "lease.worker": self._worker}
                if not (await self._states.update_one(mine, {"$set": {"lease.until": later}})).matched_count:
                    break
                until = later
            except PyMongoError:
                continue
        holder.cancel()
