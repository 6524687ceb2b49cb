"""Reading the books: over servers, shards and pages of jobs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from arq.constants import job_key_prefix
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.world import make_settings
from tracker.accounts import queue_states, read_books, total
from tracker.pipeline.batch import Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.queue import QueueProducer, queue_name


async def enqueue(redis: Redis, shard: int, client: str, events: int) -> None:
    await QueueProducer(redis, shard).enqueue([a_batch(client, *(page_view() for _ in range(events)))])


async def test_two_urls_of_one_server_count_it_once(redis: Redis, redis_url: str) -> None:
    other_name = redis_url.replace("127.0.0.1", "localhost")
    settings = make_settings(queue_shards=2, queue_shard_urls=f"{redis_url},{other_name}")
    assert redis_url != other_name
    await enqueue(redis, 0, "a", 2)
    await enqueue(redis, 1, "b", 3)
    assert {book.client_id: (book.accepted, book.waiting) for book in await read_books(settings)} == {
        "a": (2, 2),
        "b": (3, 3),
    }


async def test_two_databases_of_one_server_are_two_places(redis: Redis, redis_url: str) -> None:
    second = redis_url.rstrip("/").removesuffix("/0") + "/1"
    settings = make_settings(queue_shards=2, queue_shard_urls=f"{redis_url},{second}")
    async with Redis.from_url(second) as other:
        await other.flushdb()
        await enqueue(redis, 0, "a", 2)
        # A client has its events on two servers after the shards were laid out anew.
        await enqueue(other, 1, "a", 3)
        [book] = await read_books(settings)
        [job_id] = await other.zrange(queue_name(1), 0, -1)
        settler = Settler(other, QueueProducer(other, 1), settings)
        await settler.settle(job_id.decode(), Prepared(outcomes=Counter({("a", Outcome.STORED): 3})))
        [after] = await read_books(settings, "a")
        await other.flushdb()
    assert (book.accepted, book.waiting, book.unaccounted) == (5, 5, 0)
    assert (after.accepted, after.waiting, after.outcomes["stored"], after.unaccounted) == (5, 2, 3, 0)


async def test_vanished_jobs_are_found_among_many(redis: Redis, redis_url: str) -> None:
    """More than a page of the manifest; a large hash is read in no order."""
    for number in range(700):
        await enqueue(redis, 0, f"c{number % 3}", 1)
    gone = (await redis.zrange(queue_name(0), 0, -1))[::7]
    await redis.delete(*(job_key_prefix + one.decode() for one in gone))
    settings = make_settings(redis_url=redis_url)
    books = await read_books(settings)
    assert sum(book.unaccounted for book in books) == len(gone) == 100
    assert sum(book.waiting for book in books) == 600
    assert total(books).unaccounted == 100


async def test_totals_let_no_difference_hide_another(redis: Redis, redis_url: str) -> None:
    await redis.hset("tracker:accepted", mapping={"a": 5, "b": 5})
    await redis.hset("tracker:waiting", mapping={"a": 4, "b": 6})
    totals = total(await read_books(make_settings(redis_url=redis_url)))
    assert (totals.accepted, totals.waiting, totals.unaccounted) == (10, 10, 2)


async def test_no_books_are_no_clients(redis: Redis, redis_url: str) -> None:
    settings = make_settings(redis_url=redis_url)
    assert await read_books(settings) == []
    [nobody] = await read_books(settings, "nobody")
    assert (nobody.accepted, set(nobody.outcomes.values())) == (0, {0})
    states: dict[str, Any] = await queue_states(settings)
    assert {name: (state.jobs, state.oldest_seconds) for name, state in states.items()} == {queue_name(0): (0, 0.0)}
