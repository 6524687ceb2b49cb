"""Group commit into Redis: few jobs, none too fat, nothing acknowledged that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch
from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import make_settings, queued_batches
from tracker.errors import UnavailableError
from tracker.ingest.commit import Committer
from tracker.queue import queue_name, shard_of


@pytest.fixture
async def committer(redis_url: str) -> AsyncIterator[Committer]:
    committer = Committer(make_settings(redis_url=redis_url))
    yield committer
    await committer.close()


def events(number: int) -> list[dict[str, Any]]:
    return [{"type": "custom"}] * number


async def test_requests_at_the_same_time_share_jobs_of_at_most_500_events(committer: Committer, redis: Redis) -> None:
    sizes = [1 + number * 7 % 50 for number in range(200)]
    batches = [a_batch(f"client-{number}", *events(size)) for number, size in enumerate(sizes)]
    await asyncio.gather(*(committer.commit(batch) for batch in batches))
    jobs = await queued_batches(redis)
    weights = [sum(len(batch.events) for batch in job) for job in jobs]
    assert max(weights) <= 500
    assert sum(weights) == sum(sizes)
    assert len(jobs) < len(batches) / 5
    assert sorted(batch.client_id for job in jobs for batch in job) == sorted(batch.client_id for batch in batches)


async def test_a_lone_request_is_a_job_at_once(committer: Committer, redis: Redis) -> None:
    batch = a_batch("client", *events(3))
    await committer.commit(batch)
    assert await queued_batches(redis) == [[batch]]


async def test_each_client_goes_to_the_queue_of_its_shard(redis_url: str, redis: Redis) -> None:
    committer = Committer(make_settings(redis_url=redis_url, queue_shards=3))
    clients = [f"client-{number}" for number in range(12)]
    await asyncio.gather(*(committer.commit(a_batch(client, *events(1))) for client in clients))
    await committer.close()
    for shard in range(3):
        found = {batch.client_id for job in await queued_batches(redis, shard) for batch in job}
        assert found == {client for client in clients if shard_of(client, 3) == shard}


async def test_nothing_is_acknowledged_when_redis_is_away_and_the_next_try_works(private_redis: Any) -> None:
    settings = make_settings(redis_url=private_redis.url, redis_timeout_seconds=0.5)
    committer = Committer(settings)
    await committer.commit(a_batch("before", *events(1)))
    private_redis.kill()
    results = await asyncio.gather(
        *(committer.commit(a_batch(f"lost-{number}", *events(1))) for number in range(20)), return_exceptions=True
    )
    assert all(isinstance(result, UnavailableError) and result.retry_after for result in results)
    await asyncio.to_thread(private_redis.restart)

    async def taken() -> bool:
        try:
            await committer.commit(a_batch("after", *events(1)))
        except UnavailableError:
            return False
        return True

    await wait_until_async(taken)
    redis = Redis.from_url(private_redis.url)
    try:
        clients = [batch.client_id for job in await queued_batches(redis) for batch in job]
    finally:
        await redis.aclose()
        await committer.close()
    assert "after" in clients
    assert not any(client.startswith("lost") for client in clients)


async def test_a_redis_that_takes_no_writes_is_away_too(committer: Committer, redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        with pytest.raises(UnavailableError):
            await committer.commit(a_batch("client", *events(1)))
    finally:
        await redis.config_set("maxmemory", "0")
    assert await redis.zcard(queue_name(0)) == 0


async def test_closing_finishes_what_was_begun(redis_url: str, redis: Redis) -> None:
    committer = Committer(make_settings(redis_url=redis_url))
    tasks = [asyncio.create_task(committer.commit(a_batch("client", *events(1)))) for _ in range(10)]
    await asyncio.sleep(0)
    await committer.close()
    await asyncio.gather(*tasks)
    assert sum(len(batch.events) for job in await queued_batches(redis) for batch in job) == 10
