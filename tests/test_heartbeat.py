"""Signs of life in a real Redis."""

from __future__ import annotations

import asyncio
import os

import pytest
from redis.asyncio import Redis

from tests.fixtures.processes import wait_until_async
from tests.fixtures.system import System
from tracker import heartbeat
from tracker.heartbeat import Pulse, read_workers


async def test_a_worker_is_alive_until_it_leaves_in_order(redis: Redis) -> None:
    pulse = Pulse(redis, lambda: (2, 7, True))
    await pulse.start()
    [beat] = (await read_workers(redis)).alive
    assert (beat.pid, beat.running, beat.done, beat.picking) == (os.getpid(), 2, 7, True)
    await pulse.close()
    found = await read_workers(redis)
    assert (found.alive, found.vanished) == ([], 0)


async def test_one_whose_signs_stop_has_vanished(redis: Redis) -> None:
    pulse = Pulse(redis, lambda: (0, 0, True))
    await pulse.start()
    try:
        for key in await redis.keys("tracker:worker:beat:*"):
            assert 0 < await redis.pttl(key) <= 3 * heartbeat.BEAT_SECONDS * 1000
            await redis.delete(key)
        assert (await read_workers(redis)).vanished == 1
    finally:
        await pulse.close()


async def test_signs_go_on_and_tell_what_is_so_now(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    numbers = iter(range(1_000_000))
    pulse = Pulse(redis, lambda: (0, next(numbers), True))
    await pulse.start()
    try:

        async def third() -> bool:
            alive = (await read_workers(redis)).alive
            return bool(alive) and alive[0].done >= 3

        await wait_until_async(third)
    finally:
        await pulse.close()


async def test_a_redis_that_is_away_costs_nothing_but_a_beat() -> None:
    away = Redis.from_url("redis://127.0.0.1:1")
    pulse = Pulse(away, lambda: (0, 0, True))
    await asyncio.wait_for(pulse.start(), 10)
    await asyncio.wait_for(pulse.close(), 10)
    await away.aclose()


def test_a_killed_worker_process_is_told_from_one_that_was_stopped(system: System) -> None:
    system.new_client()
    first, second = system.work(), system.work()
    workers = system.cli("top", "--once")["workers"]
    assert {beat["pid"] for beat in workers["alive"]} == {first.pid, second.pid}
    first.terminate()
    assert [beat["pid"] for beat in system.cli("top", "--once")["workers"]["alive"]] == [second.pid]
    second.kill()
    for key in system.redis.scan_iter("tracker:worker:beat:*"):
        system.redis.delete(key)  # instead of waiting for its end
    assert system.cli("top", "--once")["workers"] == {"alive": [], "vanished": 1}
