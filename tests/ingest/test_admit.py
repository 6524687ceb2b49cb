"""Admission: keys, places, limits. Without stores where none is asked."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tests.fixtures.builders import a_key
from tests.fixtures.world import everything_in, make_settings
from tracker.config.cache import ConfigCache
from tracker.config.keys import hash_key
from tracker.config.records import ClientSettings, KeyRecord
from tracker.errors import ForbiddenError, UnauthorizedError, UnavailableError
from tracker.ingest.admit import Caller, Gate, RateLimitError, subscriber
from tracker.ingest.limits import Limiter

KEY = "pk_live_" + "k" * 43
PAGE = Caller("https://shop.example", "203.0.113.77")


class Known:
    """Stands for the cache: one key, and a count of questions."""

    def __init__(self, record: KeyRecord | None) -> None:
        self.record = record
        self.asked = 0

    async def key(self, digest: str) -> KeyRecord | None:
        self.asked += 1
        return self.record if digest == hash_key(KEY) else None


def gate(record: KeyRecord | None = None, redis: Redis | None = None, **settings: Any) -> tuple[Gate, Known]:
    known = Known(record)
    limiter = Limiter(redis) if redis else cast(Limiter, None)
    return Gate(cast(ConfigCache, known), limiter, make_settings(**settings)), known


async def test_a_known_key_is_identified() -> None:
    record = a_key(expires_at=time.time() + 60)
    assert await gate(record)[0].identify(KEY) is record


@pytest.mark.parametrize(
    "key", [None, "", "x", "pk_live_short", "pk_live_" + "!" * 43, "ak_live_" + "a" * 43, KEY + "a"]
)
async def test_what_is_no_key_is_refused_without_a_look_up(key: str | None) -> None:
    barrier, known = gate(a_key())
    with pytest.raises(UnauthorizedError):
        await barrier.identify(key)
    assert known.asked == 0


@pytest.mark.parametrize(
    "record",
    [
        None,
        pytest.param(a_key(revoked_at=1.0), id="revoked"),
        pytest.param(a_key(expires_at=1.0), id="expired"),
    ],
)
async def test_unknown_revoked_and_expired_keys_are_refused_without_repeating_them(record: KeyRecord | None) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        await gate(record)[0].identify(KEY)
    assert KEY not in refused.value.detail


def test_places() -> None:
    ok, refused = None, ForbiddenError
    strict = ClientSettings(require_origin=True)
    for record, origin, answer in (
        (a_key(), "https://www.shop.example", ok),
        (a_key(), None, ok),
        (a_key(), "https://evil.example", refused),
        (a_key(), "null", refused),
        (a_key(settings=strict), None, refused),
        (a_key(settings=strict), "https://shop.example", ok),
        (a_key(kind="secret"), None, ok),
        (a_key(kind="secret", settings=strict), None, ok),
        (a_key(kind="secret"), "https://shop.example", refused),
        (a_key(client_active=False), "https://shop.example", refused),
        (a_key(client_active=False, kind="secret"), None, refused),
        (a_key(mode="test"), "http://localhost:3000", ok),
        (a_key(mode="live"), "http://localhost:3000", refused),
    ):
        if answer is ok:
            Gate.check_place(record, origin)
        else:
            with pytest.raises(answer):
                Gate.check_place(record, origin)


async def test_a_batch_costs_as_much_as_it_has_events(redis: Redis) -> None:
    barrier, _ = gate(redis=redis, limit_events_per_minute=10)
    await barrier.spend_events(a_key(), PAGE, 7)
    with pytest.raises(RateLimitError) as refused:
        await barrier.spend_events(a_key(), PAGE, 4)
    assert (refused.value.refused.limit, refused.value.refused.remaining) == (10, 3)
    assert refused.value.retry_after
    await barrier.spend_events(a_key(), PAGE, 3)


async def test_a_clients_own_limit_goes_before_the_setting(redis: Redis) -> None:
    barrier, _ = gate(redis=redis, limit_events_per_minute=1, limit_ip_events_per_minute=1)
    generous = a_key(settings=ClientSettings(limit_events_per_minute=5, limit_ip_events_per_minute=0))
    await barrier.spend_events(generous, PAGE, 5)
    with pytest.raises(RateLimitError):
        await barrier.spend_events(generous, PAGE, 1)


async def test_an_address_is_limited_over_all_keys_but_not_for_servers(redis: Redis) -> None:
    barrier, _ = gate(redis=redis, limit_ip_events_per_minute=5)
    await barrier.spend_events(a_key(key_id="one"), PAGE, 5)
    with pytest.raises(RateLimitError):
        await barrier.spend_events(a_key(key_id="two"), PAGE, 1)
    await barrier.spend_events(a_key(key_id="two"), Caller(None, "203.0.113.78"), 5)
    await barrier.spend_events(a_key(key_id="three", kind="secret"), Caller(None, PAGE.ip_address), 50)


async def test_no_address_stands_in_redis(redis: Redis) -> None:
    barrier, _ = gate(redis=redis)
    await barrier.spend_events(a_key(), PAGE, 1)
    assert b"203.0.113" not in await everything_in(redis)


async def test_config_reads_have_a_limit_of_their_own(redis: Redis) -> None:
    barrier, _ = gate(redis=redis, limit_config_per_minute=2, limit_events_per_minute=1)
    await barrier.spend_config_read(a_key())
    await barrier.spend_config_read(a_key())
    with pytest.raises(RateLimitError):
        await barrier.spend_config_read(a_key())
    await barrier.spend_events(a_key(), PAGE, 1)


async def test_while_redis_is_away_config_is_read_and_events_are_not_taken() -> None:
    nobody = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.5)
    barrier, _ = gate(redis=nobody)
    await barrier.spend_config_read(a_key())
    with pytest.raises(UnavailableError) as refused:
        await barrier.spend_events(a_key(), PAGE, 1)
    assert refused.value.retry_after
    await nobody.aclose()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:0db8:0001:0002::1%eth0", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("not:an:address", "not:another", False),
    ],
)
def test_who_shares_a_limit_by_address(one: str, other: str, same: bool) -> None:
    assert (subscriber(one) == subscriber(other)) is same
