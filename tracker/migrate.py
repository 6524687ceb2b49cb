"""Runs the migrations of ``migrations/`` through Alembic, from the checkout and from an installed wheel alike.

Two processes that migrate at once wait for each other: MariaDB by GET_LOCK, SQLite by its write lock, which is held
from before the first look at the version until the commit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import tracker
from tracker.config.failures import unreachable
from tracker.config.models import Table
from tracker.errors import ConflictError, InvalidError, UnavailableError
from tracker.stores.relational import LOCK_SECONDS, engine_for, for_writing

LOCK_WAIT_SECONDS = 60
"""How long one process waits for another that migrates."""

TABLE_WAIT_SECONDS = 10
"""How long a change of a table waits for running queries; meanwhile all new ones queue up behind it."""

STATEMENT_SECONDS = 600
"""Longest single statement on MariaDB."""

_one_at_a_time = threading.Lock()  # Alembic keeps the environment of a run in a module


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to ``revision``; nothing happens when it is there.

    :raises UnavailableError: when the database does not answer or another process migrates for too long.
    :raises InvalidError: when there is no such revision.
    """
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Bring the database back to ``revision``; ``base`` drops everything, data included. Raises as `upgrade`."""
    _run(engine, lambda config: command.downgrade(config, revision))


def current(engine: Engine) -> str | None:
    """The revision that the database is at; ``None`` when it was never migrated."""
    with _reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(engine: Engine) -> bool:
    """Whether the database is at the newest revision that this version knows."""
    return current(engine) == head()


def head() -> str | None:
    """The newest revision that this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def check(engine: Engine) -> list[str]:
    """What differs between models and database, one line each; empty when nothing does."""
    with _reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        at, newest = context.get_current_revision(), head()
        lines = [] if at == newest else [f"the database is at {at or 'no revision'}, this version needs {newest}"]
        return lines + [_line(difference) for difference in compare_metadata(context, Table.metadata)]


def script_location() -> Path:
    """The folder of the migrations: inside the package when installed, beside it in the checkout."""
    package = Path(tracker.__file__).parent
    carried = package / "_migrations"
    return carried if carried.is_dir() else package.parent / "migrations"


# ---------------------------------------------------------------------------------------------------------- machinery


def _config(connection: Connection | None = None) -> Config:
    # Otherwise a service that logs at INFO would show Alembic's lines among its own.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _run(engine: Engine, work: Callable[[Config], None]) -> None:
    exclusive = _exclusive_mariadb if engine.dialect.name == "mysql" else _exclusive_sqlite
    try:
        with _one_at_a_time, exclusive(engine) as connection:
            work(_config(connection))
    except CommandError as error:
        raise InvalidError(f"{error}; `trackerctl db current` shows where the database is") from None
    except (DBAPIError, PoolTimeoutError) as error:
        raise unreachable(error) or error from None


@contextmanager
def _exclusive_mariadb(engine: Engine) -> Iterator[Connection]:
    # An engine of its own, because a request's patience is too short for ALTER TABLE.
    patient = engine_for(engine.url, answer_seconds=STATEMENT_SECONDS + LOCK_WAIT_SECONDS)
    try:
        with patient.connect() as connection:
            connection.exec_driver_sql(
                f"SET SESSION lock_wait_timeout = {TABLE_WAIT_SECONDS}, max_statement_time = {STATEMENT_SECONDS}"
            )
            # Names of GET_LOCK are shared by all databases of a server.
            name = f"trackerctl.migrate.{engine.url.database}"[:64]
            taken = connection.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": name, "wait": LOCK_WAIT_SECONDS})
            if taken.scalar_one() != 1:
                raise UnavailableError("another process migrates the configuration database; try again when it is done")
            connection.commit()
            yield connection  # the lock ends with the connection
    finally:
        patient.dispose()


@contextmanager
def _exclusive_sqlite(engine: Engine) -> Iterator[Connection]:
    with for_writing(engine).connect() as connection:
        # Altering a table in SQLite means dropping the old copy, which would cascade. Inside a transaction this pragma
        # is ignored, so it goes to the driver before one begins.
        _pragmas(connection, foreign_keys="OFF", busy_timeout=LOCK_WAIT_SECONDS * 1000)
        try:
            with connection.begin():
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise ConflictError("the migration would leave rows without their owner; nothing was changed")
        finally:
            _pragmas(connection, foreign_keys="ON", busy_timeout=LOCK_SECONDS * 1000)


def _pragmas(connection: Connection, **values: str | int) -> None:
    cursor = connection.connection.cursor()
    for name, value in values.items():
        cursor.execute(f"PRAGMA {name} = {value}")
    cursor.close()


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, PoolTimeoutError) as error:
        raise unreachable(error) or error from None


def _line(difference: object) -> str:
    if isinstance(difference, list):  # changes of one column come as a list
        return "; ".join(_line(part) for part in difference)
    if not isinstance(difference, tuple):
        return str(difference)
    return " ".join(str(getattr(part, "name", None) or part) for part in difference if part is not None)
