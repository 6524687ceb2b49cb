"""The configuration as the hot path sees it: told of changes within a second, spared by floods, alive in outages."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine, event

from tests.fixtures.processes import wait_until_async
from tests.fixtures.world import Site, everything_in, make_settings, make_site
from tracker import migrate
from tracker.config import cache as cache_module
from tracker.config.cache import ConfigCache, bump_sync
from tracker.config.keys import hash_key
from tracker.config.records import KeyRecord
from tracker.errors import UnavailableError
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.embedded import LocalServer
from tracker.stores.relational import create_engine

# These names stand for a database per kind in this folder's conftest; here any migrated one will do.


class Statements:
    """Counts what reaches the database, and can take it away."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.count += 1


@asynccontextmanager
async def caching(engine: Engine, settings: Settings) -> AsyncIterator[ConfigCache]:
    redis = redis_store.connect(settings)
    cache = ConfigCache(redis, engine, settings)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()
        await redis_store.close(redis)


@pytest.fixture
def statements(world_engine: Engine) -> Statements:
    return Statements(world_engine)


@pytest.fixture
async def cache(world_engine: Engine, world_settings: Settings, site: Site) -> AsyncIterator[ConfigCache]:
    async with caching(world_engine, world_settings) as opened:
        yield opened


@pytest.fixture
def migrated(any_config_db_url: str, redis_url: str) -> Iterator[tuple[Engine, Settings]]:
    settings = make_settings(config_db_url=any_config_db_url, redis_url=redis_url, cache_poll_seconds=0.4)
    engine = create_engine(settings)
    migrate.upgrade(engine)
    yield engine, settings
    engine.dispose()


async def test_a_revoked_key_is_refused_within_a_second_in_every_process(migrated: tuple[Engine, Settings]) -> None:
    engine, settings = migrated
    site = make_site(engine, settings)
    digest = hash_key(site.key)
    async with caching(engine, settings) as one, caching(engine, settings) as two:
        caches = (one, two)
        for each in caches:
            record = await each.key(digest)
            assert record is not None
            assert record.client_id == site.client_id
        await asyncio.to_thread(site.service.revoke_key, record.key_id)
        deadline = time.monotonic() + 1.0
        while [await each.key(digest) for each in caches] != [None, None]:
            assert time.monotonic() < deadline, "a revoked key is still taken after a second"
            await asyncio.sleep(0.02)
        assert await one.key(hash_key(site.test_key)) is not None


async def test_a_changed_client_is_seen_within_a_second(
    cache: ConfigCache, world_engine: Engine, world_settings: Settings, site: Site
) -> None:
    async with caching(world_engine, world_settings) as other:
        changes: list[str] = []
        other.on_change.append(lambda: changes.append("changed"))
        for each in (cache, other):
            before = await each.client(site.client_id)
            assert before is not None
            assert before.name == "shop.example"
        await asyncio.to_thread(site.service.update_client, site.client_id, name="Renamed")

        async def seen() -> bool:
            records = [await each.client(site.client_id) for each in (cache, other)]
            return [record and record.name for record in records] == ["Renamed", "Renamed"]

        await wait_until_async(seen, timeout=1.0, interval=0.02)
        assert changes == ["changed"]


async def test_a_flood_of_unknown_keys_never_reaches_the_database(cache: ConfigCache, statements: Statements) -> None:
    assert await cache.key(hash_key("first")) is None
    before = statements.count
    assert before > 0
    answers = await asyncio.gather(*(cache.key(hash_key(f"invented-{number}")) for number in range(500)))
    assert answers == [None] * 500
    assert statements.count == before


async def test_a_cold_start_under_load_asks_the_database_once(
    cache: ConfigCache, statements: Statements, site: Site
) -> None:
    before = statements.count
    keys = [site.key, site.test_key, site.secret_key]
    found = await asyncio.gather(*(cache.key(hash_key(keys[number % 3])) for number in range(60)))
    assert all(found)
    asked = statements.count - before
    assert asked <= 3, f"{asked} statements for one load of all keys"


async def test_a_second_process_takes_from_redis_what_the_first_has_read(
    cache: ConfigCache, world_engine: Engine, world_settings: Settings, site: Site, statements: Statements
) -> None:
    first = (await cache.key(hash_key(site.key)), await cache.client(site.client_id))
    before = statements.count
    async with caching(world_engine, world_settings) as other:
        assert (await other.key(hash_key(site.key)), await other.client(site.client_id)) == first
    assert statements.count == before


