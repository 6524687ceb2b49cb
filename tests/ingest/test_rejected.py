"""What is kept of refused events: counts, and a bounded sample of outlines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw
from redis.asyncio import Redis

from tests.fixtures.world import everything_in, make_settings
from tracker.ingest import rejected
from tracker.ingest.rejected import PER_REQUEST, PER_SECOND, RefusalSampler, list_rejected
from tracker.ingest.wire import Refusal, RefusalReason

MISSING = RefusalReason.MISSING_TYPE


async def keep(
    sampler: RefusalSampler, *events: Any, client: str = "client", reasons: tuple[RefusalReason, ...] = ()
) -> None:
    raws = [Raw(json.dumps(event).encode()) for event in events]
    refusals = [Refusal(index, None, reasons[index] if reasons else MISSING) for index in range(len(raws))]
    await sampler.keep(client, refusals, raws)


@pytest.fixture
def sampler(redis: Redis) -> RefusalSampler:
    return RefusalSampler(redis, 200)


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests about the limit of what is kept, not of how fast samples are taken."""
    monkeypatch.setattr(rejected, "PER_SECOND", 10_000)


async def test_an_operator_sees_reason_size_names_and_outline(
    sampler: RefusalSampler, redis: Redis, redis_url: str
) -> None:
    event = {"id": "e1", "kind": "page_view", "email": "ann@shop.example", "payload": {"page": {"path": "/contact"}}}
    data = json.dumps(event).encode()
    await sampler.keep("client", [Refusal(0, "e1", MISSING)], [Raw(data)])
    listed = await list_rejected(make_settings(redis_url=redis_url), "client")
    assert listed["counts"] == {"missing_type": 1}
    [sample] = listed["samples"]
    assert sample.pop("at") > 0
    assert sample == {
        "reason": "missing_type",
        "id": "e1",
        "bytes": len(data),
        "keys": ["email", "id", "kind", "payload"],
        "event": {
            "id": "e1",
            "kind": "[9 characters]",
            "email": "[16 characters]",
            "payload": {"page": {"path": "/contact"}},
        },
    }


async def test_nothing_that_a_visitor_typed_is_kept(sampler: RefusalSampler, redis: Redis) -> None:
    event = {"email": "ann@shop.example", "payload": {"password": "hunter2", "form": {"fields": {"type": "Ann Lee"}}}}
    await keep(sampler, event, ["ann"], "ann", 4111111111111111, {"ann@shop.example": 1})
    kept = await everything_in(redis)
    assert not [word for word in (b"ann", b"Ann", b"hunter2", b"41111111") if word in kept]


async def test_the_sample_is_bounded_and_the_counts_go_on(redis: Redis, redis_url: str, unpaced: None) -> None:
    sampler = RefusalSampler(redis, 5)
    for number in range(4):
        await keep(sampler, *({f"n{number}-{each}": 1} for each in range(3)))
    listed = await list_rejected(make_settings(redis_url=redis_url), "client")
    assert listed["counts"] == {"missing_type": 12}
    assert [sample["keys"] for sample in listed["samples"][:3]] == [["n3-2"], ["n3-1"], ["n3-0"]]
    assert len(listed["samples"]) == 5


async def test_a_request_full_of_bad_events_is_sampled_by_reason_and_counted_in_full(
    sampler: RefusalSampler, redis_url: str
) -> None:
    reasons = (MISSING,) * 40 + (RefusalReason.INVALID_TYPE, RefusalReason.TOO_DEEP)
    await keep(sampler, *({"n": number} for number in range(42)), reasons=reasons)
    listed = await list_rejected(make_settings(redis_url=redis_url), "client")
    assert listed["counts"] == {"missing_type": 40, "invalid_type": 1, "too_deep": 1}
    assert len(listed["samples"]) == PER_REQUEST
    assert {sample["reason"] for sample in listed["samples"]} == {"missing_type", "invalid_type", "too_deep"}


async def test_a_flood_is_counted_and_sampled_only_so_often(
    sampler: RefusalSampler, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(rejected.time, "monotonic", lambda: now)
    for _ in range(20):
        await keep(sampler, *({"n": number} for number in range(5)))
    settings = make_settings(redis_url=redis_url)
    listed = await list_rejected(settings, "client")
    assert listed["counts"] == {"missing_type": 100}
    assert len(listed["samples"]) == PER_SECOND
    await keep(sampler, {}, client="another")
    assert len((await list_rejected(settings, "another"))["samples"]) == 1
    now = 1001.0
    await keep(sampler, {})
    assert len((await list_rejected(settings, "client"))["samples"]) == PER_SECOND + 1


async def test_a_sample_of_nothing_still_counts(redis: Redis, redis_url: str) -> None:
    await keep(RefusalSampler(redis, 0), {})
    assert await list_rejected(make_settings(redis_url=redis_url), "client") == {
        "counts": {"missing_type": 1},
        "samples": [],
    }


async def test_an_event_with_endless_names_is_cut(sampler: RefusalSampler, redis_url: str) -> None:
    await keep(sampler, {f"{number:03d}" + "x" * 100: 1 for number in range(100)})
    [sample] = (await list_rejected(make_settings(redis_url=redis_url), "client"))["samples"]
    assert len(sample["keys"]) == 20
    assert max(map(len, sample["keys"])) == 40


@pytest.mark.parametrize(
    "data", [b"{", b'"\\ud800"', b"[" * 30_000 + b"]" * 30_000, b"1e999", b'{"a":' + b"9" * 40_000]
)
async def test_what_cannot_be_read_is_counted_by_its_size(sampler: RefusalSampler, redis_url: str, data: bytes) -> None:
    await sampler.keep("client", [Refusal(0, None, RefusalReason.INVALID_TEXT)], [Raw(data)])
    [sample] = (await list_rejected(make_settings(redis_url=redis_url), "client"))["samples"]
    assert (sample["bytes"], sample["keys"]) == (len(data), [])


async def test_an_id_that_is_an_address_is_masked(sampler: RefusalSampler, redis: Redis) -> None:
    await sampler.keep("client", [Refusal(0, "ann@shop.example", MISSING)], [Raw(b"{}")])
    assert b"ann@" not in await everything_in(redis)


async def test_clients_are_told_apart_and_samples_end_by_themselves(
    sampler: RefusalSampler, redis: Redis, redis_url: str
) -> None:
    await keep(sampler, {}, client="one")
    assert (await list_rejected(make_settings(redis_url=redis_url), "two"))["samples"] == []
    ttls = [await redis.ttl(key) async for key in redis.scan_iter()]
    assert len(ttls) == 2
    assert min(ttls) > 86_400
