"""Engines of the relational store, and the kinds of their failures."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pymysql.err
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tests.fixtures.instances import PrivateMariaDB
from tracker import migrate
from tracker.config.columns import UtcDateTime
from tracker.config.read import load_keys
from tracker.config.service import ConfigService
from tracker.errors import ConflictError, SettingsError, UnavailableError
from tracker.settings import Settings
from tracker.stores import relational
from tracker.stores.relational import create_engine, engine_for, for_writing, is_outage, is_refusal

SECRET = "current-secret-0123456789-abcdefgh"


def settings(url: str) -> Settings:
    return Settings(config_db_url=url, secret_keys=SECRET)


def service(url: str) -> ConfigService:
    return ConfigService(create_engine(settings(url)), settings(url), actor="cli:tester", notify=lambda: None)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


# ------------------------------------------------------------------------------------------------------------- engines


def test_sqlite_keeps_foreign_keys_waits_for_locks_and_makes_its_folder(tmp_path: Path) -> None:
    engine = create_engine(settings(f"sqlite:///{tmp_path}/new/deep/config.db"))
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 5000}


def test_a_sqlite_database_may_live_in_memory() -> None:
    engine = create_engine(settings("sqlite://"))
    migrate.upgrade(engine)
    assert migrate.check(engine) == []


def test_a_folder_that_cannot_be_made_is_a_setting_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="TRACKER_CONFIG_DB_URL cannot be made"):
        create_engine(settings(f"sqlite:///{tmp_path}/file/below/config.db"))


def test_mariadb_sessions_are_strict_in_utc_and_in_utf8(mariadb_url: str) -> None:
    with create_engine(settings(mariadb_url)).connect() as connection:
        mode, zone, charset, isolation = connection.exec_driver_sql(
            "SELECT @@sql_mode, @@time_zone, @@character_set_connection, @@tx_isolation"
        ).one()
    assert "STRICT_TRANS_TABLES" in mode
    assert (zone, charset, isolation) == ("+00:00", "utf8mb4", "READ-COMMITTED")


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+pymysql"])
def test_all_spellings_of_mariadb_give_the_same_engine(scheme: str) -> None:
    engine = create_engine(settings(f"{scheme}://user:hush@db.example/tracker"))
    assert (engine.dialect.name, engine.dialect.driver) == ("mysql", "pymysql")


@pytest.mark.parametrize(
    "url", ["", "postgresql://user:hush@db.example/tracker", "hush", "mysql://user:hush@db:port/x"]
)
def test_another_database_or_no_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match="TRACKER_CONFIG_DB_URL") as caught:
        create_engine(settings(url))
    assert "hush" not in caught.value.detail


def test_an_engine_needs_no_secret_keys(tmp_path: Path) -> None:
    migrate.upgrade(create_engine(Settings(config_db_url=f"sqlite:///{tmp_path}/config.db")))


def test_values_are_not_repeated_in_database_errors(any_config_db_url: str) -> None:
    engine = create_engine(settings(any_config_db_url))
    with engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("SELECT * FROM nowhere WHERE secret = :secret"), {"secret": "hush"})
    assert "hush" not in str(caught.value)


# --------------------------------------------------------------------------------------------------------------- times


def test_times_come_back_as_they_went_in_utc_with_microseconds(any_config_db_url: str) -> None:
    engine = create_engine(settings(any_config_db_url))
    table = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
    moment = datetime(2038, 1, 19, 3, 14, 8, 123_456, timezone(timedelta(hours=-7)))
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"at": moment}, {"at": None}])
        stored = connection.execute(select(table.c.at).order_by(table.c.id)).scalars().all()
    assert stored == [moment, None]
    assert stored[0] is not None
    assert stored[0].tzinfo is UTC
    assert stored[0].microsecond == 123_456
    engine.dispose()


def test_a_time_without_a_zone_is_refused(any_config_db_url: str) -> None:
    engine = create_engine(settings(any_config_db_url))
    table = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
    with engine.begin() as connection:
        table.create(connection)
        with pytest.raises(StatementError, match="without a zone"):
            connection.execute(table.insert(), {"at": datetime(2030, 1, 1)})
    engine.dispose()


# ------------------------------------------------------------------------------------------------------------ failures


def wrapped(error: Exception) -> DBAPIError:
    return DBAPIError.instance("SELECT 1", {}, error, pymysql.err.MySQLError)  # type: ignore[return-value]


@pytest.mark.parametrize("code", [1040, 1053, 1129, 1203, 1205, 1213, 1290, 1927, 2002, 2003, 2006, 2013, 2055])
def test_codes_of_a_server_that_is_away_or_busy_are_outages(code: int) -> None:
    error = pymysql.err.OperationalError(code, "any text")
    assert is_outage(error)
    assert is_outage(wrapped(error))


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(1045, "Lost connection to MySQL server: server has gone away"),
        pymysql.err.OperationalError(1049, "Unknown database"),
        pymysql.err.OperationalError(1366, "Incorrect value"),
        pymysql.err.ProgrammingError(1064, "syntax"),
        pymysql.err.IntegrityError(1062, "Duplicate entry"),
        pymysql.err.DataError(1406, "Data too long"),
        pymysql.err.OperationalError("gone away"),
        pymysql.err.OperationalError(),
        sqlite3.IntegrityError("database is locked"),
        sqlite3.OperationalError("database is locked"),
        ValueError("timed out"),
    ],
)
def test_what_the_text_says_makes_no_outage(error: Exception) -> None:
    assert not is_outage(error)
    if not isinstance(error, ValueError):
        assert not is_outage(wrapped(error))


def test_a_closed_connection_and_an_exhausted_pool_are_outages() -> None:
    assert is_outage(pymysql.err.InterfaceError(0, ""))
    assert is_outage(PoolTimeoutError("any text"))
    assert is_outage(DBAPIError("SELECT 1", {}, ValueError(), connection_invalidated=True))


def test_a_locked_sqlite_file_is_an_outage_and_a_missing_table_is_none(tmp_path: Path) -> None:
    engine = create_engine(settings(f"sqlite:///{tmp_path}/config.db"))
    with for_writing(engine).connect() as first, engine.connect() as second:
        first.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        second.connection.cursor().execute("PRAGMA busy_timeout = 1")
        with pytest.raises(OperationalError) as locked:
            second.exec_driver_sql("CREATE TABLE u (id INTEGER)")
    with engine.connect() as connection, pytest.raises(OperationalError) as missing:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert is_outage(locked.value)
    assert not is_outage(missing.value)


def test_a_sqlite_file_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "config.db").mkdir()
    with (
        pytest.raises(OperationalError) as caught,
        create_engine(settings(f"sqlite:///{tmp_path}/config.db")).connect(),
    ):
        pass
    assert is_outage(caught.value)


def test_data_errors_of_real_servers_are_no_outages(any_config_db_url: str) -> None:
    engine = create_engine(settings(any_config_db_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with engine.connect() as connection, pytest.raises(IntegrityError) as duplicate:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    with engine.connect() as connection, pytest.raises((OperationalError, ProgrammingError)) as syntax:
        connection.exec_driver_sql("SELEC 1")
    assert not is_outage(duplicate.value)
    assert not is_outage(syntax.value)
    engine.dispose()


def test_nobody_at_the_port_is_an_outage_within_seconds() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"mysql+pymysql://user:hush@127.0.0.1:{unused.getsockname()[1]}/tracker"
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="does not answer") as caught:
            service(url).list_clients()
    assert time.monotonic() - began < 4
    assert caught.value.retry_after
    assert "hush" not in caught.value.detail
    assert "127.0.0.1" not in caught.value.detail


def test_a_server_that_never_answers_is_an_outage_and_the_url_says_how_long_to_wait(silent_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="does not answer"):
        service(f"mysql+pymysql://user:hush@127.0.0.1:{silent_port}/tracker?read_timeout=1").list_clients()
    assert time.monotonic() - began < 4


def test_a_wrong_password_is_a_setting_to_mend_and_no_outage(mariadb_url: str) -> None:
    wrong = mariadb_url.replace("mysql+pymysql://tracker:", "mysql+pymysql://tracker:x")
    with pytest.raises(OperationalError) as caught, create_engine(settings(wrong)).connect():
        pass
    assert is_refusal(caught.value)
    assert not is_outage(caught.value)
    for call in (service(wrong).list_clients, lambda: migrate.upgrade(create_engine(settings(wrong)))):
        with pytest.raises(SettingsError, match="refuses the user, password or database"):
            call()


def test_a_database_without_tables_says_how_to_make_them(any_config_db_url: str) -> None:
    empty = service(any_config_db_url)
    for call in (empty.list_clients, lambda: empty.create_client("shop.example")):
        with pytest.raises(UnavailableError, match="`trackerctl db upgrade`"):
            call()
    engine = create_engine(settings(any_config_db_url))
    with pytest.raises(UnavailableError, match="`trackerctl db upgrade`"):
        load_keys(engine)
    engine.dispose()


def test_a_killed_mariadb_is_an_outage_and_the_same_engine_works_when_it_is_back(
    private_mariadb: PrivateMariaDB,
) -> None:
    engine = create_engine(settings(private_mariadb.url))
    migrate.upgrade(engine)
    on_it = ConfigService(engine, settings(private_mariadb.url), actor="cli:tester", notify=lambda: None)
    client = on_it.create_client("shop.example").client
    private_mariadb.kill()
    for call in (on_it.list_clients, lambda: on_it.create_client("other.example"), lambda: load_keys(engine)):
        with pytest.raises(UnavailableError, match="does not answer"):
            call()
    with pytest.raises(UnavailableError, match="does not answer"):
        migrate.upgrade(engine)
    private_mariadb.start()
    assert on_it.get_client("shop.example").client_id == client.client_id
    assert on_it.create_client("other.example")
    engine.dispose()


def test_a_row_that_somebody_else_holds_is_an_outage_and_not_a_hang(mariadb_url: str) -> None:
    on_it = service(mariadb_url)
    engine = create_engine(settings(mariadb_url))
    migrate.upgrade(engine)
    client = on_it.create_client("shop.example").client
    with engine.begin() as holder:
        holder.execute(text("UPDATE clients SET name = 'held' WHERE client_id = :id"), {"id": client.client_id})
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            on_it.set_client_active("shop.example", False)
        assert time.monotonic() - began < 9
    assert not on_it.set_client_active("shop.example", False).is_active
    engine.dispose()


def test_a_writer_on_sqlite_waits_for_another_instead_of_failing(sqlite_url: str) -> None:
    """A transaction that has read cannot write any more once another has; only one that began as a writer waits."""
    engine = create_engine(settings(sqlite_url))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
    with engine.connect() as reader, for_writing(engine).connect() as writer:
        reader.exec_driver_sql("SELECT * FROM t").all()
        writer.exec_driver_sql("INSERT INTO t VALUES (1)")
        writer.commit()
        with pytest.raises(OperationalError) as caught:
            reader.exec_driver_sql("INSERT INTO t VALUES (2)")
        assert is_outage(caught.value)
    with for_writing(engine).begin() as writer:
        assert writer.exec_driver_sql("SELECT * FROM t").all() == [(1,)]


def test_two_who_break_a_rule_at_once_get_a_conflict_and_no_traceback(any_config_db_url: str) -> None:
    engine = create_engine(settings(any_config_db_url))
    migrate.upgrade(engine)
    on_it = ConfigService(engine, settings(any_config_db_url), actor="cli:tester", notify=lambda: None)
    with pytest.raises(ConflictError, match="at this moment"), on_it._write() as transaction:
        transaction.session.execute(
            text(
                "INSERT INTO field_mappings (mapping_id, field_id, target_entity, target_field) "
                "VALUES ('a', 'b', 'c', 'd')"
            )
        )
    engine.dispose()


def test_opening_a_new_file_waits_for_whoever_writes_to_it_at_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses the change to the write-ahead log at once, whatever the busy timeout."""
    path = tmp_path / "new.db"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr(relational.time, "sleep", pause)
        engine = engine_for(make_url(f"sqlite:///{path}"))
        with engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        engine.dispose()
    assert len(pauses) == 1


def test_a_file_that_somebody_else_never_lets_go_of_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.db"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("CREATE TABLE t (a INTEGER)")
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(relational, "LOCK_SECONDS", 0)
        engine = engine_for(make_url(f"sqlite:///{path}"))
        with pytest.raises(DBAPIError) as refused:
            engine.connect()
        assert is_outage(refused.value)
        engine.dispose()
