"""Migrations on both databases: there and back, together, half-way, away from the checkout."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, Inspector, inspect, text

import tracker
from tracker import migrate
from tracker.config.models import Table
from tracker.errors import ConflictError, InvalidError, UnavailableError
from tracker.settings import Settings
from tracker.stores import relational
from tracker.stores.relational import create_engine

TABLES = {
    *("clients", "forms", "fields", "field_mappings", "client_mappings"),
    *("api_keys", "webhook_endpoints", "crm_connections", "audit_log"),
}
CLIENT = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def engine(any_config_db_url: str) -> Iterator[Engine]:
    engine = create_engine(Settings(config_db_url=any_config_db_url))
    yield engine
    engine.dispose()


def inspector(engine: Engine) -> Inspector:
    found = inspect(engine)
    assert isinstance(found, Inspector)
    return found


def tables(engine: Engine) -> set[str]:
    return set(inspector(engine).get_table_names()) - {"alembic_version"}


def test_up_down_and_up_again_leaves_what_the_models_say(engine: Engine) -> None:
    assert migrate.current(engine) is None
    assert not migrate.is_current(engine)
    migrate.upgrade(engine)
    assert migrate.current(engine) == migrate.head()
    assert migrate.is_current(engine)
    assert tables(engine) == TABLES
    assert migrate.check(engine) == []

    migrate.downgrade(engine, "base")
    assert migrate.current(engine) is None
    assert tables(engine) == set()

    migrate.upgrade(engine)
    migrate.upgrade(engine)
    assert migrate.check(engine) == []


def test_the_models_alone_make_the_same_schema(engine: Engine) -> None:
    """Defaults, collations and index lengths too, which the comparison of Alembic does not see."""
    migrate.upgrade(engine)
    migrated = dump(engine)
    migrate.downgrade(engine, "base")
    Table.metadata.create_all(engine)
    assert dump(engine) == migrated


def dump(engine: Engine) -> dict[str, list[str]]:
    """The statement of each table, line by line; the order of indexes in it has no meaning."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'").all()
            # What a migration has changed is a copy: the same, with quotes, brackets and another order.
            return {
                name: sorted(re.sub(r'["()]', "", sql).replace(", \n", "\n").split("\n"))
                for name, sql in rows
                if name != "alembic_version"
            }
        names = connection.exec_driver_sql("SHOW TABLES").scalars().all()
        return {
            name: sorted(
                connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one()[1].replace(",\n", "\n").split("\n")
            )
            for name in names
            if name != "alembic_version"
        }


def test_the_indexes_of_the_document_are_there(engine: Engine) -> None:
    migrate.upgrade(engine)
    found = {index["name"]: index["column_names"] for table in TABLES for index in inspector(engine).get_indexes(table)}
    wanted = {
        "idx_clients_domain": ["domain"],
        "idx_forms_client_id": ["client_id", "is_active"],
        "idx_forms_page_url": ["page_url"],
        "idx_fields_form_id": ["form_id"],
    }
    assert wanted.items() <= found.items()
    unique = {
        constraint["name"]: constraint["column_names"]
        for table in ("field_mappings", "api_keys")
        for constraint in inspector(engine).get_unique_constraints(table)
    }
    assert unique == {"unique_field_mapping": ["field_id"], "uq_api_keys_key_hash": ["key_hash"]}


def test_mariadb_compares_ids_hashes_and_selectors_by_the_letter_and_text_by_its_meaning(mariadb_url: str) -> None:
    engine = create_engine(Settings(config_db_url=mariadb_url))
    migrate.upgrade(engine)
    with engine.connect() as connection:
        collations = {
            f"{table}.{column}": collation
            for table, column, collation in connection.exec_driver_sql(
                "SELECT table_name, column_name, collation_name FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND data_type IN ('char', 'varchar', 'text')"
            )
            if table != "alembic_version"
        }
        length = (
            connection.exec_driver_sql("SHOW INDEX FROM forms WHERE Key_name = 'idx_forms_page_url'").mappings().one()
        )
    exact = {name for name, collation in collations.items() if collation == "utf8mb4_bin"}
    assert set(collations.values()) == {"utf8mb4_bin", "utf8mb4_unicode_ci"}
    assert {name for name in collations if name.endswith(("_id", "_hash", "_selector"))} <= exact
    assert {"clients.name", "clients.domain", "fields.field_name"}.isdisjoint(exact)
    assert length["Sub_part"] == 255
    engine.dispose()


