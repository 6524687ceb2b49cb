"""Jobs as they stand in Redis: ours to write, arq's to read, no data in sight, no end of life."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import deserialize_job
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch
from tests.fixtures.world import queued_batches
from tracker.queue import (
    PROCESS_EVENTS,
    Payload,
    QueuedBatch,
    QueuedEvent,
    QueueProducer,
    decode_batches,
    deserialize,
    encode_batches,
    forget_start,
    queue_name,
    renew_leases,
    serialize,
    shard_of,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
events = st.builds(
    QueuedEvent,
    event_id=st.text(),
    data=st.binary(),
    attempt=st.integers(0, 9),
    kills=st.integers(0, 9),
    first_error_at=st.none() | finite,
)
batches = st.builds(
    QueuedBatch,
    client_id=st.text(),
    test=st.booleans(),
    received_at=finite,
    sent_at=st.none() | finite,
    ip_address=st.none() | st.text(),
    user_agent=st.none() | st.text(),
    country=st.none() | st.text(),
    events=st.lists(events, max_size=3),
)


@given(st.lists(batches, max_size=3))
def test_batches_survive_the_way_through_redis(written: list[QueuedBatch]) -> None:
    assert decode_batches(encode_batches(written)) == written


@given(st.lists(batches, max_size=2), st.integers(1, 5), st.integers(0, 2**53))
def test_a_job_survives_the_way_through_redis_as_opaque_bytes(
    written: list[QueuedBatch], attempt: int, enqueued: int
) -> None:
    argument = Payload(encode_batches(written))
    job = deserialize(serialize({"t": attempt, "f": PROCESS_EVENTS, "a": (argument,), "k": {}, "et": enqueued}))
    assert (job["t"], job["f"], job["k"], job["et"]) == (attempt, PROCESS_EVENTS, {}, enqueued)
    assert decode_batches(job["a"][0].data) == written
    # A job that arq writes again (with another count of tries) is the same job.
    assert deserialize(serialize(job))["a"][0].data == argument.data


def test_bytes_of_another_program_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_batches(b"\x80\x05pickle")


async def test_arq_reads_our_jobs_and_its_log_shows_no_data(redis: Redis) -> None:
    producer = QueueProducer(redis, 0)
    await producer.enqueue(
        [a_batch("client", {"id": "e1", "type": "identify", "payload": {"email": "ann@shop.example"}})]
    )
    [job_id] = await redis.zrange(producer.name, 0, -1)
    data = await redis.get(job_key_prefix.encode() + job_id)
    assert data
    job = deserialize_job(data, deserializer=deserialize)
    assert (job.function, job.kwargs, job.job_try) == (PROCESS_EVENTS, {}, None)
    assert abs(job.enqueue_time.timestamp() - time.time()) < 60
    assert "ann" not in repr(job)
    assert "bytes" in repr(job.args)
    assert decode_batches(job.args[0].data)[0].events[0].event_id == "e1"


async def test_acknowledged_events_never_expire(redis: Redis) -> None:
    producer = QueueProducer(redis, 0)
    await producer.enqueue([a_batch("client", {"type": "custom"})])
    keys = [key async for key in redis.scan_iter()]
    assert len(keys) == 2
    assert [await redis.pttl(key) for key in keys] == [-1, -1]


async def test_one_call_makes_one_job_that_is_due_now(redis: Redis) -> None:
    producer = QueueProducer(redis, 3)
    await producer.enqueue([a_batch("a", {"type": "custom"}), a_batch("b", {"type": "custom"}, {"type": "custom"})])
    [job] = await queued_batches(redis, shard=3)
    assert [(batch.client_id, len(batch.events)) for batch in job] == [("a", 1), ("b", 2)]
    [(_, due)] = await redis.zrange(queue_name(3), 0, -1, withscores=True)
    assert due <= time.time() * 1000


async def test_a_delayed_job_is_due_later(redis: Redis) -> None:
    producer = QueueProducer(redis, 0)
    async with redis.pipeline() as pipe:
        job_id = producer.add_to(pipe, [a_batch("a", {"type": "custom"})], delay=30)
        await pipe.execute()
    score: Any = await redis.zscore(producer.name, job_id)
    assert 25 < score / 1000 - time.time() <= 30


async def test_a_start_taken_back_is_not_counted(redis: Redis) -> None:
    await redis.set(f"{retry_key_prefix}job", 3)
    await forget_start(redis, "job")
    assert await redis.get(f"{retry_key_prefix}job") == b"2"


async def test_leases_are_renewed_and_a_lost_one_is_not_taken_back(redis: Redis) -> None:
    await redis.set(f"{in_progress_key_prefix}held", "1", px=1000)
    await renew_leases(redis, ["held", "lost"], 60)
    assert await redis.pttl(f"{in_progress_key_prefix}held") > 50_000
    assert not await redis.exists(f"{in_progress_key_prefix}lost")


@given(st.uuids(), st.integers(1, 64))
def test_a_client_always_goes_to_the_same_existing_shard(client: Any, shards: int) -> None:
    shard = shard_of(str(client), shards)
    assert 0 <= shard < shards
    assert shard_of(str(client), shards) == shard


def test_clients_spread_over_all_shards() -> None:
    assert {shard_of(f"client-{number}", 4) for number in range(200)} == {0, 1, 2, 3}
