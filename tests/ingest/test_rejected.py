"""What is kept of refused events: their shape, never their values."""

from __future__ import annotations

import json
from typing import Any

from msgspec import Raw
from redis.asyncio import Redis

from tests.fixtures.world import everything_in, make_settings
from tracker.ingest.rejected import keep_samples, list_rejected
from tracker.ingest.wire import Refusal, RefusalReason


async def keep(redis: Redis, client: str, *events: Any, limit: int = 200) -> None:
    raws = [Raw(json.dumps(event).encode()) for event in events]
    refusals = [Refusal(index, None, RefusalReason.MISSING_TYPE) for index in range(len(raws))]
    await keep_samples(redis, client, refusals, raws, limit)


async def test_an_operator_sees_reason_size_and_names(redis: Redis, redis_url: str) -> None:
    event = {"id": "e1", "kind": "page_view", "email": "ann@shop.example"}
    data = json.dumps(event).encode()
    await keep_samples(redis, "client", [Refusal(0, "e1", RefusalReason.MISSING_TYPE)], [Raw(data)], 10)
    listed = await list_rejected(make_settings(redis_url=redis_url), "client")
    assert listed["counts"] == {"missing_type": 1}
    [sample] = listed["samples"]
    assert sample.pop("at") > 0
    assert sample == {"reason": "missing_type", "id": "e1", "bytes": len(data), "keys": ["email", "id", "kind"]}


async def test_no_value_is_kept(redis: Redis) -> None:
    await keep(redis, "client", {"email": "ann@shop.example", "payload": {"password": "hunter2"}}, ["ann"], "ann")
    assert not [word for word in (b"ann", b"hunter2", b"password") if word in await everything_in(redis)]


async def test_the_sample_is_bounded_and_the_counts_go_on(redis: Redis, redis_url: str) -> None:
    for number in range(4):
        await keep(redis, "client", *({f"n{number}-{each}": 1} for each in range(3)), limit=5)
    listed = await list_rejected(make_settings(redis_url=redis_url), "client")
    assert listed["counts"] == {"missing_type": 12}
    assert [sample["keys"] for sample in listed["samples"][:3]] == [["n3-2"], ["n3-1"], ["n3-0"]]
    assert len(listed["samples"]) == 5


async def test_a_sample_of_nothing_still_counts(redis: Redis, redis_url: str) -> None:
    await keep(redis, "client", {}, limit=0)
    assert await list_rejected(make_settings(redis_url=redis_url), "client") == {
        "counts": {"missing_type": 1},
        "samples": [],
    }


async def test_an_event_with_endless_names_is_cut(redis: Redis, redis_url: str) -> None:
    await keep(redis, "client", {f"{number:03d}" + "x" * 100: 1 for number in range(100)})
    [sample] = (await list_rejected(make_settings(redis_url=redis_url), "client"))["samples"]
    assert len(sample["keys"]) == 20
    assert max(map(len, sample["keys"])) == 40


async def test_clients_are_told_apart_and_samples_end_by_themselves(redis: Redis, redis_url: str) -> None:
    await keep(redis, "one", {})
    assert (await list_rejected(make_settings(redis_url=redis_url), "two"))["samples"] == []
    ttls = [await redis.ttl(key) async for key in redis.scan_iter()]
    assert len(ttls) == 2
    assert min(ttls) > 86_400
