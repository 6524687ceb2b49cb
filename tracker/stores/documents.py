"""MongoDB: the connection, what its errors mean, and making indexes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous import collection
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tracker.settings import Settings

Database = AsyncDatabase[dict[str, Any]]
AsyncCollection = collection.AsyncCollection[dict[str, Any]]
_META = "trackerctl_meta"
_Result = TypeVar("_Result")

# Codes of a server that cannot serve now, or not this user: the same call can succeed later without being changed.
_AWAY_CODES = frozenset(
    {
        6,  # HostUnreachable
        7,  # HostNotFound
        13,  # Unauthorized
        18,  # AuthenticationFailed
        43,  # CursorNotFound
        50,  # MaxTimeMSExpired
        64,  # WriteConcernFailed
        89,  # NetworkTimeout
        91,  # ShutdownInProgress
        112,  # WriteConflict
        133,  # FailedToSatisfyReadPreference
        134,  # ReadConcernMajorityNotAvailableYet
        189,  # PrimarySteppedDown
        202,  # NetworkInterfaceExceededTimeLimit
        246,  # SnapshotUnavailable
        251,  # NoSuchTransaction
        262,  # ExceededTimeLimit
        9001,  # SocketException
        10058,  # NotPrimaryNoSecondaryOk (legacy)
        10107,  # NotWritablePrimary
        11600,  # InterruptedAtShutdown
        11602,  # InterruptedDueToReplStateChange
        13435,  # NotPrimaryNoSecondaryOk
        13436,  # NotPrimaryOrSecondary
        14031,  # OutOfDiskSpace
    }
)
_WRITE_CONFLICT = 112
_AWAY_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")


@dataclass(frozen=True, slots=True)
class Documents:
    """An open connection.

    ``transactions`` is false on a server without a replica set: effects are then at-least-once at a crash.
    """

    client: AsyncMongoClient[dict[str, Any]]
    database: Database
    write_concern: WriteConcern
    transactions: bool


def either(queries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A query for what any of these finds; at least one."""
    return queries[0] if len(queries) == 1 else {"$or": list(queries)}


def is_outage(error: BaseException) -> bool:
    """Whether the store is away (or busy with an election, or out of disk): told by class, code and label."""
    if isinstance(
        error, ConnectionFailure | WTimeoutError | WriteConcernError | ExecutionTimeout | WaitQueueTimeoutError
    ):
        return True
    if isinstance(error, OperationFailure) and error.code in _AWAY_CODES:
        return True
    return isinstance(error, PyMongoError) and any(error.has_error_label(label) for label in _AWAY_LABELS)


def is_conflict(error: BaseException) -> bool:
    """Whether a transaction lost against another one that is open; it will end soon."""
    return isinstance(error, OperationFailure) and error.code == _WRITE_CONFLICT


def connect(settings: Settings) -> AsyncMongoClient[dict[str, Any]]:
    """A client that answers or fails within ``mongodb_timeout_seconds`` when there is no primary."""
    milliseconds = int(settings.mongodb_timeout_seconds * 1000)
    return AsyncMongoClient(
        settings.mongodb_url,
        appname="trackerctl",
        tz_aware=True,
        serverSelectionTimeoutMS=milliseconds,
        connectTimeoutMS=milliseconds,
        socketTimeoutMS=max(30_000, 4 * milliseconds),
        retryWrites=True,
    )


def write_concern(settings: Settings) -> WriteConcern:
    """``majority`` with journal unless the operator accepts loss (decisions §9)."""
    w: int | str = settings.mongodb_write_concern
    return WriteConcern(w=int(w) if isinstance(w, str) and w.isdigit() else w, j=settings.mongodb_journal)


async def open_database(client: AsyncMongoClient[dict[str, Any]], settings: Settings) -> Documents:
    """Bind a client to the configured database.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    hello = await client.admin.command("hello")
    concern = write_concern(settings)
    database: Database = client.get_database(
        settings.mongodb_database,
        codec_options=CodecOptions(tz_aware=True),
        write_concern=concern,
        read_concern=ReadConcern("majority"),
    )
    transactions = bool(hello.get("setName") or hello.get("msg") == "isdbgrid")
    return Documents(client, database, concern, transactions)


async def all_or_nothing(
    database: Database, work: Callable[[AsyncClientSession | None], Awaitable[_Result]]
) -> _Result:
    """Do several writes in one transaction, again when another one comes in between; without a replica set, one after
    the other.

    :param work: may be called several times; gets the session that its writes belong to.
    :raises pymongo.errors.PyMongoError: what ``work`` raises, or an outage.
    """
    hello = await database.client.admin.command("hello")
    if not (hello.get("setName") or hello.get("msg") == "isdbgrid"):
        return await work(None)
    async with database.client.start_session() as session:
        return await session.with_transaction(
            work, read_concern=ReadConcern("snapshot"), write_concern=database.write_concern
        )


async def ensure_indexes(database: Database, declared: Mapping[str, Sequence[IndexModel]]) -> bool:
    """Make the indexes that are missing, by collection; tells whether there was anything to do.

    A fingerprint of the declared indexes is kept in the database, so that a start normally asks one document and
    builds nothing. Building is idempotent in MongoDB, so that two first starts at once do no harm.
    """
    text = repr({name: [index.document for index in indexes] for name, indexes in declared.items()})
    fingerprint = sha256(text.encode()).hexdigest()
    meta = database[_META]
    if await meta.find_one({"_id": "indexes", "fingerprint": fingerprint}):
        return False
    for name, indexes in declared.items():
        await database[name].create_indexes(list(indexes))
    await meta.update_one({"_id": "indexes"}, {"$set": {"fingerprint": fingerprint}}, upsert=True)
    return True
