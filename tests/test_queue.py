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
from redis.exceptions import RedisError

from tests.fixtures.builders import a_batch
from tests.fixtures.world import queued_batches
from tracker.queue import (
    ACCEPTED,
    PROCESS_EVENTS,
    WAITING,
    Payload,
    QueuedBatch,
    QueuedEvent,
    QueueProducer,
    decode_batches,
    deserialize,
    encode_batches,
    forget_start,
    manifest_name,
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
    server=st.booleans(),
    region=st.none() | st.text(),
    city=st.none() | st.text(),
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


def test_a_job_of_before_the_later_fields_can_be_read() -> None:
    written = a_batch("client", {"type": "custom"}, country="DE")
    [row] = msgspec.msgpack.decode(encode_batches([written]))
    old = msgspec.msgpack.encode([row[:8]])
    assert decode_batches(old) == [written]
    assert decode_batches(old)[0].geo == {"country": "DE"}


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
    keys = {key async for key in redis.scan_iter()}
    assert {key for key in keys if not key.startswith(b"arq:job:")} == {
        *(b"tracker:queue:0", b"tracker:manifest:0", b"tracker:accepted", b"tracker:waiting")
    }
    assert len(keys) == 5
    assert {await redis.pttl(key) for key in keys} == {-1}


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


async def test_accepted_events_are_in_the_books_and_in_the_jobs_manifest(redis: Redis) -> None:
    producer = QueueProducer(redis, 1)
    one, two = a_batch("a", {"type": "custom"}), a_batch("b", {"type": "custom"}, {"type": "custom"})
    await producer.enqueue([one, two, one])
    for book in (ACCEPTED, WAITING):
        assert await redis.hgetall(book) == {b"a": b"2", b"b": b"2"}
    [(job_id, entry)] = (await redis.hgetall(manifest_name(1))).items()
    assert [job_id] == await redis.zrange(producer.name, 0, -1)
    assert msgspec.msgpack.decode(entry) == ["a", 2, "b", 2]


async def test_events_that_come_back_wait_again_and_are_not_accepted_twice(redis: Redis) -> None:
    producer = QueueProducer(redis, 0)
    await producer.enqueue([a_batch("a", {"type": "custom"})])
    async with redis.pipeline(transaction=True) as pipe:
        producer.add_to(pipe, [a_batch("a", {"type": "custom"}, {"type": "custom"})])
        await pipe.execute()
    assert await redis.hgetall(ACCEPTED) == {b"a": b"1"}
    assert await redis.hgetall(WAITING) == {b"a": b"3"}
    assert await redis.hlen(manifest_name(0)) == await redis.zcard(producer.name) == 2


@pytest.mark.parametrize("size", [1, 40_000])
async def test_a_restarted_redis_that_forgot_the_script_takes_jobs_of_any_size(redis: Redis, size: int) -> None:
    producer = QueueProducer(redis, 0)
    batch = a_batch("a", {"type": "custom", "payload": {"text": "x" * size}})
    for number in (1, 2):
        await redis.script_flush()
        await producer.enqueue([batch])
        assert await redis.hgetall(ACCEPTED) == await redis.hgetall(WAITING) == {b"a": str(number).encode()}
        assert await queued_batches(redis) == [[batch]] * number
        assert await redis.hlen(manifest_name(0)) == number


@pytest.mark.parametrize("size", [1, 40_000])
async def test_a_full_redis_takes_neither_the_job_nor_an_entry_in_the_books(redis: Redis, size: int) -> None:
    producer = QueueProducer(redis, 0)
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(RedisError):
            await producer.enqueue([a_batch("a", {"type": "custom", "payload": {"text": "x" * size}})])
    finally:
        await redis.config_set("maxmemory", "0")
    assert await redis.dbsize() == 0


async def test_a_start_taken_back_is_not_counted(redis: Redis) -> None:
    await redis.set(f"{retry_key_prefix}job", 3)
    await forget_start(redis, "job")
    assert await redis.get(f"{retry_key_prefix}job") == b"2"


async def test_a_settled_job_gets_no_count_of_starts(redis: Redis) -> None:
    await forget_start(redis, "settled")
    assert await redis.dbsize() == 0


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
