"""Places of dead letters on this test's Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.world import make_settings
from tracker.deadletters.places import Place, open_places
from tracker.settings import Settings


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return make_settings(redis_url=redis_url, queue_shards=3)


@pytest.fixture
async def places(settings: Settings) -> AsyncIterator[list[Place]]:
    async with open_places(settings) as opened:
        yield opened


@pytest.fixture
def place(places: list[Place]) -> Place:
    return places[0]