async def test_an_unknown_client_is_none_and_not_asked_for_again(cache: ConfigCache, statements: Statements) -> None:
    assert await cache.client("nobody") is None
    before = statements.count
    assert await cache.client("nobody") is None
    assert statements.count == before


async def test_one_object_is_handed_out_until_something_changes(cache: ConfigCache, site: Site) -> None:
    assert await cache.client(site.client_id) is await cache.client(site.client_id)


def _away(*_: Any) -> Any:
    raise UnavailableError("the configuration database does not answer")


async def test_what_is_known_is_served_while_the_database_is_away(
    world_engine: Engine, world_settings: Settings, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with caching(world_engine, world_settings) as cache:
        key, client = await cache.key(hash_key(site.key)), await cache.client(site.client_id)
        assert key and client
        monkeypatch.setattr(cache_module, "load_keys", _away)
        monkeypatch.setattr(cache_module, "load_client", _away)
        # Old enough to be asked for again, in process and in Redis.
        later = time.time() + world_settings.cache_ttl_seconds + 1
        monkeypatch.setattr(cache_module.time, "time", lambda: later)
        assert await cache.key(hash_key(site.key)) == key
        assert await cache.client(site.client_id) == client
        assert await cache.key(hash_key("unknown")) is None
        async with caching(world_engine, world_settings) as started_in_the_outage:
            assert await started_in_the_outage.key(hash_key(site.key)) == key
            assert await started_in_the_outage.client(site.client_id) == client


async def test_what_nobody_knows_is_unavailable_while_the_database_is_away(
    cache: ConfigCache, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "load_keys", _away)
    monkeypatch.setattr(cache_module, "load_client", _away)
    with pytest.raises(UnavailableError):
        await cache.key(hash_key(site.key))
    with pytest.raises(UnavailableError):
        await cache.client(site.client_id)


async def test_config_goes_on_while_redis_is_away(world_engine: Engine, world_settings: Settings, site: Site) -> None:
    nowhere = world_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1", "redis_timeout_seconds": 0.3})
    async with caching(world_engine, nowhere) as cache:
        assert await cache.key(hash_key(site.key)) is not None
        assert await cache.client(site.client_id) is not None
    with pytest.raises(UnavailableError):
        bump_sync(nowhere)


async def test_requests_do_not_wait_for_a_redis_that_hangs(
    world_engine: Engine, config_url: str, private_redis: LocalServer
) -> None:
    settings = make_settings(config_db_url=config_url, redis_url=private_redis.url, redis_timeout_seconds=1.5)
    site = make_site(world_engine, settings)
    async with caching(world_engine, settings) as cache:
        assert await cache.client(site.client_id)
        os.kill(private_redis.pid, signal.SIGSTOP)
        try:
            # The poller's own question has to fail first.
            await wait_until_async(lambda: cache._away)
            for _ in range(20):
                asked = time.monotonic()
                assert await cache.client(site.client_id)
                assert time.monotonic() - asked < 0.5
                await asyncio.sleep(0.1)
        finally:
            os.kill(private_redis.pid, signal.SIGCONT)
        site.service.update_client(site.client_id, name="Renamed")
        await wait_until_async(lambda: _named(cache, site, "Renamed"))


async def _named(cache: ConfigCache, site: Site, name: str) -> bool:
    client = await cache.client(site.client_id)
    return client is not None and client.name == name


async def test_what_was_read_before_a_change_is_not_kept_after_it(
    cache: ConfigCache, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader takes its answer before the revocation and comes back after it."""
    digest = hash_key(site.key)
    read, go_on = threading.Event(), threading.Event()
    load_keys = cache_module.load_keys

    def slow(engine: Engine) -> dict[str, KeyRecord]:
        keys = load_keys(engine)
        read.set()
        assert go_on.wait(10)
        return keys

    monkeypatch.setattr(cache_module, "load_keys", slow)
    asking = asyncio.create_task(cache.key(digest))
    await asyncio.to_thread(read.wait, 10)
    monkeypatch.setattr(cache_module, "load_keys", load_keys)
    noticed = asyncio.Event()
    cache.on_change.append(noticed.set)
    [own] = [key for key in site.service.list_keys(site.client_id) if key.key_hash == digest]
    await asyncio.to_thread(site.service.revoke_key, own.key_id)
    await asyncio.wait_for(noticed.wait(), 5)
    go_on.set()
    await asking
    assert await cache.key(digest) is None


async def test_no_key_stands_in_redis(cache: ConfigCache, site: Site, redis: Redis) -> None:
    assert await cache.key(hash_key(site.key))
    stored = await everything_in(redis)
    for key in (site.key, site.test_key, site.secret_key):
        assert key.encode() not in stored
