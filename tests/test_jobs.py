"""The job around the pipeline: what ends it, what hands it back, what it never loses."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import serialize_job
from arq.worker import Retry, func
from pymongo.errors import ServerSelectionTimeoutError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.deadletters.letters import newest
from tests.fixtures.builders import a_batch, a_client, page_view
from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import make_settings
from tracker import deadletters
from tracker.accounts import ClientBooks, read_books
from tracker.errors import UnavailableError
from tracker.jobs import ARQ_TIMEOUT_SECONDS, Shift, process_events
from tracker.leases import LeasedWorker
from tracker.outage import OutageGate
from tracker.pipeline.batch import Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.queue import PROCESS_EVENTS, Payload, QueueProducer, decode_batches, deserialize, queue_name, serialize
from tracker.settings import Settings
from tracker.suspects import Suspects
from tracker.worker import _arq_redis

CLIENT = a_client()


class Processor:
    """Stores what it gets; raises what it is told to; hangs over a slow event."""

    def __init__(self, error: BaseException | None = None, slow: str = "") -> None:
        self.error = error
        self.slow = slow
        self.sizes: list[int] = []

    async def process(self, batches: Sequence[Any], **_: Any) -> Prepared:
        events = [(batch.client_id, event.event_id) for batch in batches for event in batch.events]
        self.sizes.append(len(events))
        if self.error is not None:
            raise self.error
        if any(event_id == self.slow for _, event_id in events):
            await asyncio.Event().wait()
        prepared = Prepared()
        for client_id, _ in events:
            prepared.outcomes[client_id, Outcome.STORED] += 1
        return prepared


def shift(redis: Redis, processor: Processor, probes: list[int] | None = None, **values: Any) -> Shift:
    """:param probes: gets an item for each probe; without it the stores are always there."""

    async def probe() -> None:
        if probes is not None:
            probes.append(1)

    settings = make_settings(event_retry_seconds=0, **values)
    settler = Settler(redis, QueueProducer(redis, 0), settings)

    async def alone(job_id: str, batches: Any) -> None:
        await settler.settle(job_id, await processor.process(batches))

    suspects = Suspects(redis, settler, settings, turn=asyncio.Lock(), process=alone)
    return Shift(settings, redis, processor, settler, suspects, OutageGate(probe))  # type: ignore[arg-type]


async def enqueue(redis: Redis, *ids: str) -> None:
    await QueueProducer(redis, 0).enqueue([a_batch(CLIENT, *(page_view(id=one) for one in ids))])


async def run_all(redis: Redis, held: Shift) -> int:
    """Run every job that is in the queue, as a worker would; returns how many."""
    job_ids = [raw.decode() for raw in await redis.zrange(queue_name(0), 0, -1)]
    for job_id in job_ids:
        settled: set[str] = set()
        await process_events(job(held, job_id, settled), await payload_of(redis, job_id))
        assert settled == {job_id}
    return len(job_ids)


def job(held: Shift, job_id: str = "j1", settled: set[str] | None = None) -> dict[str, Any]:
    return {"shift": held, "job_id": job_id, "job_try": 1, "settled": set() if settled is None else settled}


async def payload_of(redis: Redis, job_id: str) -> Payload:
    data = await redis.get(job_key_prefix + job_id)
    assert data is not None
    payload: Payload = deserialize(data)["a"][0]
    return payload


async def the_only_job(redis: Redis) -> str:
    [job_id] = await redis.zrange(queue_name(0), 0, -1)
    return str(job_id.decode())


async def books(redis_url: str) -> ClientBooks:
    [found] = await read_books(make_settings(redis_url=redis_url), CLIENT.client_id)
    assert found.unaccounted == 0
    return found


# ------------------------------------------------------------------------------------------------------------ outages


@pytest.mark.parametrize("error", [ServerSelectionTimeoutError("x"), UnavailableError("x"), ConnectionError("x")])
async def test_an_outage_hands_the_job_back_and_counts_no_start(redis: Redis, redis_url: str, error: Exception) -> None:
    await enqueue(redis, "a", "b")
    job_id = await the_only_job(redis)
    await redis.set(retry_key_prefix + job_id, 1)
    held, settled = shift(redis, Processor(error)), set[str]()
    with pytest.raises(Retry) as caught:
        await process_events(job(held, job_id, settled), await payload_of(redis, job_id))
    assert caught.value.defer_score is not None and caught.value.defer_score > 0
    assert int(await redis.get(retry_key_prefix + job_id) or 0) == 0
    assert await the_only_job(redis) == job_id
    assert settled == set()
    assert (await books(redis_url)).waiting == 2
    await held.outage.close()


async def test_no_job_is_picked_while_mongodb_is_away_and_again_when_it_is_back(redis: Redis) -> None:
    await enqueue(redis, "a")
    job_id = await the_only_job(redis)
    probes: list[int] = []
    held = shift(redis, Processor(ServerSelectionTimeoutError("x")), probes)
    worker = SimpleNamespace(allow_pick_jobs=True)
    held.outage.workers.append(worker)
    with pytest.raises(Retry):
        await process_events(job(held, job_id), await payload_of(redis, job_id))
    assert not worker.allow_pick_jobs
    await wait_until_async(lambda: worker.allow_pick_jobs)
    assert probes


# -------------------------------------------------------------------------------------------------- unexpected errors


async def test_an_error_that_nobody_expected_is_tried_event_by_event_and_ends_in_the_dead_letters(
    redis: Redis, redis_url: str
) -> None:
    processor = Processor(ZeroDivisionError("ann@shop.example"))
    held = shift(redis, processor)
    await enqueue(redis, "a", "b", "c")
    while await run_all(redis, held):
        pass
    assert processor.sizes == [3] + [1] * 6
    letters = await newest(redis)
    assert [(letter.error, letter.attempts) for letter in letters] == [("job: ZeroDivisionError", 3)] * 3
    found = await books(redis_url)
    assert (found.outcomes["dead_letter"], found.waiting) == (3, 0)


class BrokenSettler:
    """Redis went away between the failure and its settlement."""

    async def settle(self, *_: Any, **__: Any) -> None:
        raise RedisConnectionError("away")

    async def keep_unreadable(self, *_: Any) -> None:
        raise RedisConnectionError("away")


async def test_a_failed_job_that_cannot_be_put_aside_is_handed_back_and_not_ended(redis: Redis) -> None:
    await enqueue(redis, "a")
    job_id = await the_only_job(redis)
    held = shift(redis, Processor(ZeroDivisionError("x")))
    held.settler = BrokenSettler()  # type: ignore[assignment]
    with pytest.raises(Retry):
        await process_events(job(held, job_id), await payload_of(redis, job_id))


async def test_an_unreadable_job_that_cannot_be_kept_is_handed_back(redis: Redis) -> None:
    held = shift(redis, Processor(AssertionError("not reached")))
    held.settler = BrokenSettler()  # type: ignore[assignment]
    with pytest.raises(Retry):
        await process_events(job(held), Payload(b"\xc1"))


# ---------------------------------------------------------------------------------------------------------- time limit


async def test_the_one_slow_event_ends_in_the_dead_letters_and_its_neighbours_are_stored(
    redis: Redis, redis_url: str
) -> None:
    processor = Processor(slow="slow")
    held = shift(redis, processor, job_timeout_seconds=0.05)
    await enqueue(redis, *(f"e{number}" for number in range(20)), "slow", *(f"f{number}" for number in range(20)))
    rounds = 0
    while await run_all(redis, held):
        rounds += 1
        assert rounds < 20, "handed back for ever"
        assert (await books(redis_url)).accepted == 41
    [letter] = await newest(redis)
    assert (letter.error, letter.attempts) == ("timeout", 3)
    assert [event.event_id for event in letter.batch.events] == ["slow"]
    found = await books(redis_url)
    assert (found.outcomes["stored"], found.outcomes["dead_letter"], found.waiting) == (40, 1, 0)


async def test_a_lone_event_is_given_a_run_without_company_before_a_try_is_spent(redis: Redis, redis_url: str) -> None:
    processor = Processor(slow="slow")
    held = shift(redis, processor, job_timeout_seconds=0.05)
    await enqueue(redis, "slow")
    await run_all(redis, held)
    [marked] = [event async for event in events_in_the_queue(redis)]
    assert (marked.attempt, marked.timeouts) == (0, 1)
    processor.slow = ""
    await run_all(redis, held)
    assert (await books(redis_url)).outcomes["stored"] == 1


async def events_in_the_queue(redis: Redis) -> Any:
    for raw in await redis.zrange(queue_name(0), 0, -1):
        for batch in decode_batches((await payload_of(redis, raw.decode())).data):
            for event in batch.events:
                yield event


@pytest.mark.parametrize("gate", ["open", "closed"])
async def test_a_time_limit_during_an_outage_is_not_the_jobs_fault(redis: Redis, redis_url: str, gate: str) -> None:
    held = shift(redis, Processor(slow="slow"), job_timeout_seconds=0.05)

    async def away() -> None:
        raise ServerSelectionTimeoutError("away")

    held.outage = OutageGate(away)
    if gate == "closed":
        held.outage.began(ServerSelectionTimeoutError("away"))
    await enqueue(redis, "slow", "b")
    job_id = await the_only_job(redis)
    for _ in range(5):
        with pytest.raises(Retry):
            await process_events(job(held, job_id), await payload_of(redis, job_id))
    assert await the_only_job(redis) == job_id
    assert [(event.attempt, event.timeouts) async for event in events_in_the_queue(redis)] == [(0, 0)] * 2
    assert (await books(redis_url)).waiting == 2
    await held.outage.close()


# ---------------------------------------------------------------------------------------------------- in arq's worker


async def work_off(redis_url: str, held: Shift, **values: Any) -> LeasedWorker:
    """Run a worker until the queue is empty."""
    settings: Settings = make_settings(redis_url=redis_url, **values)
    connection = _arq_redis(settings, redis_url)
    functions = [func(process_events, name=PROCESS_EVENTS, timeout=ARQ_TIMEOUT_SECONDS)]
    worker = LeasedWorker(connection, settings, functions, {"shift": held}, queue=queue_name(0), settler=held.settler)
    worker.burst = True
    try:
        await asyncio.wait_for(worker.async_run(), 20)
    finally:
        await connection.aclose(close_connection_pool=True)
    return worker


@pytest.mark.parametrize("data", [b"\xc1 not msgpack", msgspec.msgpack.encode({"t": None}), b""])
async def test_a_job_that_cannot_be_read_is_kept_and_leaves_the_queue(
    redis_url: str, redis: Redis, data: bytes
) -> None:
    await enqueue(redis, "a", "b")
    job_id = await the_only_job(redis)
    await redis.set(job_key_prefix + job_id, data)
    await work_off(redis_url, shift(redis, Processor(AssertionError("must not get this far"))))
    assert await redis.zcard(queue_name(0)) == 0
    assert await redis.hgetall(deadletters.UNREADABLE) == {job_id.encode(): data}
    assert (await books(redis_url)).outcomes["dropped_unreadable"] == 2


async def test_a_job_for_a_function_of_another_version_is_kept_and_not_deleted(redis_url: str, redis: Redis) -> None:
    await enqueue(redis, "a")
    job_id = await the_only_job(redis)
    data = serialize_job("process_more", (b"x",), {}, None, 1, serializer=serialize)
    await redis.set(job_key_prefix + job_id, data or b"")
    await work_off(redis_url, shift(redis, Processor()))
    assert await redis.hgetall(deadletters.UNREADABLE) == {job_id.encode(): data}
    assert (await books(redis_url)).outcomes["dropped_unreadable"] == 1


async def test_a_job_whose_bytes_are_gone_is_written_off_and_stays_unaccounted_for(
    redis_url: str, redis: Redis
) -> None:
    await enqueue(redis, "a", "b")
    await redis.delete(job_key_prefix + await the_only_job(redis))
    await work_off(redis_url, shift(redis, Processor()))
    assert await redis.zcard(queue_name(0)) == 0
    [found] = await read_books(make_settings(redis_url=redis_url))
    assert (found.accepted, found.waiting, found.unaccounted) == (2, 0, 2)


async def test_arq_ends_no_job_of_events_that_is_not_settled(redis_url: str, redis: Redis) -> None:
    """Its own time-out would delete the job as failed; here the job comes back and is stored."""
    processor = Processor(slow="a")
    held = shift(redis, processor)
    await enqueue(redis, "a")
    settings = make_settings(redis_url=redis_url)
    connection = _arq_redis(settings, redis_url)
    functions = [func(process_events, name=PROCESS_EVENTS, timeout=0.1)]
    worker = LeasedWorker(connection, settings, functions, {"shift": held}, queue=queue_name(0), settler=held.settler)
    running = asyncio.create_task(worker.async_run())
    await wait_until_async(lambda: len(processor.sizes) > 1)
    processor.slow = ""

    async def stored() -> bool:
        return (await books(redis_url)).outcomes["stored"] == 1

    await wait_until_async(stored)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await connection.aclose(close_connection_pool=True)


async def test_a_job_that_another_worker_settled_does_not_come_into_the_queue_again(
    redis_url: str, redis: Redis
) -> None:
    """This worker lost its lease: another one stored the events, and then this one hands the job back."""
    await enqueue(redis, "a")
    job_id = await the_only_job(redis)
    held = shift(redis, Processor())

    class Overtaken(Processor):
        async def process(self, batches: Sequence[Any], **_: Any) -> Prepared:
            await run_all(redis, held)
            raise ConnectionError("lost")

    await work_off(redis_url, shift(redis, Overtaken()))
    assert await redis.zcard(queue_name(0)) == 0
    assert not await redis.exists(*(prefix + job_id for prefix in (in_progress_key_prefix, retry_key_prefix)))
    assert (await books(redis_url)).outcomes["stored"] == 1


async def test_a_settled_job_costs_no_further_call(redis_url: str, redis: Redis, monkeypatch: Any) -> None:
    finished: list[str] = []

    async def finish(self: Any, job_id: str, *_: Any) -> None:
        finished.append(job_id)

    monkeypatch.setattr("arq.worker.Worker.finish_job", finish)
    await enqueue(redis, "a")
    worker = await work_off(redis_url, shift(redis, Processor()))
    assert (worker.jobs_complete, finished, worker.settled) == (1, [], set())
    assert (await books(redis_url)).outcomes["stored"] == 1
