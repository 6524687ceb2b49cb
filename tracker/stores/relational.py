"""The relational store: engines for MariaDB and SQLite, and what it means when they fail.

A dead server is an error in seconds: connecting takes `CONNECT_SECONDS` at most, an answer `ANSWER_SECONDS`. Values in
the URL's query (``?read_timeout=30``) win over these.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pymysql.err
import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import StaticPool

from tracker.errors import SettingsError
from tracker.settings import Settings

CONNECT_SECONDS = 3
ANSWER_SECONDS = 10
LOCK_SECONDS = 5
_RECYCLE_SECONDS = 1800  # below any usual wait_timeout or firewall's patience

WRITING = "tracker_writing"
"""Execution option of transactions that will write; see `for_writing`."""

_MARIADB_SESSION = (
    # A lax server would cut values silently; the zone matters to times that an expression in SQL makes.
    f"SET SESSION sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
    f"time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_SECONDS}"
)

# Codes that say "not now": too many connections (1040, 1203, 1226), network errors (1042, 1043, 1158-1161), shutdown or
# a node that is not ready (1047, 1053, 1077, 1079), blocked host (1129), lock wait and deadlock (1205, 1213), read-only
# (1290, 1836), killed connection or statement (1317, 1927, 1969). From 2000 on it is the client: no connection.
_MARIADB_OUTAGES = frozenset(
    {1040, 1042, 1043, 1047, 1053, 1077, 1079, 1129, 1158, 1159, 1160, 1161}
    | {1203, 1205, 1213, 1226, 1290, 1317, 1836, 1927, 1969}
)
_MARIADB_CLIENT_ERRORS = range(2000, 3000)
_MARIADB_REFUSALS = frozenset({1044, 1045, 1049, 1130, 1698})
_SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_SCHEMA_MISSING = frozenset({1146, 1054})


def create_engine(settings: Settings) -> Engine:
    """The engine of ``settings.config_db_url``. Connects to nothing yet; the folder of a SQLite file is made.

    Asks for no secret keys, so that a database can be migrated without them.

    :raises SettingsError: when the URL is missing or is for a database that is not supported; it is not repeated.
    """
    if not settings.config_db_url:
        settings.require("config_db_url")
    try:
        url = sqlalchemy.make_url(settings.config_db_url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise SettingsError("TRACKER_CONFIG_DB_URL is not a database URL (mysql+pymysql://… or sqlite:///…)") from None
    return engine_for(url)


def engine_for(url: URL, *, answer_seconds: int = ANSWER_SECONDS) -> Engine:
    """The engine of a URL.

    :param answer_seconds: longest wait for one answer of MariaDB; a migration needs more than a request.
    :raises SettingsError: when it is neither MariaDB nor SQLite.
    """
    backend = url.get_backend_name()
    if backend in ("mysql", "mariadb"):
        return _mariadb(url, answer_seconds)
    if backend == "sqlite":
        return _sqlite(url)
    raise SettingsError(f"TRACKER_CONFIG_DB_URL: {backend} is not supported; use mysql+pymysql://… or sqlite:///…")


def for_writing(engine: Engine) -> Engine:
    """The same engine and pool, for transactions that will write.

    SQLite refuses a transaction that began by reading and writes after another one has committed, without waiting; so
    writers take the lock first, where the busy timeout applies.
    """
    return engine.execution_options(**{WRITING: True})


def _mariadb(url: URL, answer_seconds: int) -> Engine:
    # One dialect for all spellings; constraints and types are then the same wherever they are compiled.
    url = url.set(drivername="mysql+pymysql")
    own: dict[str, Any] = {
        "charset": "utf8mb4",
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": answer_seconds,
        "write_timeout": answer_seconds,
    }
    return sqlalchemy.create_engine(
        url,
        connect_args={
            **{name: value for name, value in own.items() if name not in url.query},
            "init_command": _MARIADB_SESSION,
        },
        # Waiting for a lock must not show a picture from before the wait.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=_RECYCLE_SECONDS,
        pool_timeout=ANSWER_SECONDS,
        hide_parameters=True,
    )


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True}
    if not url.database or url.database == ":memory:":
        options |= {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    elif not url.database.startswith("file:"):
        _make_folder(Path(url.database).parent)
    engine = sqlalchemy.create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"the folder {folder} of TRACKER_CONFIG_DB_URL cannot be made: {error.strerror}") from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # sqlite3 on its own begins no transaction before SELECT or DDL; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000}")
    _use_write_ahead_log(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Of several processes that open a new file at once SQLite refuses all but one, whatever the busy timeout: changing
    the journal is nothing that waits.
    """
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if _sqlite_code(error) not in _SQLITE_OUTAGES or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


# ---------------------------------------------------------------------------------------------------- kinds of failure


def is_outage(exc: BaseException) -> bool:
    """Whether the store is away or busy, so that the same call works later. Told by class and code, never by text."""
    if isinstance(exc, PoolTimeoutError):
        return True
    if isinstance(exc, DBAPIError):
        return exc.connection_invalidated or (exc.orig is not None and _is_driver_outage(exc.orig))
    return _is_driver_outage(exc)


def is_refusal(exc: BaseException) -> bool:
    """Whether the server answers, but does not know the user, the password or the database of the URL."""
    return _mariadb_code(exc) in _MARIADB_REFUSALS


def may_lack_schema(exc: BaseException) -> bool:
    """Whether a missing table or column may be the cause; SQLite has no code of its own for that."""
    orig = exc.orig if isinstance(exc, DBAPIError) else exc
    if isinstance(orig, sqlite3.OperationalError):
        return _sqlite_code(orig) == sqlite3.SQLITE_ERROR
    return _mariadb_code(exc) in _SCHEMA_MISSING


def _is_driver_outage(error: BaseException) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return _sqlite_code(error) in _SQLITE_OUTAGES
    if isinstance(error, pymysql.err.InterfaceError):
        return True  # PyMySQL raises it on a connection that is closed already, with code 0
    if isinstance(error, (pymysql.err.OperationalError, pymysql.err.InternalError)):
        code = _mariadb_code(error)
        return code in _MARIADB_OUTAGES or code in _MARIADB_CLIENT_ERRORS
    return False


def _mariadb_code(exc: BaseException) -> int:
    orig = exc.orig if isinstance(exc, DBAPIError) else exc
    if isinstance(orig, pymysql.err.MySQLError) and orig.args and isinstance(orig.args[0], int):
        return orig.args[0]
    return -1


def _sqlite_code(error: sqlite3.Error) -> int:
    # The low byte is the primary code, the rest says more about it.
    return int(getattr(error, "sqlite_errorcode", -1)) & 0xFF
