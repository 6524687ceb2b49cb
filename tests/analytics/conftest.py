"""A MongoDB database of a test's own: refreshing looks at all clients."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.world import make_settings
from tracker.documents import open_documents
from tracker.settings import Settings
from tracker.stores.documents import Documents


@pytest.fixture
def own_settings(mongodb_url: str, mongodb_database: str) -> Settings:
    return make_settings(mongodb_url=mongodb_url, mongodb_database=mongodb_database)


@pytest.fixture
async def own(own_settings: Settings) -> AsyncIterator[Documents]:
    async with open_documents(own_settings, indexes=True) as opened:
        yield opened
