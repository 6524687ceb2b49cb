"""A queue that is nearly full refuses senders, so that workers can drain it."""

from __future__ import annotations

from redis.asyncio import Redis

from tests.fixtures.instances import PrivateRedis
from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import make_settings
from tracker.ingest.headroom import Headroom


async def test_memory_is_used_up_before_it_is_full(private_redis: PrivateRedis) -> None:
    redis = Redis.from_url(private_redis.url)
    headroom = Headroom(redis, 0.25)
    used = int((await redis.info("memory"))["used_memory"])
    for maxmemory, used_up in ((0, False), (2 * used, False), (used + used // 10, True), (used // 2, True), (0, False)):
        await redis.config_set("maxmemory", str(maxmemory))
        await headroom.look()
        assert headroom.used_up is used_up, maxmemory
    await redis.aclose()


async def test_it_is_noticed_without_being_asked_and_survives_an_outage(private_redis: PrivateRedis) -> None:
    redis = Redis.from_url(private_redis.url)
    headroom = Headroom(redis, make_settings().queue_headroom_ratio)
    await headroom.start()
    assert not headroom.used_up
    await redis.config_set("maxmemory", "100")
    await wait_until_async(lambda: headroom.used_up)
    private_redis.kill()
    await headroom.look()
    assert headroom.used_up
    await headroom.close()
    await redis.aclose()
