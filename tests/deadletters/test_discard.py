"""What is deleted is gone, and the books say so."""

from __future__ import annotations

import asyncio

import msgspec
from redis.asyncio import Redis

from tests.deadletters.letters import a_letter, bury, dump, keep_job, outcomes
from tests.fixtures.builders import a_batch, page_view
from tracker.accounts import read_books
from tracker.deadletters.discard import discard
from tracker.deadletters.places import Place
from tracker.deadletters.replay import replay
from tracker.deadletters.select import Filter, newest_entries
from tracker.pipeline.outcome import Outcome
from tracker.settings import Settings


async def test_a_deleted_letter_ends_as_dropped(places: list[Place], redis: Redis, settings: Settings) -> None:
    await bury(redis, a_letter(), a_letter(), a_letter("other"))
    entries = await newest_entries(places, Filter(client_id="client"), 10)
    assert await discard(redis, entries) == 2
    assert await outcomes(redis) == {Outcome.DROPPED_DEAD_LETTER: 2}
    assert await outcomes(redis, "other") == {Outcome.DEAD_LETTER: 1}
    assert [books.unaccounted for books in await read_books(settings)] == [0, 0]
    assert await redis.hlen("tracker:dlq:entries") == await redis.zcard("tracker:dlq:times") == 1
    after = await dump(redis)
    assert await discard(redis, entries) == 0
    assert await dump(redis) == after


async def test_what_has_failed_again_since_is_kept(places: list[Place], redis: Redis) -> None:
    [letter] = await bury(redis, a_letter())
    entries = await newest_entries(places, Filter(), 10)
    await bury(redis, msgspec.structs.replace(letter, attempts=6))
    assert await discard(redis, entries) == 0
    assert await redis.hexists("tracker:dlq:entries", letter.id)


async def test_a_letter_that_is_replayed_and_deleted_at_once_has_one_end(
    places: list[Place], place: Place, redis: Redis, settings: Settings
) -> None:
    await bury(redis, *(a_letter() for _ in range(40)))
    entries = await newest_entries(places, Filter(), 100)
    replayed, dropped = await asyncio.gather(replay(place, entries), discard(redis, entries))
    assert replayed + dropped == 40
    [books] = await read_books(settings)
    assert (books.waiting, books.outcomes[Outcome.DROPPED_DEAD_LETTER], books.unaccounted) == (replayed, dropped, 0)


async def test_a_deleted_job_keeps_the_outcome_that_it_had(
    places: list[Place], redis: Redis, settings: Settings
) -> None:
    await keep_job(redis, a_batch("client", page_view(), page_view()), data=b"\xc1")
    assert await discard(redis, await newest_entries(places, Filter(), 10)) == 1
    assert await outcomes(redis) == {Outcome.DROPPED_UNREADABLE: 2}
    assert [books.unaccounted for books in await read_books(settings)] == [0]
    assert not [key async for key in redis.scan_iter("tracker:dlq:*")]
