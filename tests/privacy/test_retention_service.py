"""What workers do about retention by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import OperationFailure
from redis.asyncio import Redis
from sqlalchemy import Engine
from structlog.testing import capture_logs

from tests.fixtures.builders import page_view, submission
from tests.fixtures.world import Site, make_site
from tests.pipeline.storing import found, put
from tracker.config.read import load_client
from tracker.crons import CRONS, CronContext, run_due
from tracker.outage import OutageGate
from tracker.pipeline.store import Store
from tracker.privacy import retention_service
from tracker.privacy.retention_service import keep_retention
from tracker.settings import Settings
from tracker.stores.documents import Documents

DAY = timedelta(days=1)


async def _answers() -> None:
    pass


@pytest.fixture
def settings(world_settings: Settings, document_settings: Settings) -> Settings:
    mongodb = {name: getattr(document_settings, name) for name in ("mongodb_url", "mongodb_database")}
    return world_settings.model_copy(update=mongodb)


async def fill(store: Store, engine: Engine, site: Site) -> None:
    """A visit of five days ago, and leads of 20 and 100 days ago."""
    client = load_client(engine, site.client_id)
    assert client is not None
    now = datetime.now(UTC)
    await put(store, client, page_view(at=now - 5 * DAY, sessionId="s"), received_at=now - 5 * DAY)
    for age in (20, 100):
        at = now - age * DAY
        await put(store, client, submission(f"p{age}@mail.example", at), received_at=at)


async def test_the_periodic_job_keeps_each_client_to_its_days(
    settings: Settings, documents: Documents, store: Store, world_engine: Engine, site: Site, redis: Redis
) -> None:
    other = make_site(world_engine, settings, "other.example")
    for one in (site, other):
        await fill(store, world_engine, one)
    site.service.update_client(site.client_id, settings={"retention": {"eventsDays": 30, "unsyncedLeadsDays": 10}})
    absent: Any = SimpleNamespace()
    context = CronContext(settings, documents, redis, (redis,), absent, OutageGate(_answers))
    [cron] = [cron for cron in CRONS if cron.name == "keep_retention"]
    assert await run_due(cron, context, redis, int(datetime.now(UTC).timestamp() * 1000))
    left = {}
    for one in (site, other):
        client = load_client(world_engine, one.client_id)
        assert client is not None
        [event] = [row for row in await found(documents, "events", client) if row["eventType"] == "page_view"]
        leads = {row["email"] for row in await found(documents, "leads", client)}
        left[client.domain] = (event["expiresAt"] - event["createdAt"], leads)
    assert left == {"shop.example": (30 * DAY, set()), "other.example": (90 * DAY, {"p20@mail.example"})}
    [entry] = other.service.list_audit(action="retention.run", client_ref=other.client_id).items
    assert (entry["actor"], entry["after"]["deleted"]["unsyncedLeads"]) == ("worker", 1)


async def test_one_client_that_fails_holds_back_no_other(
    settings: Settings,
    documents: Documents,
    store: Store,
    world_engine: Engine,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = make_site(world_engine, settings, "zzz.example")
    await fill(store, world_engine, last)
    follow = retention_service.follow

    async def failing(database: Any, client_id: str, *args: Any, **kwargs: Any) -> Any:
        if client_id == site.client_id:
            raise OperationFailure("ann@mail.example")
        return await follow(database, client_id, *args, **kwargs)

    monkeypatch.setattr(retention_service, "follow", failing)
    with capture_logs() as logs, pytest.raises(OperationFailure):
        await keep_retention(documents.database, settings)
    client = load_client(world_engine, last.client_id)
    assert client is not None
    assert [row["email"] for row in await found(documents, "leads", client)] == ["p20@mail.example"]
    assert "mail.example" not in str(logs)
