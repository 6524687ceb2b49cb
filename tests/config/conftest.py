"""A migrated database (once MariaDB, once SQLite) and the service on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from tracker import migrate
from tracker.config.models import AuditEntry, Table
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


@pytest.fixture(scope="session")
def _migrated_mariadb(_mariadb: tuple[Any, str]) -> Iterator[str]:
    """One migrated database for the whole run: making the tables anew takes MariaDB half a second."""
    connection, template = _mariadb
    database = f"config_{uuid4().hex}"
    url = template.format(database=database)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{database}`")
        _migrate(url)
        yield url
        cursor.execute(f"DROP DATABASE `{database}`")


@pytest.fixture(scope="session")
def _migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('config') / 'config.db'}"
    _migrate(url)
    return url


@pytest.fixture(params=["mariadb", "sqlite"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings of a migrated database; a test that uses it runs once on each kind."""
    url = request.getfixturevalue(f"_migrated_{request.param}")
    return Settings(config_db_url=url, secret_keys=CURRENT_SECRET)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """The engine of an empty database."""
    engine = create_engine(settings)
    with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            connection.execute(table.delete())
    yield engine
    engine.dispose()


def _migrate(url: str) -> None:
    engine = create_engine(Settings(config_db_url=url))
    migrate.upgrade(engine)
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
