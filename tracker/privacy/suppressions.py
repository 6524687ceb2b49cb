"""Whom the installation must not know: addresses under a suppression, and persons that were erased.

Nothing here can be read back: documents hold keyed hashes (`tracker.privacy.hashes`). A suppression lasts until it is
taken back; later events with the address are stripped. The mark of an erasure concerns events that were received
before it, which may still wait in a queue, and goes when none can be left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pymongo import UpdateOne
from pymongo.asynchronous.database import AsyncDatabase

from tracker.privacy.documents import Suppression
from tracker.privacy.hashes import Hasher, Kind

Reason = Literal["suppressed", "erased"]
Database = AsyncDatabase[dict[str, Any]]
Address = tuple[Kind, str]


def mark_ids(hasher: Hasher, reason: Reason, address: Address, scopes: Iterable[str]) -> list[str]:
    """Under which ids an address may be found.

    :param scopes: clients' ids; an empty one = of all clients.
    """
    kind, value = address
    return [f"{reason}:{digest}" for scope in scopes for digest in hasher.all(kind, value, scope)]


async def mark_erased(
    database: Database,
    hasher: Hasher,
    addresses: Sequence[Address],
    *,
    client_id: str | None = None,
    before: datetime,
    expires_at: datetime,
) -> None:
    """Let workers drop what was received of a person until ``before``. May be repeated.

    A worker asks for every batch while there is any mark, and learns within a second that there is one. What a
    transaction writes that began earlier comes nevertheless.

    :param addresses: normalised.
    :param client_id: ``None`` = of all clients.
    :raises pymongo.errors.PyMongoError: when they are not stored.
    """
    rows = [
        UpdateOne(
            {"_id": f"erased:{hasher.one(kind, value, client_id or '')}"},
            {
                "$max": {"before": before, "expiresAt": expires_at},
                "$setOnInsert": {"what": f"erased:{kind}", "clientId": client_id, "createdAt": datetime.now(UTC)},
            },
            upsert=True,
        )
        for kind, value in addresses
    ]
    if rows:
        await database[Suppression.Settings.name].bulk_write(rows, ordered=False)


async def dropped_visits(
    database: Database, hasher: Hasher, addresses: Sequence[Address], client_id: str | None = None
) -> set[tuple[str, str]]:
    """Clients and sessions of events that workers have dropped by the marks of a person.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    ids = [mark for address in addresses for mark in mark_ids(hasher, "erased", address, [client_id or ""])]
    rows = database[Suppression.Settings.name].find({"_id": {"$in": ids}}, {"visits": 1})
    return {(visit[0], visit[1]) async for row in rows for visit in row.get("visits") or ()}


async def forget_visits(
    database: Database, hasher: Hasher, addresses: Sequence[Address], client_id: str | None = None
) -> None:
    """Take them from the marks, whose erasure has ended. Parameters and errors as of :func:`dropped_visits`."""
    ids = [mark for address in addresses for mark in mark_ids(hasher, "erased", address, [client_id or ""])]
    await database[Suppression.Settings.name].update_many({"_id": {"$in": ids}}, {"$unset": {"visits": ""}})


async def suppress(database: Database, hasher: Hasher, address: Address, *, client_id: str | None, by: str) -> bool:
    """Have later events with an address stripped; tells whether it is new.

    :param address: normalised.
    :raises pymongo.errors.PyMongoError: when it is not stored.
    """
    if await find_suppression(database, hasher, address, client_id=client_id, exactly=True):
        return False
    kind, value = address
    row = {"what": f"suppressed:{kind}", "clientId": client_id, "createdAt": datetime.now(UTC), "createdBy": by}
    done = await database[Suppression.Settings.name].update_one(
        {"_id": f"suppressed:{hasher.one(kind, value, client_id or '')}"}, {"$setOnInsert": row}, upsert=True
    )
    return done.upserted_id is not None


async def unsuppress(database: Database, hasher: Hasher, address: Address, *, client_id: str | None) -> bool:
    """Take a suppression back; tells whether there was one.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    ids = mark_ids(hasher, "suppressed", address, [client_id or ""])
    done = await database[Suppression.Settings.name].delete_many({"_id": {"$in": ids}})
    return bool(done.deleted_count)


async def find_suppression(
    database: Database, hasher: Hasher, address: Address, *, client_id: str | None, exactly: bool = False
) -> Mapping[str, Any] | None:
    """The suppression that holds for an address, if any.

    :param client_id: where; one of all clients holds for this client too.
    :param exactly: only one of this very scope.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    scopes = {client_id or ""} if exactly else {"", client_id or ""}
    ids = mark_ids(hasher, "suppressed", address, sorted(scopes))
    return await database[Suppression.Settings.name].find_one({"_id": {"$in": ids}})