def test_a_row_inserted_by_hand_gets_the_defaults_of_the_document(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO clients (client_id, name, domain) VALUES ('{CLIENT}', 'Shop', 'shop.example')"
        )
        row = connection.execute(
            text("SELECT is_active, config, allowed_origins, retention_days, created_at FROM clients")
        ).one()
    assert tuple(row)[:4] == (1, "{}", "[]", None)
    created = row[4] if isinstance(row[4], datetime) else datetime.fromisoformat(row[4])
    assert abs(datetime.now(UTC) - created.replace(tzinfo=UTC)) < timedelta(minutes=1)


def test_a_deletion_by_hand_cascades_and_an_orphan_is_refused(engine: Engine) -> None:
    migrate.upgrade(engine)
    insert_family(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM clients")
        for table in TABLES:
            assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one() == 0
    with pytest.raises(Exception, match=r"(?i)foreign key"), engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO forms (form_id, client_id, form_name, page_url, form_selector) "
            "VALUES ('f', 'none', '', '', '')"
        )


def insert_family(engine: Engine) -> None:
    statements = [
        f"INSERT INTO clients (client_id, name, domain) VALUES ('{CLIENT}', 'n', 'd')",
        f"INSERT INTO forms (form_id, client_id, form_name, page_url, form_selector) "
        f"VALUES ('f', '{CLIENT}', '', '', '')",
        "INSERT INTO fields (field_id, form_id, field_selector, field_name, field_type) VALUES ('i', 'f', '', '', '')",
        "INSERT INTO field_mappings (mapping_id, field_id, target_entity, target_field) VALUES ('m', 'i', '', '')",
        f"INSERT INTO client_mappings (mapping_id, client_id, source, target_entity, target_field) "
        f"VALUES ('n', '{CLIENT}', 'email', '', '')",
        f"INSERT INTO api_keys (key_id, client_id, kind, mode, key_hash, hint) "
        f"VALUES ('k', '{CLIENT}', '', '', 'h', '')",
        f"INSERT INTO webhook_endpoints (endpoint_id, client_id, url, secret) VALUES ('w', '{CLIENT}', '', '')",
        f"INSERT INTO crm_connections (connection_id, client_id, adapter, credentials) "
        f"VALUES ('c', '{CLIENT}', '', '')",
    ]
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_the_check_names_what_differs(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE clients ADD COLUMN surplus INTEGER")
        connection.exec_driver_sql("DROP TABLE audit_log")
    lines = "\n".join(migrate.check(engine))
    assert "surplus" in lines
    assert "audit_log" in lines


def test_an_unmigrated_database_is_told_which_revision_it_needs(engine: Engine) -> None:
    assert migrate.check(engine)[0] == f"the database is at no revision, this version needs {migrate.head()}"


def test_an_unknown_revision_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidError, match="`trackerctl db current`"):
        migrate.upgrade(engine, "9999")
    migrate.upgrade(engine)
    with pytest.raises(InvalidError):
        migrate.downgrade(engine, "-7")
    assert migrate.is_current(engine)


def test_three_processes_that_migrate_at_once_do_not_race(engine: Engine, any_config_db_url: str) -> None:
    program = (
        "import sys; from tracker import migrate; from tracker.settings import Settings;"
        "from tracker.stores.relational import create_engine;"
        "engine = create_engine(Settings(config_db_url=sys.argv[1]));"
        "print('ready', flush=True); sys.stdin.readline(); migrate.upgrade(engine)"
    )
    command = [sys.executable, "-c", program, any_config_db_url]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert results == [("", "", 0)] * 3
    assert migrate.check(engine) == []


