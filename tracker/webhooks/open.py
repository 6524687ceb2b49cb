"""Puts the loop together with the stores, for the worker."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlalchemy import Engine

from tracker.config.cache import bump_sync
from tracker.config.service import ConfigService
from tracker.config.service.webhooks import WebhookTarget
from tracker.errors import NotFoundError
from tracker.settings import Settings
from tracker.stores.documents import Database
from tracker.stores.redis import AsyncRedis
from tracker.webhooks.client import WebhookClient
from tracker.webhooks.figures import Figures
from tracker.webhooks.runner import WebhookRunner


class ConfiguredEndpoints:
    """The endpoints of the configuration store; it is asked in threads."""

    def __init__(self, service: ConfigService) -> None:
        self._service = service

    async def target(self, endpoint_id: str) -> WebhookTarget | None:
        """As `tracker.webhooks.runner.Endpoints` says."""
        try:
            return await asyncio.to_thread(self._service.webhook_target, endpoint_id)
        except NotFoundError:
            return None

    async def disable(self, endpoint_id: str, reason: str, since: datetime | None) -> bool:
        """As `tracker.webhooks.runner.Endpoints` says."""
        try:
            return await asyncio.to_thread(self._service.disable_webhook, endpoint_id, reason, since)
        except NotFoundError:
            return False


def open_client(settings: Settings) -> WebhookClient:
    """What posts messages under these settings; close it in the end."""
    allow_private = settings.webhook_allow_private or settings.embedded
    return WebhookClient(allow_private, timeout_seconds=settings.webhook_timeout_seconds)


def open_runner(database: Database, engine: Engine, redis: AsyncRedis, settings: Settings) -> WebhookRunner:
    """The loop of a worker, to be started and closed.

    :param redis: of ``redis_url``, for the figures.
    """
    service = ConfigService(engine, settings, actor="worker", notify=lambda: bump_sync(settings))
    return WebhookRunner(
        database,
        ConfiguredEndpoints(service),
        open_client(settings),
        Figures(redis).count,
        at_once=settings.webhook_max_requests,
        per_endpoint=settings.webhook_max_requests_per_endpoint,
        timeout_seconds=settings.webhook_timeout_seconds,
    )
