"""A worker's loop with its stores and a receiver: `post`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine

from tests.fixtures.builders import a_batch, drafted, submission
from tests.fixtures.processes import wait_until_async
from tests.fixtures.receiver import Receiver
from tests.fixtures.world import Site, make_settings
from tracker.documents import open_documents
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents
from tracker.webhooks.client import WebhookClient
from tracker.webhooks.figures import Figures
from tracker.webhooks.open import ConfiguredEndpoints
from tracker.webhooks.runner import WebhookRunner

TYPE = ["lead.created"]


@dataclass
class Post:
    """A worker's loop with its stores."""

    documents: Documents
    settings: Settings
    site: Site
    redis: Redis
    runner: WebhookRunner
    receiver: Receiver

    def hook(self, path: str = "/hooks", types: list[str] = TYPE) -> tuple[str, str]:
        """A webhook to the receiver: its id and secret."""
        made = self.site.service.create_webhook(self.site.client_id, self.receiver.url(path), types)
        return made.endpoint.endpoint_id, made.secret

    async def submit(self, number: int = 1) -> None:
        """So many people submit a form."""
        client = self.site.service.client_record(self.site.client_id)
        assert client is not None
        start = await self.documents.database["leads"].count_documents({})
        events = [submission(f"p{start + each}@shop.example") for each in range(number)]
        await Store(self.documents, self.settings).store(drafted(client, a_batch(client, *events)), maybe_known=False)

    async def rows(self, **query: Any) -> list[dict[str, Any]]:
        return await self.documents.database["webhook_deliveries"].find(query).sort("createdAt", 1).to_list()

    async def all(self, status: str, number: int, **query: Any) -> list[dict[str, Any]]:
        """Wait until so many are of a status."""

        async def there() -> bool:
            return len(await self.rows(status=status, **query)) >= number

        await wait_until_async(there, timeout=20)
        return await self.rows(status=status, **query)

    async def tries(self, number: int) -> dict[str, Any]:
        """Wait until the only delivery has been tried so often, and the loop is done with it."""

        async def there() -> dict[str, Any] | None:
            (row,) = await self.rows()
            return row if row["attempts"] >= number and self.runner.is_idle else None

        found: dict[str, Any] = await wait_until_async(there, timeout=20)
        return found

    async def make_due(self) -> None:
        """The pause is over."""
        await self.documents.database["webhook_deliveries"].update_many(
            {"status": "pending"}, {"$set": {"nextAttemptAt": datetime.now(UTC)}}
        )


@pytest.fixture
async def post(
    mongodb_url: str,
    mongodb_database: str,
    world_settings: Settings,
    world_engine: Engine,
    site: Site,
    redis: Redis,
    receiver: Receiver,
) -> AsyncIterator[Post]:
    settings = make_settings(mongodb_url=mongodb_url, mongodb_database=mongodb_database)
    async with open_documents(settings, indexes=True) as documents:
        made = Post(documents, settings, site, redis, a_runner(documents, site, redis), receiver)
        yield made
        receiver.hold.set()
        await made.runner.close()


def a_runner(documents: Documents, site: Site, redis: Redis) -> WebhookRunner:
    return WebhookRunner(
        documents.database,
        ConfiguredEndpoints(site.service),
        WebhookClient(allow_private=True, timeout_seconds=1.0),
        Figures(redis).count,
        at_once=8,
        per_endpoint=2,
        timeout_seconds=1.0,
        sweep_seconds=0.05,
    )
