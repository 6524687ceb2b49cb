"""Finding dead letters by filter, in pages, by id."""

from __future__ import annotations

from typing import Any

import pytest
from redis.asyncio import Redis

from tests.deadletters.letters import DAY, NOW, a_letter, bury, keep_job
from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.instances import PrivateRedis
from tests.fixtures.world import make_settings
from tracker.deadletters import select
from tracker.deadletters.places import Place, open_places
from tracker.deadletters.select import EVENTS, Entry, Filter, newest_entries, pages, resolve, size
from tracker.errors import ConflictError


async def found(places: list[Place], wanted: Filter) -> list[str]:
    return [
        entry.id for place in places for page in [page async for page in pages(place, wanted)] for entry in page.entries
    ]


async def test_the_newest_come_first_and_no_more_than_asked_for(places: list[Place], redis: Redis) -> None:
    letters = await bury(redis, *(a_letter(at=NOW + number) for number in range(7)))
    entries = await newest_entries(places, Filter(), 3)
    assert [entry.id for entry in entries] == [letter.id for letter in reversed(letters)][:3]
    assert entries[0].letter == letters[-1]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(), {0, 1, 2, 3, "job"}),
        (Filter(client_id="a"), {0, 1}),
        (Filter(kind="event"), {0, 1, 2, 3}),
        (Filter(kind="job"), {"job"}),
        (Filter(client_id="a", kind="job"), set()),
        (Filter(error="valueerror"), {1, 3}),
        (Filter(error="unreadable"), {"job"}),
        (Filter(client_id="b", error="ValueError"), {3}),
        (Filter(until=NOW + 2), {0, 1}),
        (Filter(since=NOW + 2, until=NOW + 3), {2}),
        (Filter(since=NOW + 1, kind="event"), {1, 2, 3}),
    ],
)
async def test_a_filter_means_the_same_everywhere(
    places: list[Place], redis: Redis, wanted: Filter, numbers: set[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = ("store: WriteError 121", "steps: ValueError") * 2
    letters = await bury(redis, *(a_letter("aabb"[n], at=NOW + n, error=errors[n]) for n in range(4)))
    job = await keep_job(redis, a_batch("a", page_view()), data=b"\xc1")
    await redis.zadd("tracker:dlq:unreadable:times", {job: NOW + 100})
    names = {letter.id: number for number, letter in enumerate(letters)} | {job: "job"}

    assert {names[one] for one in await found(places, wanted)} == numbers
    assert {names[entry.id] for entry in await newest_entries(places, wanted, 100)} == numbers
    monkeypatch.setattr(select, "PAGE", 2)
    assert {names[one] for one in await found(places, wanted)} == numbers
    assert {names[entry.id] for entry in await newest_entries(places, wanted, 100)} == numbers
    assert await size(places, wanted) >= len(numbers)


async def test_what_fails_again_while_pages_are_read_does_not_come_twice(
    place: Place, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "PAGE", 2)
    await bury(redis, *(a_letter(at=NOW + number) for number in range(6)))
    seen: list[str] = []
    async for page in pages(place, Filter()):
        seen += [entry.id for entry in page.entries]
        await redis.zadd("tracker:dlq:times", {entry.id: NOW + 1000 for entry in page.entries})
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize("odd", ["abcdef*", "abcdef?", "abcdef[xy]", "abcdef\\", "abcdef-^"])
async def test_a_beginning_is_text_and_no_pattern(places: list[Place], redis: Redis, odd: str) -> None:
    for name in (f"{odd}-end", "abcdefx-end", "abcdefy-end"):
        await redis.hset("tracker:dlq:unreadable", name, b"\xc1")
        await redis.zadd("tracker:dlq:unreadable:times", {name: NOW})
    hit = await resolve(places, odd)
    assert hit is not None
    assert hit[1].id == f"{odd}-end"


async def test_an_id_may_be_shortened_until_another_begins_so(places: list[Place], redis: Redis) -> None:
    [letter] = await bury(redis, a_letter())
    twin = letter.id[:8] + "f" * 16
    await bury(redis, a_letter())
    found_at = await resolve(places, letter.id[:6])
    assert found_at is not None
    assert found_at[1].id == letter.id
    assert await resolve(places, letter.id[:5]) is None, "five characters are too few to be meant"
    assert await resolve(places, "*" * 6) is None
    await redis.hset("tracker:dlq:entries", twin, b"\x90")
    await redis.zadd("tracker:dlq:times", {twin: NOW})
    with pytest.raises(ConflictError, match="more of the id"):
        await resolve(places, letter.id[:6])
    whole = await resolve(places, letter.id)
    assert whole is not None
    assert whole[1].id == letter.id


async def test_jobs_of_an_earlier_version_have_no_time_and_are_found(places: list[Place], redis: Redis) -> None:
    job = await keep_job(redis, data=b"\xc1", timed=False)
    [entry] = await newest_entries(places, Filter(), 10)
    assert (entry.id, entry.last_at, entry.error) == (job, None, "unreadable job")
    assert await found(places, Filter(until=NOW)) == [job]
    assert await found(places, Filter(since=NOW)) == []
    assert await resolve(places, job[:10]) is not None


async def test_an_entry_of_another_version_is_listed_and_does_not_hide_its_neighbours(
    places: list[Place], redis: Redis
) -> None:
    [letter] = await bury(redis, a_letter())
    await redis.hset("tracker:dlq:entries", "strange", b"\xc1")
    await redis.zadd("tracker:dlq:times", {"strange": NOW + DAY})
    entries = await newest_entries(places, Filter(), 10)
    assert [(entry.id, entry.error) for entry in entries] == [
        ("strange", "unreadable entry"),
        (letter.id, letter.error),
    ]


async def test_two_urls_of_one_server_are_one_place(redis_url: str) -> None:
    urls = ",".join((redis_url, redis_url.replace("127.0.0.1", "localhost")))
    async with open_places(make_settings(redis_url=redis_url, queue_shards=4, queue_shard_urls=urls)) as opened:
        assert [place.shards for place in opened] == [(0, 1, 2, 3)]


async def test_letters_of_all_servers_are_found(redis_url: str, redis: Redis, private_redis: PrivateRedis) -> None:
    other = Redis.from_url(private_redis.url)
    [near] = await bury(redis, a_letter(at=NOW))
    [far] = await bury(other, a_letter(at=NOW + 1))
    await other.aclose()
    urls = f"{redis_url},{private_redis.url}"
    async with open_places(make_settings(redis_url=redis_url, queue_shards=2, queue_shard_urls=urls)) as both:
        entries: list[Entry] = await newest_entries(both, Filter(), 10)
        assert [entry.id for entry in entries] == [far.id, near.id]
        hit = await resolve(both, far.id[:8])
        assert hit is not None
        assert hit[0].shards == (1,)
        assert hit[1].shelf is EVENTS
