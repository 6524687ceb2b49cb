"""An erasure's tools on this test's Redis and configuration, beside the MongoDB of this worker's tests."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.fixtures.world import Site, make_settings
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.privacy.erase.work import Tools
from tracker.settings import Settings
from tracker.stores.documents import Documents


@pytest.fixture
def erase_settings(config_url: str, redis_url: str, document_settings: Settings) -> Settings:
    return make_settings(
        config_db_url=config_url,
        redis_url=redis_url,
        mongodb_url=document_settings.mongodb_url,
        mongodb_database=document_settings.mongodb_database,
        # Nothing runs beside these tests that could still commit.
        job_timeout_seconds=0.01,
    )


@pytest.fixture
async def tools(erase_settings: Settings, documents: Documents, world_engine: Engine, site: Site) -> Tools:
    # Who asks for no client means the people of all, those of earlier tests as well.
    for name in await documents.database.list_collection_names():
        await documents.database[name].delete_many({})
    return Tools(documents.database, world_engine, site.service, erase_settings, known_seconds=0.0)


@pytest.fixture
async def client(site: Site) -> ClientRecord:
    client = site.service.client_record(site.client_id)
    assert client is not None
    return client


@pytest.fixture
def store(documents: Documents, erase_settings: Settings) -> Store:
    return Store(documents, erase_settings)
