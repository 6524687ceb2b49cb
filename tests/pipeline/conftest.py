"""A store on a real MongoDB."""

from __future__ import annotations

import pytest

from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents


@pytest.fixture
def store(documents: Documents, document_settings: Settings) -> Store:
    return Store(documents, document_settings)
