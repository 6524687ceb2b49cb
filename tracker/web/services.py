"""What the HTTP service is made of, built once per process and found in ``app.state.services``."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Engine

from tracker.config.cache import ConfigCache
from tracker.config.usage import KeyUsage
from tracker.configtest.service import ConfigTest
from tracker.health import HealthWatch
from tracker.ingest.admit import Gate
from tracker.ingest.commit import Committer
from tracker.ingest.geo import Geo
from tracker.ingest.limits import Limiter
from tracker.ingest.rejected import RefusalSampler
from tracker.ingest.token_counts import TokenCounts
from tracker.pipeline.outlook import StoredEvents
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis
from tracker.stores.relational import create_engine
from tracker.web.documents import LazyDocuments
from tracker.web.http import AppRequest, header_lines, peer_address


@dataclass(slots=True)
class Services:
    """The parts that controllers use."""

    settings: Settings
    engine: Engine
    redis: AsyncRedis
    cache: ConfigCache
    gate: Gate
    committer: Committer
    health: HealthWatch
    usage: KeyUsage
    geo: Geo
    sampler: RefusalSampler
    stored: StoredEvents
    config_test: ConfigTest
    limiter: Limiter
    documents: LazyDocuments
    tokens: TokenCounts


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Build the parts; on the way out finish what is being committed. Stores may be away: each call says so itself."""
    async with AsyncExitStack() as stack:
        engine = create_engine(settings)
        stack.callback(engine.dispose)
        redis = redis_store.connect(settings)
        stack.push_async_callback(redis_store.close, redis)
        cache = ConfigCache(redis, engine, settings)
        await cache.start()
        stack.push_async_callback(cache.close)
        usage = KeyUsage(engine)
        await usage.start()
        stack.push_async_callback(usage.close)
        geo = Geo(settings.geoip_db)
        await geo.start()
        stack.push_async_callback(geo.close)
        committer = Committer(settings)
        stack.push_async_callback(committer.close)
        await committer.start()
        tokens = TokenCounts(redis)
        await tokens.start()
        stack.push_async_callback(tokens.close)
        limiter = Limiter(redis)
        gate = Gate(cache, limiter, settings)
        sampler = RefusalSampler(redis, settings.rejected_sample)
        stored = StoredEvents(settings)
        stack.push_async_callback(stored.close)
        config_test = ConfigTest(settings, engine, cache)
        documents = LazyDocuments(settings)
        stack.push_async_callback(documents.close)
        # What is alive now lives as long as the process, and requests leave no cycles: the collector need not look
        # often.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        health = HealthWatch(settings)
        yield Services(
            settings,
            engine,
            redis,
            cache,
            gate,
            committer,
            health,
            usage,
            geo,
            sampler,
            stored,
            config_test,
            limiter,
            documents,
            tokens,
        )


def services_of(request: AppRequest) -> Services:
    """The process's services."""
    return cast(Services, request.app.state.services)


def caller_address(request: AppRequest) -> str | None:
    """The visitor's address, behind trusted proxies that which they name."""
    trusted = services_of(request).settings.trusted_proxies
    forwarded_for = header_lines(request.scope["headers"], b"x-forwarded-for") if trusted else ""
    return peer_address(request.client.host if request.client else None, forwarded_for, trusted)
