"""What the HTTP service is made of, built once per process and found in ``app.state.services``."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

from sqlalchemy import Engine

from tracker.config.cache import ConfigCache
from tracker.health import HealthWatch
from tracker.ingest.admit import Gate
from tracker.ingest.commit import Committer
from tracker.ingest.limits import Limiter
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis
from tracker.stores.relational import create_engine
from tracker.web.http import AppRequest


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


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Build the parts; on the way out finish what is being committed. Stores may be away: each call says so itself."""
    engine = create_engine(settings)
    redis = redis_store.connect(settings)
    cache = ConfigCache(redis, engine, settings)
    committer = Committer(settings)
    await cache.start()
    # What is alive now lives as long as the process, and requests leave no cycles: the collector need not look often.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        gate = Gate(cache, Limiter(redis), settings)
        yield Services(settings, engine, redis, cache, gate, committer, HealthWatch(settings))
    finally:
        await committer.close()
        await cache.close()
        await redis_store.close(redis)
        engine.dispose()


def services_of(request: AppRequest) -> Services:
    """The process's services."""
    return cast(Services, request.app.state.services)
