"""The configuration database: version, character set, strictness, time zone, migrations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy import URL, Connection, Engine

from tracker import migrate
from tracker.doctor.clocks import clock_finding
from tracker.doctor.report import Finding, error, good, listed, version_of, warning
from tracker.settings import Settings
from tracker.stores.relational import create_engine, engine_for

_LEAST_VERSION = (10, 11)
_ANSWER_SECONDS = "2"
_PROXY = "Something between us and MariaDB drops what a session begins with: connect without that proxy or pool."


async def check_relational(settings: Settings) -> list[Finding]:
    """Ask the database; every statement is a read.

    :raises SettingsError: when the URL cannot be used.
    :raises sqlalchemy.exc.DBAPIError: when it does not answer.
    """
    return await asyncio.to_thread(_look, settings)


@contextmanager
def patient_engine(settings: Settings) -> Iterator[Engine]:
    """An engine whose every answer comes within two seconds: a thread cannot be cancelled.

    :raises SettingsError: when the URL cannot be used.
    """
    engine = create_engine(settings)
    if engine.dialect.name == "mysql":
        engine.dispose()
        engine = engine_for(_hasty(engine.url), answer_seconds=int(_ANSWER_SECONDS))
    try:
        yield engine
    finally:
        engine.dispose()


def _hasty(url: URL) -> URL:
    return url.update_query_dict({"connect_timeout": _ANSWER_SECONDS, "read_timeout": _ANSWER_SECONDS})


def _look(settings: Settings) -> list[Finding]:
    with patient_engine(settings) as engine:
        with engine.connect() as connection:
            findings = _mariadb(connection) if engine.dialect.name == "mysql" else _sqlite(connection, settings)
        return [*findings, *_migrations(engine)]


def _sqlite(connection: Connection, settings: Settings) -> list[Finding]:
    version = connection.exec_driver_sql("select sqlite_version()").scalar_one()
    findings = [good("config", f"SQLite {version} answers", "one file; every process must run on this machine")]
    problem = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if problem != "ok":
        findings.append(
            error(
                "config", "the SQLite file is damaged", str(problem), "Stop the services and restore it from a backup."
            )
        )
    if settings.queue_shard_urls:
        findings.append(
            warning(
                "config",
                "SQLite with several queue servers",
                "services on other machines cannot read the file",
                "Use MariaDB: set TRACKER_CONFIG_DB_URL, run `trackerctl db upgrade`, and bring the configuration over "
                "with `trackerctl config export` and `trackerctl config apply`.",
            )
        )
    return findings


def _mariadb(connection: Connection) -> list[Finding]:
    before = time.time()
    row = connection.exec_driver_sql(
        "SELECT UNIX_TIMESTAMP(NOW(6)), VERSION(), @@SESSION.time_zone, @@SESSION.sql_mode, @@GLOBAL.sql_mode, "
        "@@character_set_database, @@GLOBAL.innodb_flush_log_at_trx_commit, @@GLOBAL.read_only, "
        "@@GLOBAL.max_connections"
    ).one()
    after = time.time()
    now, version, zone, session_mode, global_mode, charset, flush, read_only, connections = row
    findings = [clock_finding("MariaDB", float(now), before, after), _version(str(version))]
    findings += _strictness(str(session_mode), str(global_mode))
    if zone != "+00:00":
        findings.append(
            error(
                "config",
                f"the time zone of connections is {zone}",
                "times that MariaDB makes are not UTC",
                _PROXY,
            )
        )
    findings += _character_sets(connection, str(charset))
    if int(flush) != 1:
        findings.append(
            warning(
                "config",
                "a crash of MariaDB may lose the last second of changes",
                f"innodb_flush_log_at_trx_commit is {flush}",
                "Set innodb_flush_log_at_trx_commit = 1 in the configuration of MariaDB.",
            )
        )
    if str(read_only) not in ("0", "OFF"):
        findings.append(
            error(
                "config",
                "MariaDB is read-only",
                "nothing can be configured",
                "Point TRACKER_CONFIG_DB_URL at the primary, or `SET GLOBAL read_only = 0`.",
            )
        )
    if int(connections) < 50:
        findings.append(
            warning(
                "config",
                f"MariaDB takes {connections} connections only",
                "each process of ours holds up to 15",
                "Raise max_connections in the configuration of MariaDB to 151, which is its default.",
            )
        )
    return findings


def _version(version: str) -> Finding:
    if "mariadb" not in version.lower():
        return warning(
            "config", f"the server is no MariaDB but {version}", "nothing here was tested with it", "Use MariaDB 10.11."
        )
    short = version.split("-")[0]
    if version_of(version) < _LEAST_VERSION:
        fix = "Upgrade the server to MariaDB 10.11 or later."
        return warning("config", f"MariaDB {short} is older than 10.11", "nothing here was tested with it", fix)
    return good("config", f"MariaDB {short} answers")


def _strictness(session_mode: str, global_mode: str) -> Iterator[Finding]:
    if "STRICT_TRANS_TABLES" not in session_mode:
        yield error(
            "config",
            "MariaDB cuts values that are too long without a word",
            f"sql_mode of our connections is {session_mode or 'empty'}",
            _PROXY,
        )
    elif "STRICT" not in global_mode:
        yield warning(
            "config",
            "MariaDB is not strict with other programs",
            f"the global sql_mode is {global_mode or 'empty'}; ours is set for each connection",
            "Set sql_mode = STRICT_TRANS_TABLES in the configuration of MariaDB, for what is done by hand.",
        )


def _character_sets(connection: Connection, charset: str) -> Iterator[Finding]:
    rows = connection.execute(
        sqlalchemy.text(
            "SELECT TABLE_NAME, TABLE_COLLATION, ENGINE FROM information_schema.TABLES "
            "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME"
        )
    ).all()
    narrow = [str(name) for name, collation, _ in rows if not str(collation).startswith("utf8mb4")]
    if charset != "utf8mb4" or narrow:
        what = f"the tables {listed(narrow)}" if narrow else f"the database's default, {charset}"
        yield (error if narrow else warning)(
            "config",
            "not everything is utf8mb4",
            f"{what}: emoji and some scripts cannot be stored",
            "Run `ALTER DATABASE … CHARACTER SET utf8mb4` and `ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4`.",
        )
    foreign = [str(name) for name, _, engine in rows if engine and engine.lower() != "innodb"]
    if foreign:
        yield error(
            "config",
            "not every table is InnoDB",
            f"{listed(foreign)}: no transactions and no cascades",
            "Run `ALTER TABLE … ENGINE = InnoDB`.",
        )


def _migrations(engine: Engine) -> list[Finding]:
    at, newest = migrate.current(engine), migrate.head()
    if at != newest:
        return [
            error(
                "config",
                "the tables are not current",
                f"the database is at {at or 'nothing'}, this version needs {newest}",
                "Run `trackerctl db upgrade`, after a backup where there is something to lose.",
            )
        ]
    differences = migrate.check(engine)
    if differences:
        return [
            warning(
                "config",
                "the tables were changed by hand",
                listed(differences),
                "Bring them back to what the migrations make; `trackerctl db check` shows what differs.",
            )
        ]
    return [good("config", "the migrations are at head", str(at))]
