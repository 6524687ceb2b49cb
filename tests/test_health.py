"""A store that answers and cannot do its work is not well; a full disk is in ``tests/faults``."""

from __future__ import annotations

import pytest
import redis

from tests.fixtures.world import make_settings
from tracker.health import StoreHealth, check_stores
from tracker.stores.embedded import LocalServer


async def redis_health(server: LocalServer, mongodb_url: str) -> StoreHealth:
    settings = make_settings(config_db_url="sqlite://", redis_url=server.url, mongodb_url=mongodb_url)
    return next(store for store in await check_stores(settings) if store.name == "redis")


@pytest.mark.parametrize(
    ("command", "reason", "undo"),
    [
        ("CONFIG SET maxmemory 1", "its memory is full (maxmemory)", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "it is a replica", "REPLICAOF NO ONE"),
    ],
)
async def test_a_redis_that_takes_no_writes_is_not_well(
    private_redis: LocalServer, mongodb_url: str, command: str, reason: str, undo: str
) -> None:
    assert (await redis_health(private_redis, mongodb_url)).ok
    with redis.Redis.from_url(private_redis.url) as client:
        client.execute_command(*command.split())
        with pytest.raises(redis.ResponseError):
            client.set("key", "value")
        found = await redis_health(private_redis, mongodb_url)
        assert (found.ok, found.detail) == (False, f"takes no events: {reason}")
        client.execute_command(*undo.split())
    assert (await redis_health(private_redis, mongodb_url)).ok


async def test_a_redis_whose_headroom_is_used_up_is_not_well(private_redis: LocalServer, mongodb_url: str) -> None:
    with redis.Redis.from_url(private_redis.url) as client:
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
        client.set("key", "value")
        assert not (await redis_health(private_redis, mongodb_url)).ok
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 2))
    assert (await redis_health(private_redis, mongodb_url)).ok
