"""A migrated database (once MariaDB, once SQLite) and the service on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from tracker import migrate
from tracker.config.models import AuditEntry
from tracker.config.service import ConfigService
from tracker.settings import Settings
from tracker.stores.relational import create_engine

CURRENT_SECRET = "current-secret-0123456789-abcdefgh"
OLD_SECRET = "retired-secret-9876543210-hgfedcba"


@dataclass
class Notices:
    """Counts what caches are told."""

    count: int = 0
    on_notice: list[Callable[[], None]] = field(default_factory=list)

    def __call__(self) -> None:
        self.count += 1
        for action in self.on_notice:
            action()


@pytest.fixture
def settings(any_config_db_url: str) -> Settings:
    return Settings(config_db_url=any_config_db_url, secret_keys=CURRENT_SECRET)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = create_engine(settings)
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def service(engine: Engine, settings: Settings, notices: Notices) -> ConfigService:
    return ConfigService(engine, settings, actor="cli:tester", notify=notices)


def audit(engine: Engine) -> list[AuditEntry]:
    """The whole audit log, the oldest entry first."""
    with Session(engine) as session:
        return list(session.exec(select(AuditEntry).order_by(col(AuditEntry.id))))
