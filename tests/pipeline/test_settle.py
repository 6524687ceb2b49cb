"""A job ends once, and what became of its events is entered once, whoever tries to end it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import msgspec
import pytest
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.deadletters.letters import newest
from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.world import make_settings, queued_batches
from tracker import deadletters
from tracker.accounts import ClientBooks, read_books
from tracker.pipeline.batch import Failure, Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.queue import QueuedBatch, QueueProducer, manifest_name, queue_name
from tracker.settings import Settings


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return make_settings(redis_url=redis_url, event_retry_seconds=5)


@pytest.fixture
def settler(redis: Redis, settings: Settings) -> Settler:
    return Settler(redis, QueueProducer(redis, 0), settings)


async def enqueued(redis: Redis, *batches: QueuedBatch) -> str:
    """Accept batches; returns the id of their job."""
    before = set(await redis.zrange(queue_name(0), 0, -1))
    await QueueProducer(redis, 0).enqueue(list(batches))
    [job_id] = set(await redis.zrange(queue_name(0), 0, -1)) - before
    return str(job_id.decode())


def failed(batch: QueuedBatch, attempt: int = 0) -> Prepared:
    """The last event of a batch failed, the others are stored."""
    *rest, bad = batch.events
    outcomes = Counter({(batch.client_id, Outcome.STORED): len(rest)} if rest else {})
    return Prepared(
        failures=[Failure(batch, msgspec.structs.replace(bad, attempt=attempt), "store: ValueError")], outcomes=outcomes
    )


async def books(settings: Settings, client_id: str = "client") -> ClientBooks:
    [found] = await read_books(settings, client_id)
    return found


def nonzero(found: ClientBooks) -> dict[str, int]:
    return {name: number for name, number in found.outcomes.items() if number}


async def test_a_settled_job_leaves_nothing_but_its_outcomes(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    job_id = await enqueued(redis, a_batch("client", page_view(), page_view()), a_batch("other", page_view()))
    for prefix in (in_progress_key_prefix, retry_key_prefix, "tracker:suspect:"):
        await redis.set(prefix + job_id, 1)
    assert (await books(settings)).waiting == 2
    outcomes = Counter({("client", Outcome.STORED): 1, ("client", Outcome.DUPLICATE): 1, ("other", Outcome.STORED): 1})
    assert await settler.settle(job_id, Prepared(outcomes=outcomes))
    assert {key.decode() async for key in redis.scan_iter()} == {
        "tracker:accepted",
        "tracker:waiting",
        "tracker:outcomes:client",
        "tracker:outcomes:other",
    }
    found = await books(settings)
    assert (found.accepted, found.waiting, found.unaccounted) == (2, 0, 0)
    assert nonzero(found) == {"stored": 1, "duplicate": 1}


async def test_a_job_is_settled_once_whoever_comes_second(settler: Settler, redis: Redis, settings: Settings) -> None:
    batch = a_batch("client", page_view(), page_view())
    job_id = await enqueued(redis, batch)
    done = await asyncio.gather(*(settler.settle(job_id, failed(batch, attempt=n % 3)) for n in range(8)))
    assert sorted(done) == [False] * 7 + [True]
    found = await books(settings)
    assert found.accepted == sum(found.outcomes.values()) + found.waiting == 2
    assert found.unaccounted == 0
    assert await redis.hlen(manifest_name(0)) == await redis.zcard(queue_name(0)) == found.waiting


async def test_a_failed_event_is_tried_again_alone_later_and_later(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    for attempt, base in ((0, 5), (1, 10)):
        await redis.flushall()
        batch = a_batch("client", page_view(id="good"), page_view(id="bad"))
        before = time.time()
        await settler.settle(await enqueued(redis, batch), failed(batch, attempt))
        [[retry]] = await queued_batches(redis)
        assert [(event.event_id, event.attempt) for event in retry.events] == [("bad", attempt + 1)]
        assert (retry.events[0].first_error_at or 0) >= before
        [(_, due)] = await redis.zrange(queue_name(0), 0, -1, withscores=True)
        assert 0.7 * base < due / 1000 - before < 1.3 * base + 1
        found = await books(settings)
        assert (nonzero(found), found.waiting, found.unaccounted) == ({"stored": 1}, 1, 0)


async def test_the_third_failure_is_a_dead_letter(settler: Settler, redis: Redis, settings: Settings) -> None:
    batch = a_batch("client", page_view(id="good"), page_view(id="bad"))
    await settler.settle(await enqueued(redis, batch), failed(batch, 2))
    assert await queued_batches(redis) == []
    [letter] = await newest(redis)
    assert (letter.client_id, letter.error, letter.attempts) == ("client", "store: ValueError", 3)
    assert [event.event_id for event in letter.batch.events] == ["bad"]
    found = await books(settings)
    assert (nonzero(found), found.waiting, found.unaccounted) == ({"stored": 1, "dead_letter": 1}, 0, 0)


async def test_an_event_that_dies_twice_is_one_letter_and_one_duplicate(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    for _ in range(2):
        batch = a_batch("client", page_view(id="bad"))
        await settler.settle(await enqueued(redis, batch), failed(batch, 2))
    [letter] = await newest(redis)
    assert letter.attempts == 6
    assert letter.first_at < letter.last_at
    found = await books(settings)
    assert (nonzero(found), found.unaccounted) == ({"dead_letter": 1, "duplicate": 1}, 0)


async def test_an_operators_edit_of_a_letter_stands_when_the_event_dies_again(
    settler: Settler, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = a_batch("client", page_view(id="bad")), a_batch("client", page_view(id="bad"))
    await settler.settle(await enqueued(redis, first), failed(first, 2))
    [letter_id] = await redis.hkeys(deadletters.ENTRIES)
    merged = settler._merged

    async def edited_meanwhile(letters: list[deadletters.DeadLetter]) -> object:
        found = await merged(letters)
        await redis.hset(deadletters.ENTRIES, letter_id, b"edited")
        return found

    monkeypatch.setattr(settler, "_merged", edited_meanwhile)
    await settler.settle(await enqueued(redis, second), failed(second, 2))
    assert await redis.hgetall(deadletters.ENTRIES) == {letter_id: b"edited"}


async def test_copies_that_fail_together_are_tried_again_once(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    batch = a_batch("client", page_view(id="bad"), page_view(id="bad"))
    failures = [Failure(batch, event, "x") for event in batch.events]
    await settler.settle(await enqueued(redis, batch), Prepared(failures=failures))
    found = await books(settings)
    assert (nonzero(found), found.waiting, found.unaccounted) == ({"duplicate": 1}, 1, 0)


async def test_other_jobs_can_take_a_jobs_place(settler: Settler, redis: Redis, settings: Settings) -> None:
    batch = a_batch("client", *(page_view() for _ in range(3)))
    job_id = await enqueued(redis, batch)
    parts = [[msgspec.structs.replace(batch, events=[event])] for event in batch.events]
    assert await settler.settle(job_id, Prepared(), instead=parts)
    assert not await settler.settle(job_id, Prepared(), instead=parts)
    assert sorted(e.event_id for [part] in await queued_batches(redis) for e in part.events) == sorted(
        event.event_id for event in batch.events
    )
    found = await books(settings)
    assert (found.waiting, nonzero(found), found.unaccounted) == (3, {}, 0)


async def test_an_unreadable_job_is_kept_and_counted_by_its_manifest(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    job_id = await enqueued(redis, a_batch("client", page_view(), page_view()))
    manifest = await redis.hget(manifest_name(0), job_id)
    assert await settler.keep_unreadable(job_id, b"\xc1")
    assert not await settler.keep_unreadable(job_id, b"\xc1")
    assert await redis.hgetall(deadletters.UNREADABLE) == {job_id.encode(): b"\xc1"}
    assert await redis.hgetall(deadletters.UNREADABLE_MANIFESTS) == {job_id.encode(): manifest}
    assert await redis.zcard(deadletters.UNREADABLE_BY_TIME) == 1
    found = await books(settings)
    assert (nonzero(found), found.waiting, found.unaccounted) == ({"dropped_unreadable": 2}, 0, 0)


async def test_a_job_of_a_version_that_kept_no_books_enters_them_when_it_leaves(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    batch = a_batch("client", *(page_view() for _ in range(4)))
    job_id = await enqueued(redis, batch)
    await redis.delete("tracker:accepted", "tracker:waiting", manifest_name(0))
    await settler.settle(job_id, failed(batch), instead=[])
    found = await books(settings)
    assert (found.accepted, nonzero(found), found.waiting, found.unaccounted) == (4, {"stored": 3}, 1, 0)


async def test_an_event_that_the_pipeline_forgot_is_unaccounted_for(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    job_id = await enqueued(redis, a_batch("client", page_view(), page_view(), page_view()))
    await settler.settle(job_id, Prepared(outcomes=Counter({("client", Outcome.STORED): 2})))
    assert (await books(settings)).unaccounted == 1
    job_id = await enqueued(redis, a_batch("twice", page_view()))
    await settler.settle(job_id, Prepared(outcomes=Counter({("twice", Outcome.STORED): 2})))
    assert (await books(settings, "twice")).unaccounted == -1


@pytest.mark.parametrize("lost", ["job", "queue entry", "both"])
async def test_a_job_that_vanishes_is_unaccounted_for_before_and_after_it_is_written_off(
    settler: Settler, redis: Redis, settings: Settings, lost: str
) -> None:
    await enqueued(redis, a_batch("client", page_view()))
    job_id = await enqueued(redis, a_batch("client", page_view(), page_view()))
    if lost != "queue entry":
        await redis.delete(job_key_prefix + job_id)
    if lost != "job":
        await redis.zrem(queue_name(0), job_id)
    found = await books(settings)
    assert (found.accepted, found.waiting, found.unaccounted) == (3, 1, 2)
    if lost != "queue entry":
        assert await settler.write_off(job_id) == 2
        assert await settler.write_off(job_id) == 0
        assert await books(settings) == found
        assert not await settler.settle(job_id, Prepared())


async def test_a_full_redis_can_be_emptied(settler: Settler, redis: Redis, settings: Settings) -> None:
    batch = a_batch("client", page_view(), page_view())
    job_id = await enqueued(redis, batch)
    await redis.config_set("maxmemory", "1")
    try:
        assert await settler.settle(job_id, failed(batch, 2))
    finally:
        await redis.config_set("maxmemory", "0")
    found = await books(settings)
    assert (nonzero(found), found.unaccounted) == ({"stored": 1, "dead_letter": 1}, 0)


async def test_a_restarted_redis_that_forgot_the_scripts_learns_them_again(
    settler: Settler, redis: Redis, settings: Settings
) -> None:
    for _ in range(2):
        await redis.script_flush()
        job_id = await enqueued(redis, a_batch("client", page_view()))
        assert await settler.settle(job_id, Prepared(outcomes=Counter({("client", Outcome.STORED): 1})))
    assert nonzero(await books(settings)) == {"stored": 2}


ends = st.sampled_from(["stored", "duplicate", "dropped_client_gone", "retry", "bury", "split"])
jobs = st.lists(st.lists(st.tuples(st.sampled_from("abc"), ends), min_size=1, max_size=6), min_size=1, max_size=5)


@given(jobs, st.integers(1, 3))
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_books_balance_for_each_client_whatever_happens(
    settings: Settings, written: list[list[tuple[str, str]]], workers: int
) -> None:
    """Each event is a view with an end that is decided for it; several workers try to settle each job."""
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.flushall()
        settlers = [Settler(redis, QueueProducer(redis, 0), settings) for _ in range(workers)]
        for events in written:
            batches = [a_batch(client, page_view()) for client, _ in events]
            prepared = Prepared()
            apart = []
            for batch, (client, end) in zip(batches, events, strict=True):
                if end == "split":
                    apart.append([batch])
                elif end in ("retry", "bury"):
                    spent = msgspec.structs.replace(batch.events[0], attempt=2 if end == "bury" else 0)
                    prepared.failures.append(Failure(batch, spent, "x"))
                else:
                    prepared.outcomes[client, Outcome(end)] += 1
            job_id = await enqueued(redis, *batches)
            await asyncio.gather(*(each.settle(job_id, prepared, instead=apart) for each in settlers))
        sent = Counter(client for events in written for client, _ in events)
        waits = Counter(client for events in written for client, end in events if end in ("retry", "split"))
        found = {book.client_id: book for book in await read_books(settings)}
        assert {client: book.accepted for client, book in found.items()} == sent
        assert {client: book.waiting for client, book in found.items() if book.waiting} == waits
        assert {book.unaccounted for book in found.values()} == {0}
        really = Counter(batch.client_id for job in await queued_batches(redis) for batch in job)
        assert really == waits
