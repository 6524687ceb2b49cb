"""The job around the pipeline: what ends it, what hands it back, what it never loses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from arq.constants import job_key_prefix, retry_key_prefix
from arq.worker import Retry
from pymongo.errors import ServerSelectionTimeoutError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.fixtures.builders import a_batch, a_client, page_view
from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import make_settings
from tracker import deadletters
from tracker.errors import UnavailableError
from tracker.jobs import Shift, process_events
from tracker.leases import LeasedWorker
from tracker.outage import OutageGate
from tracker.pipeline.batch import Settler
from tracker.queue import Payload, QueueProducer, decode_batches, deserialize, encode_batches, queue_name
from tracker.worker import PROCESS_EVENTS, _arq_redis, func


class Processor:
    """Raises what it is told to."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    async def process(self, *_: Any, **__: Any) -> None:
        raise self.error


def shift(redis: Redis, error: BaseException, probes: list[int]) -> Shift:
    async def probe() -> None:
        probes.append(1)

    settings = make_settings(event_retry_seconds=0)
    settler = Settler(redis, QueueProducer(redis, 0), settings)
    return Shift(settings, redis, Processor(error), settler, SimpleNamespace(), OutageGate(probe))  # type: ignore[arg-type]


def job(held: Shift) -> dict[str, Any]:
    return {"shift": held, "job_id": "j1", "job_try": 1}


def payload(events: int = 2) -> Payload:
    client = a_client()
    return Payload(encode_batches([a_batch(client, *(page_view() for _ in range(events)))]))


@pytest.mark.parametrize("error", [ServerSelectionTimeoutError("x"), UnavailableError("x"), ConnectionError("x")])
async def test_an_outage_hands_the_job_back_and_counts_no_start(redis: Redis, error: Exception) -> None:
    await redis.set(retry_key_prefix + "j1", 1)
    held = shift(redis, error, [])
    with pytest.raises(Retry) as caught:
        await process_events(job(held), payload())
    assert caught.value.defer_score is not None and caught.value.defer_score > 0
    assert int(await redis.get(retry_key_prefix + "j1") or 0) == 0
    assert await redis.zcard(queue_name(0)) == 0
    await held.outage.close()


async def test_no_job_is_picked_while_mongodb_is_away_and_again_when_it_is_back(redis: Redis) -> None:
    probes: list[int] = []
    held = shift(redis, ServerSelectionTimeoutError("x"), probes)
    worker = SimpleNamespace(allow_pick_jobs=True)
    held.outage.workers.append(worker)
    with pytest.raises(Retry):
        await process_events(job(held), payload())
    assert not worker.allow_pick_jobs
    await wait_until_async(lambda: worker.allow_pick_jobs)
    assert probes


async def test_an_error_that_nobody_expected_is_tried_event_by_event_and_ends_in_the_dead_letters(redis: Redis) -> None:
    held = shift(redis, ZeroDivisionError("ann@shop.example"), [])
    await process_events(job(held), payload(events=3))
    for _ in range(2):
        for job_id in await redis.zrange(queue_name(0), 0, -1):
            stored = deserialize(await redis.get(job_key_prefix + job_id.decode()))
            assert sum(len(batch.events) for batch in decode_batches(stored["a"][0].data)) == 1
            await redis.zrem(queue_name(0), job_id)
            await process_events(job(held), stored["a"][0])
    letters = await deadletters.newest(redis)
    assert [(letter.error, letter.attempts) for letter in letters] == [("job: ZeroDivisionError", 3)] * 3
    assert await redis.zcard(queue_name(0)) == 0


@pytest.mark.parametrize("data", [b"\xc1 not msgpack", msgspec.msgpack.encode({"t": None}), b""])
async def test_a_job_that_cannot_be_read_is_kept_and_leaves_the_queue(
    redis_url: str, redis: Redis, data: bytes
) -> None:
    settings = make_settings(redis_url=redis_url)
    connection = _arq_redis(settings, redis_url)
    held = shift(redis, AssertionError("must not get this far"), [])
    await redis.set(job_key_prefix + "broken", data)
    await redis.zadd(queue_name(0), {"broken": 1})
    functions = [func(process_events, name=PROCESS_EVENTS)]
    worker = LeasedWorker(connection, settings, functions, {"shift": held}, queue=queue_name(0))
    worker.burst = True
    await worker.async_run()
    await connection.aclose(close_connection_pool=True)
    assert await redis.zcard(queue_name(0)) == 0
    kept = await redis.hgetall("tracker:dlq:unreadable")
    if data:
        assert kept == {b"broken": data}


class BrokenSettler:
    """Redis went away between the failure and its settlement."""

    async def settle(self, _: Any) -> None:
        raise RedisConnectionError("away")


async def test_a_failed_job_that_cannot_be_put_aside_is_handed_back_and_not_ended(redis: Redis) -> None:
    held = shift(redis, ZeroDivisionError("x"), [])
    held.settler = BrokenSettler()  # type: ignore[assignment]
    with pytest.raises(Retry):
        await process_events(job(held), payload())


async def test_an_unreadable_job_that_cannot_be_kept_is_handed_back(redis: Redis, monkeypatch: Any) -> None:
    async def away(*_: Any) -> None:
        raise RedisConnectionError("away")

    monkeypatch.setattr("tracker.jobs.keep_unreadable", away)
    with pytest.raises(Retry):
        await process_events(job(shift(redis, AssertionError("not reached"), [])), Payload(b"\xc1"))
