"""MongoDB: version, replica set, write concern, room, indexes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from bson import json_util
from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, IndexModel
from pymongo.errors import OperationFailure

from tracker.doctor.clocks import clock_finding
from tracker.doctor.report import Finding, error, good, listed, version_of, warning
from tracker.documents import declared_indexes
from tracker.settings import Settings
from tracker.stores.documents import Database

_LEAST_VERSION = (6, 0)
_MILLISECONDS = 2400
_LEAST_FREE = 0.1
_REBUILD = (
    'Delete the note that they were made, `db.trackerctl_meta.deleteOne({_id: "indexes"})`, and restart a worker: it '
    "makes the indexes that are missing."
)


def patient_client(settings: Settings) -> AsyncMongoClient[dict[str, Any]]:
    """A client that fails within three seconds."""
    return AsyncMongoClient(
        settings.mongodb_url,
        appname="trackerctl doctor",
        tz_aware=True,
        serverSelectionTimeoutMS=_MILLISECONDS,
        connectTimeoutMS=_MILLISECONDS,
        socketTimeoutMS=_MILLISECONDS,
    )


async def check_mongodb(settings: Settings) -> list[Finding]:
    """Ask the server; every command is a read.

    :raises pymongo.errors.PyMongoError: when it does not answer.
    """
    async with patient_client(settings) as client:
        await client.admin.command("ping")  # the connection is made by now, and costs the clock's answer nothing
        before = time.time()
        hello = await client.admin.command("hello")
        findings = [clock_finding("MongoDB", hello["localTime"].timestamp(), before, time.time())]
        findings.append(_version(str((await client.server_info())["version"])))
        findings += [*_set(hello), *await _members(client), *await _concern(client, settings)]
        database: Database = client.get_database(settings.mongodb_database, codec_options=CodecOptions(tz_aware=True))
        findings += await _room(database)
        findings += await _indexes(database)
    return findings


def _version(version: str) -> Finding:
    if version_of(version) < _LEAST_VERSION:
        fix = "Upgrade the server to MongoDB 6.0 or later."
        return error("mongodb", f"MongoDB {version} is older than 6.0", "nothing here was tested with it", fix)
    return good("mongodb", f"MongoDB {version} answers")


def _set(hello: Mapping[str, Any]) -> Iterator[Finding]:
    if not hello.get("setName") and hello.get("msg") != "isdbgrid":
        yield error(
            "mongodb",
            "MongoDB is no replica set",
            "without transactions a crash of a worker can leave counters off, or a lead without its events",
            "Start mongod with --replSet rs0 and run `rs.initiate()` once; one member is enough (docs/install.md).",
        )
    elif not hello.get("isWritablePrimary"):
        yield error(
            "mongodb",
            "no primary answers under TRACKER_MONGODB_URL",
            "nothing can be stored; events wait in Redis",
            "Add ?replicaSet=NAME to the URL, take directConnection out, and look at `rs.status()`.",
        )


async def _members(client: AsyncMongoClient[dict[str, Any]]) -> list[Finding]:
    try:
        members = (await client.admin.command("replSetGetStatus"))["members"]
    except OperationFailure:  # no set, or our user may not ask
        return []
    down = [str(member["name"]) for member in members if member.get("health") != 1]
    if down:
        return [
            warning(
                "mongodb",
                f"{len(down)} of {len(members)} members of the replica set are down",
                listed(down),
                "Start them again: with a majority away nothing can be stored.",
            )
        ]
    return [good("mongodb", f"the replica set is whole, members: {len(members)}")]


async def _concern(client: AsyncMongoClient[dict[str, Any]], settings: Settings) -> list[Finding]:
    try:
        found = await client.admin.command("getDefaultRWConcern")
    except OperationFailure:
        return []
    default = (found.get("defaultWriteConcern") or {}).get("w", "majority")
    ours = settings.mongodb_write_concern
    if ours == "majority" and default not in ("majority", 1):
        return [
            warning(
                "mongodb",
                f"the default write concern of the server is {default}",
                "our writes ask for majority, what is done by hand does not",
                'Run `db.adminCommand({setDefaultRWConcern: 1, defaultWriteConcern: {w: "majority"}})`.',
            )
        ]
    return [good("mongodb", "writes are confirmed", f"w: {ours}, journal: {str(settings.mongodb_journal).lower()}")]


async def _room(database: Database) -> list[Finding]:
    try:
        stats = await database.command("dbStats")
    except OperationFailure:
        return []
    total, used = stats.get("fsTotalSize") or 0, stats.get("fsUsedSize") or 0
    if total and (free := 1 - used / total) < _LEAST_FREE:
        return [
            warning(
                "mongodb",
                f"the disk of MongoDB is {100 - free * 100:.0f} % full",
                f"{(total - used) / 2**30:.1f} GiB are free; when it is full events wait in Redis",
                "Make room, or keep events for a shorter time: `trackerctl client update CLIENT --retention-days 30`.",
            )
        ]
    return []


async def _indexes(database: Database) -> list[Finding]:
    there = set(await database.list_collection_names())
    declared = declared_indexes()
    if not there & declared.keys():
        return [
            warning(
                "mongodb",
                "there are no collections yet",
                f"none of {listed(sorted(declared))} in this database",
                "Start a worker: it makes collections and indexes. If there was one, check TRACKER_MONGODB_DATABASE.",
            )
        ]
    findings: list[Finding] = []
    for name, indexes in declared.items():
        present = {index["name"]: index async for index in await database[name].list_indexes()} if name in there else {}
        findings += index_findings(name, indexes, present)
    return findings or [good("mongodb", "all indexes are there, as declared", f"{len(declared)} collections")]


def index_findings(
    collection: str, declared: list[IndexModel], present: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    """What is missing or different in one collection.

    :param present: by name, as ``listIndexes`` answers.
    """
    for index in declared:
        wanted = index.document
        name = wanted["name"]
        found = present.get(name)
        if found is None:
            yield (error if _matters(wanted) else warning)(
                "mongodb", f"the index {name} of {collection} is missing", _why(wanted), _REBUILD
            )
        elif _shape(found) != _shape(wanted):
            yield error(
                "mongodb",
                f"the index {name} of {collection} is not as declared",
                _why(wanted),
                f'Drop it, `db.{collection}.dropIndex("{name}")`. {_REBUILD}',
            )


def _matters(index: Mapping[str, Any]) -> bool:
    return bool(index.get("unique")) or "expireAfterSeconds" in index


def _why(index: Mapping[str, Any]) -> str:
    if index.get("unique"):
        return "without it a repeated delivery is stored twice"
    if "expireAfterSeconds" in index:
        return "without it nothing is deleted when its retention ends"
    return "what it serves reads the whole collection instead"


def _shape(index: Mapping[str, Any]) -> tuple[object, ...]:
    """What an index does, whichever way its document was written."""
    options = (bool(index.get("unique")), bool(index.get("sparse")), index.get("expireAfterSeconds"))
    return (tuple(index["key"].items()), *options, json_util.dumps(index.get("partialFilterExpression") or {}))
