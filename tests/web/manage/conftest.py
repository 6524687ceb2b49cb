"""The management API in this process, on real stores, with tokens of every scope: `api`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from tests.fixtures.builders import a_client
from tests.fixtures.world import Site, make_site, serving
from tests.pipeline.storing import put
from tracker.access.tokens import Scope, issue_token
from tracker.config.models import AuditEntry
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Api:
    """Calls in the name of a token; ``scope`` of a call is ``admin`` unless given."""

    http: httpx.AsyncClient
    settings: Settings
    site: Site
    other: Site
    engine: Engine
    store: Store

    def token(self, scope: str = "admin", subject: str = "ann") -> str:
        return issue_token(self.settings, Scope.parse(scope), ttl=timedelta(minutes=5), subject=subject).token

    async def call(
        self, method: str, path: str, body: Any = None, *, scope: str = "admin", subject: str = "ann", **headers: str
    ) -> httpx.Response:
        """``headers``: with ``_`` for ``-``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {self.token(scope, subject)}"
        return await self.http.request(method, path, json=body, headers=sent)

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.call("GET", path, **more)

    async def make(self, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """POST what must succeed; gives the JSON."""
        answer = await self.call("POST", path, body, **more)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def audit(self, action: str) -> list[AuditEntry]:
        """Entries of an action, the oldest first."""
        with Session(self.engine) as session:
            query = select(AuditEntry).where(AuditEntry.action == action).order_by(col(AuditEntry.id))
            return list(session.exec(query))

    async def store_events(self, site: Site, *events: dict[str, Any], test: bool = False) -> None:
        """Through the pipeline, as a worker does it."""
        client = a_client(client_id=site.client_id)
        await put(self.store, client, *events, test=test)


@pytest.fixture
def api_settings(world_settings: Settings, document_settings: Settings) -> Settings:
    return world_settings.model_copy(
        update={
            "mongodb_url": document_settings.mongodb_url,
            "mongodb_database": document_settings.mongodb_database,
            "limit_management_per_minute": 0,
        }
    )


@pytest.fixture
async def api(api_settings: Settings, world_engine: Engine, documents: Documents, store: Store) -> AsyncIterator[Api]:
    site = make_site(world_engine, api_settings)
    other = make_site(world_engine, api_settings, "other.example")
    async with serving(api_settings) as http:
        yield Api(http, api_settings, site, other, world_engine, store)
