"""Transactions of workers that died are ended at once, those of living ones are left alone."""

from __future__ import annotations

import uuid

import pytest
from pymongo.errors import OperationFailure
from redis.asyncio import Redis

from tests.fixtures.processes import wait_until_async
from tracker.orphans import SessionRegistry
from tracker.stores.documents import Documents

pytestmark = pytest.mark.real("mongodb")


async def locked_by(documents: Documents, document_id: str) -> object:
    """Open a transaction that has written a document, and leave it open."""
    session = documents.client.start_session()
    await session.start_transaction()
    await documents.database["held"].update_one({"_id": document_id}, {"$set": {"by": "dead"}}, session=session)
    return session


async def can_write(documents: Documents, document_id: str) -> bool:
    async with documents.client.start_session() as session:
        await session.start_transaction()
        try:
            await documents.database["held"].update_one({"_id": document_id}, {"$set": {"by": "me"}}, session=session)
            await session.commit_transaction()
        except OperationFailure as error:
            assert error.code == 112, "anything but a write conflict is another fault"
            return False
    return True


async def test_ends_the_transaction_of_a_worker_without_a_sign_of_life(documents: Documents, redis: Redis) -> None:
    document_id = uuid.uuid4().hex
    await documents.database["held"].insert_one({"_id": document_id})
    session = await locked_by(documents, document_id)
    dead = SessionRegistry(redis, documents.client, 0.3)
    living = SessionRegistry(redis, documents.client, 0.3)
    await dead.start(session.session_id)  # type: ignore[attr-defined]
    assert dead._task is not None
    assert not await can_write(documents, document_id)
    dead._task.cancel()  # as a SIGKILL: nothing is taken back, no further sign is given
    await living.start(documents.client.start_session().session_id)

    await wait_until_async(lambda: can_write(documents, document_id), timeout=10)

    await living.close()
    assert await redis.hgetall("tracker:worker:sessions") == {}


async def test_leaves_the_transaction_of_a_living_worker_alone(documents: Documents, redis: Redis) -> None:
    document_id = uuid.uuid4().hex
    await documents.database["held"].insert_one({"_id": document_id})
    session = await locked_by(documents, document_id)
    one, other = (SessionRegistry(redis, documents.client, 30) for _ in range(2))
    await one.start(session.session_id)  # type: ignore[attr-defined]
    await other.start(documents.client.start_session().session_id)
    await other._look(b"")
    await session.commit_transaction()  # type: ignore[attr-defined]
    row = await documents.database["held"].find_one({"_id": document_id})
    assert row is not None and row["by"] == "dead"
    await one.close()
    await other.close()