def test_one_that_waits_too_long_for_another_says_so(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = create_engine(Settings(config_db_url=mariadb_url))
    monkeypatch.setattr(migrate, "LOCK_WAIT_SECONDS", 0)
    with engine.connect() as other:
        other.exec_driver_sql(f"SELECT GET_LOCK('trackerctl.migrate.{engine.url.database}', 0)")
        with pytest.raises(UnavailableError, match="another process migrates"):
            migrate.upgrade(engine)
        assert tables(engine) == set()
        other.invalidate()
    migrate.upgrade(engine)
    engine.dispose()


def test_a_migration_that_died_half_way_is_finished_by_the_next_one(mariadb_url: str) -> None:
    """MariaDB commits each CREATE TABLE; SQLite takes all of it back."""
    engine = create_engine(Settings(config_db_url=mariadb_url))
    migrate.upgrade(engine)
    with engine.begin() as connection:
        for statement in ("DROP TABLE audit_log, field_mappings", "DROP INDEX idx_forms_page_url ON forms"):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("DELETE FROM alembic_version")
    migrate.upgrade(engine)
    assert migrate.check(engine) == []
    engine.dispose()


def test_a_failing_migration_leaves_sqlite_as_it_was(sqlite_url: str, tmp_path: Path) -> None:
    engine = create_engine(Settings(config_db_url=sqlite_url))
    with pytest.raises(InvalidError):
        migrate.upgrade(engine, "9999")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE idx_forms_page_url (id INTEGER)")  # takes the name of an index
    with pytest.raises(Exception, match="idx_forms_page_url"):
        migrate.upgrade(engine)
    assert tables(engine) == {"idx_forms_page_url"}
    assert migrate.current(engine) is None


def test_a_migration_that_would_orphan_rows_on_sqlite_is_taken_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(Settings(config_db_url=sqlite_url))
    migrate.upgrade(engine)
    insert_family(engine)

    def careless(config: migrate.Config, _revision: str) -> None:
        config.attributes["connection"].exec_driver_sql("DELETE FROM clients")

    monkeypatch.setattr(migrate.command, "upgrade", careless)
    with pytest.raises(ConflictError, match="nothing was changed"):
        migrate.upgrade(engine)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM clients").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == relational.LOCK_SECONDS * 1000


def test_migrations_run_from_inside_an_installed_package(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "50% site-packages" / "tracker"
    shutil.copytree(migrate.script_location(), package / "_migrations")
    (package.parent / "migrations").mkdir()  # somebody else's; not to be mistaken for ours
    monkeypatch.setattr(tracker, "__file__", str(package / "__init__.py"))
    assert migrate.script_location() == package / "_migrations"
    migrate.upgrade(engine)
    assert migrate.check(engine) == []


def test_migrations_say_nothing(
    engine: Engine, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        migrate.upgrade(engine)
        migrate.downgrade(engine, "base")
        migrate.check(engine)
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.name.startswith("alembic")] == []


def test_pipelines_that_the_version_before_cannot_hold_are_left_behind_and_all_else_is_kept(engine: Engine) -> None:
    migrate.upgrade(engine, "0001")
    insert_old = "INSERT INTO field_mappings (mapping_id, field_id, target_entity, target_field, transform)"
    insert_field = "INSERT INTO fields (field_id, form_id, field_selector, field_name, field_type)"
    with engine.begin() as connection:
        for statement in (
            f"INSERT INTO clients (client_id, name, domain) VALUES ('{CLIENT}', 'n', 'd')",
            f"INSERT INTO forms (form_id, client_id, form_name, page_url, form_selector) "
            f"VALUES ('f', '{CLIENT}', '', '', '')",
            f"{insert_field} VALUES ('i', 'f', '', '', ''), ('j', 'f', '', '', '')",
            f"{insert_old} VALUES ('m', 'i', 'Lead', 'Email', 'trim')",
        ):
            connection.exec_driver_sql(statement)
    migrate.upgrade(engine)
    assert migrate.check(engine) == []
    long = "default:" + "x" * 200
    with engine.begin() as connection:
        connection.exec_driver_sql(f"{insert_old} VALUES ('n', 'j', 'Lead', 'Phone', '{long}')")
    assert transforms(engine) == {"m": "trim", "n": long}
    migrate.downgrade(engine, "0001")
    assert transforms(engine) == {"m": "trim", "n": None}
    assert "client_mappings" not in tables(engine)


def transforms(engine: Engine) -> dict[str, str | None]:
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT mapping_id, transform FROM field_mappings")
        return {row.mapping_id: row.transform for row in rows}
