"""A dead letter goes back into its queue once, whoever replays it how often."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from arq.constants import job_key_prefix
from redis.asyncio import Redis

from tests.deadletters.letters import NOW, a_letter, bury, dump, keep_job, outcomes
from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.instances import PrivateRedis
from tests.fixtures.world import make_settings, queued_batches
from tracker.accounts import read_books
from tracker.deadletters.places import Place, open_places
from tracker.deadletters.replay import replay
from tracker.deadletters.select import Entry, Filter, newest_entries
from tracker.errors import UnavailableError
from tracker.queue import decode_batches, deserialize, encode_batches, manifest_name, queue_name, shard_of
from tracker.settings import Settings


async def entries_of(places: list[Place]) -> list[Entry]:
    return await newest_entries(places, Filter(), 10_000)


async def jobs(redis: Redis, shards: int = 3) -> list[Any]:
    return [job for shard in range(shards) for job in await queued_batches(redis, shard)]


async def test_it_waits_again_under_a_new_life_of_tries(
    places: list[Place], place: Place, redis: Redis, settings: Settings
) -> None:
    letter = a_letter(batch={"test": True, "ip_address": "203.0.113.0"})
    letter.batch.events[0].kills = letter.batch.events[0].timeouts = 2
    await bury(redis, letter)
    assert await replay(place, await entries_of(places)) == 1

    shard = shard_of("client", 3)
    [[batch]] = await queued_batches(redis, shard)
    [event] = batch.events
    assert (event.attempt, event.kills, event.timeouts, event.replays) == (0, 0, 0, 1)
    assert event.first_error_at == letter.first_at
    before = letter.batch.events[0]
    assert (event.event_id, event.data) == (before.event_id, before.data)
    assert msgspec.structs.replace(batch, events=[]) == msgspec.structs.replace(letter.batch, events=[])
    [(job_id, due)] = await redis.zrange(queue_name(shard), 0, -1, withscores=True)
    assert due > NOW - 10**9
    assert await redis.ttl(job_key_prefix.encode() + job_id) == -1, "a job that expires is an event that is lost"
    assert await entries_of(places) == []
    assert await redis.exists("tracker:dlq:entries", "tracker:dlq:times") == 0
    [books] = await read_books(settings)
    assert (books.waiting, books.unaccounted, await outcomes(redis)) == (1, 0, {})
    assert await redis.hlen(manifest_name(shard)) == 1


async def test_replayed_twice_it_is_one_job(places: list[Place], place: Place, redis: Redis) -> None:
    await bury(redis, a_letter())
    entries = await entries_of(places)
    assert await replay(place, entries) == 1
    after = await dump(redis)
    assert await replay(place, entries) == 0
    assert await dump(redis) == after


async def test_of_replays_at_the_same_time_each_letter_goes_back_once(
    places: list[Place], redis: Redis, settings: Settings
) -> None:
    await bury(redis, *(a_letter(f"client-{number % 4}") for number in range(60)))
    entries = await entries_of(places)

    async def one() -> int:
        async with open_places(settings) as own:
            return await replay(own[0], entries)

    assert sum(await asyncio.gather(*(one() for _ in range(5)))) == 60
    events = [event.event_id for job in await jobs(redis) for batch in job for event in batch.events]
    assert Counter(events) == Counter(entry.letter.batch.events[0].event_id for entry in entries if entry.letter)
    for books in await read_books(settings):
        assert (books.waiting, books.unaccounted, sum(books.outcomes.values())) == (15, 0, 0)


async def test_one_that_has_changed_since_it_was_read_is_left_alone(
    places: list[Place], place: Place, redis: Redis
) -> None:
    [letter] = await bury(redis, a_letter())
    entries = await entries_of(places)
    await redis.hset(
        "tracker:dlq:entries", letter.id, msgspec.msgpack.encode(msgspec.structs.replace(letter, attempts=9))
    )
    after = await dump(redis)
    assert await replay(place, entries) == 0
    assert await dump(redis) == after


async def test_the_number_of_replays_is_remembered(places: list[Place], place: Place, redis: Redis) -> None:
    letter = a_letter()
    letter.batch.events[0].replays = 4
    await bury(redis, letter)
    await replay(place, await entries_of(places))
    [[batch]] = await jobs(redis)
    assert batch.events[0].replays == 5


async def test_a_job_that_could_not_be_read_goes_back_byte_by_byte(
    places: list[Place], place: Place, redis: Redis, settings: Settings
) -> None:
    batches = [a_batch("client", page_view(), page_view()), a_batch("other", page_view())]
    argument = encode_batches(batches)
    job_id = await keep_job(redis, *batches, data=argument)
    assert await replay(place, await entries_of(places)) == 1

    assert await redis.zrange(queue_name(0), 0, -1) == [job_id.encode()]
    stored = deserialize(await redis.get(job_key_prefix + job_id))
    assert stored["f"] == "process_events"
    assert stored["a"][0].data == argument
    assert decode_batches(argument) == batches
    assert [(books.client_id, books.waiting, books.unaccounted) for books in await read_books(settings)] == [
        ("client", 2, 0),
        ("other", 1, 0),
    ]
    assert (await outcomes(redis), await outcomes(redis, "other")) == ({}, {})
    assert not [key async for key in redis.scan_iter("tracker:dlq:*")]


async def test_a_whole_job_of_a_later_program_goes_back_as_it_was(
    places: list[Place], place: Place, redis: Redis
) -> None:
    whole = msgspec.msgpack.encode({"t": None, "f": "process_events", "a": (b"?",), "k": {}, "et": 0, "v": 2})
    job_id = await keep_job(redis, data=whole, timed=False)
    assert await replay(place, await entries_of(places)) == 1
    assert await redis.get(job_key_prefix + job_id) == whole


async def test_an_entry_that_this_version_cannot_read_stays(places: list[Place], place: Place, redis: Redis) -> None:
    await redis.hset("tracker:dlq:entries", "strange", b"\xc1")
    await redis.zadd("tracker:dlq:times", {"strange": NOW})
    after = await dump(redis)
    assert await replay(place, await entries_of(places)) == 0
    assert await dump(redis) == after


async def test_a_letter_stays_on_its_server_when_its_client_has_moved(
    redis_url: str, redis: Redis, private_redis: PrivateRedis
) -> None:
    clients = [f"client-{number}" for number in range(20)]
    assert {shard_of(client, 2) for client in clients} == {0, 1}
    await bury(redis, *(a_letter(client) for client in clients))
    urls = f"{redis_url},{private_redis.url}"
    async with open_places(make_settings(redis_url=redis_url, queue_shards=2, queue_shard_urls=urls)) as both:
        assert await replay(both[0], await entries_of(both)) == 20
    assert len(await queued_batches(redis, 0)) == 20


async def test_a_redis_without_room_refuses_and_loses_nothing(private_redis: PrivateRedis) -> None:
    redis = Redis.from_url(private_redis.url)
    async with open_places(make_settings(redis_url=private_redis.url)) as places:
        await bury(redis, a_letter(), a_letter())
        await keep_job(redis, a_batch("client", page_view()), data=b"\xc1")
        entries = await entries_of(places)
        before = await dump(redis)
        await redis.config_set("maxmemory", "1")
        with pytest.raises(UnavailableError, match="as it was"):
            await replay(places[0], entries)
        assert await dump(redis) == before
        await redis.config_set("maxmemory", "0")
        assert await replay(places[0], entries) == 3
    await redis.aclose()
