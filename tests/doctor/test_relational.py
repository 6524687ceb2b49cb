"""A configuration database that was not migrated, was changed by hand, or cuts values."""

from __future__ import annotations

import pytest
import sqlalchemy

from tests.fixtures.world import make_settings
from tracker.doctor.relational import _strictness, check_relational, patient_engine
from tracker.doctor.report import Finding
from tracker.migrate import upgrade
from tracker.settings import Settings
from tracker.stores.relational import create_engine


def migrated(url: str) -> Settings:
    settings = make_settings(config_db_url=url)
    engine = create_engine(settings)
    upgrade(engine)
    engine.dispose()
    return settings


def run_sql(settings: Settings, *statements: str) -> None:
    with patient_engine(settings) as engine, engine.begin() as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))


def worse(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.title) for one in findings if one.severity != "ok"]


async def test_is_content_with_a_migrated_database(any_config_db_url: str) -> None:
    settings = migrated(any_config_db_url)
    findings = await check_relational(settings)
    assert [one for one in worse(findings) if one[0] == "error"] == []
    assert "the migrations are at head" in [one.title for one in findings]


async def test_an_empty_database_is_an_error_that_names_the_command(any_config_db_url: str) -> None:
    findings = await check_relational(make_settings(config_db_url=any_config_db_url))
    [finding] = [one for one in findings if one.severity == "error"]
    assert finding.title == "the tables are not current"
    assert "trackerctl db upgrade" in finding.fix


async def test_a_table_that_was_changed_by_hand_is_told(any_config_db_url: str) -> None:
    settings = migrated(any_config_db_url)
    run_sql(settings, "ALTER TABLE clients ADD COLUMN extra INTEGER")
    assert ("warning", "the tables were changed by hand") in worse(await check_relational(settings))


async def test_a_table_that_cannot_hold_every_script_is_an_error(mariadb_url: str) -> None:
    settings = migrated(mariadb_url)
    run_sql(settings, "ALTER TABLE audit_log CONVERT TO CHARACTER SET latin1")
    findings = await check_relational(settings)
    assert ("error", "not everything is utf8mb4") in worse(findings)
    assert any("audit_log" in one.detail for one in findings)


async def test_a_url_takes_neither_strictness_nor_utc_away(mariadb_url: str) -> None:
    settings = migrated(mariadb_url)
    bare = mariadb_url + "&init_command=SET sql_mode='', time_zone='%2B02:00'"
    findings = await check_relational(settings.model_copy(update={"config_db_url": bare}))
    assert [one for one in findings if one.severity == "error"] == []


@pytest.mark.parametrize(
    ("session_mode", "global_mode", "severities"),
    [
        ("STRICT_TRANS_TABLES", "STRICT_TRANS_TABLES", []),
        ("STRICT_TRANS_TABLES", "", ["warning"]),
        ("", "STRICT_TRANS_TABLES", ["error"]),
    ],
)
def test_judges_strictness(session_mode: str, global_mode: str, severities: list[str]) -> None:
    assert [one.severity for one in _strictness(session_mode, global_mode)] == severities
