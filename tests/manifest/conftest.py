"""A migrated database (once MariaDB, once SQLite), the service on it, and files applied to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from tests.config.conftest import (
    Notices,
    _migrated_mariadb,
    _migrated_sqlite,
    engine,
    notices,
    service,
    settings,
)
from tracker.config.models import AuditEntry
from tracker.config.service import ConfigService
from tracker.manifest.diff import Change, Plan
from tracker.manifest.service import ManifestService
from tracker.settings import Settings

__all__ = [
    "Notices",
    "_migrated_mariadb",
    "_migrated_sqlite",
    "engine",
    "notices",
    "service",
    "settings",
]


@dataclass
class Installation:
    """A database, and what ``trackerctl config`` does with it."""

    engine: Engine
    service: ConfigService
    manifest: ManifestService
    environment: dict[str, str] = field(default_factory=dict)

    def apply(self, text: str, *, prune: bool = False) -> Plan:
        plan = self.manifest.plan(text, prune=prune)
        self.manifest.apply(self.service, plan.changes, _ignore)
        return plan

    def empty(self) -> None:
        for client in self.service.list_clients():
            self.service.delete_client(client.client_id)

    def audited(self) -> list[AuditEntry]:
        with Session(self.engine) as session:
            return list(session.exec(select(AuditEntry)))


def _ignore(_: Change) -> None:
    pass


@pytest.fixture
def installation(engine: Engine, service: ConfigService, settings: Settings) -> Installation:
    environment: dict[str, str] = {}
    return Installation(engine, service, ManifestService(engine, settings, environment), environment)


def paths(changes: Iterable[Change]) -> list[tuple[str, str, str]]:
    """What a plan says in short."""
    return [(change.action, change.kind, change.path) for change in changes]
