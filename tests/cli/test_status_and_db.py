"""``trackerctl status`` and ``db``, and all of the configuration, on real servers where they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SECRET, Run
from tests.fixtures.geo import city, write_database

NOW = datetime.now(UTC).replace(microsecond=0)


# ------------------------------------------------------------------------------------------------------------ status


@pytest.fixture
def whole(documents: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with all of its stores."""
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)


def test_status_is_zero_when_all_is_well(whole: None, run: Run) -> None:
    found = run("--json", "status").json

    assert found["ok"] is True
    assert {store["name"]: store["ok"] for store in found["stores"]} == {"config": True, "mongodb": True, "redis": True}
    assert all(store["version"] and store["latencyMs"] >= 0 for store in found["stores"])
    assert sum(found["queue"].values()) == 0
    assert found["migration"]["upToDate"] is True
    out = run("status").out
    assert "0 waiting" in out
    assert "current, " in out


def test_status_says_what_countries_come_from(
    whole: None, monkeypatch: pytest.MonkeyPatch, run: Run, tmp_path: Path
) -> None:
    assert run("--json", "status").json["geo"] == {"header": None, "database": None, "built": None}
    path = write_database(tmp_path / "geo.mmdb", {"203.0.113.0/24": city("DE")})
    monkeypatch.setenv("TRACKER_GEOIP_DB", str(path))
    monkeypatch.setenv("TRACKER_GEO_COUNTRY_HEADER", "CF-IPCountry")
    monkeypatch.setenv("TRACKER_TRUSTED_PROXIES", "10.0.0.0/8")
    assert f"GeoLite2-City of {NOW:%Y-}" in run("status").out
    found = run("--json", "status").json["geo"]
    assert (found["database"], found["header"]) == ("GeoLite2-City", "cf-ipcountry")
    path.unlink()
    assert "does not exist; fetch a database" in run("--json", "status").json["geo"]["problem"]


def test_status_is_one_when_a_store_is_away(whole: None, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    ran = run("status", code=1)
    found = run("--json", "status", code=1).json

    assert "check TRACKER_REDIS_URL" in ran.out
    assert "hunter2" not in ran.out + ran.err
    assert found["queue"] is None
    assert {store["name"] for store in found["stores"] if not store["ok"]} == {"redis"}


def test_status_is_one_when_a_shard_of_the_queue_is_away(
    whole: None, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_QUEUE_SHARDS", "2")
    monkeypatch.setenv("TRACKER_QUEUE_SHARD_URLS", "redis://127.0.0.1:1/0,redis://127.0.0.1:1/1")
    assert run("--json", "status", code=1).json["queue"] is None


def test_status_is_one_while_the_tables_are_not_there(
    whole: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"sqlite:///{tmp_path / 'empty.db'}")

    assert run("--json", "status", code=1).json["migration"]["upToDate"] is False
    assert "trackerctl db upgrade" in run("status", code=1).out


def test_status_fits_eighty_columns(whole: None, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(len(line) for line in run("status").out.splitlines()) <= 80


# ---------------------------------------------------------------------------------------------------------------- db


def test_the_tables_go_up_and_down_on_each_database(
    any_config_db_url: str, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", any_config_db_url)
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)

    assert run("--json", "db", "current").json["revision"] is None
    assert run("--json", "db", "check", code=1).json["differences"] != []
    head = run("--json", "db", "upgrade").json["revision"]
    assert run("--json", "db", "upgrade").json == {"before": head, "revision": head}
    assert run("--json", "db", "current").json == {"revision": head, "head": head, "upToDate": True}
    assert run("--json", "db", "check").json == {"upToDate": True, "differences": []}
    assert "every client" in run("db", "downgrade", "base", code=2).err
    assert run("--json", "db", "downgrade", "base", "--yes").json == {"before": head, "revision": None}


def test_an_unknown_revision_is_refused(site: Path, run: Run) -> None:
    assert run("--json", "db", "upgrade", "nowhere", code=1).error["slug"] == "invalid"


def test_all_of_a_site_is_configured_on_each_database(
    any_config_db_url: str, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", any_config_db_url)
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)
    run("db", "upgrade")

    client = run("--json", "client", "create", "--domain", "example.com", "--set", "features.chat=true").json
    secret = run("--json", "key", "issue", "example.com", "--kind", "secret").json
    fresh = run("--json", "key", "rotate", client["keyId"], "--grace", "1h").json
    run("key", "revoke", secret["keyId"], "--yes")
    contact = ("--name", "Contact", "--page-url", "/contact", "--selector", "#contact")
    form = run("--json", "form", "create", client["clientId"][:8], *contact).json
    field = run("--json", "field", "create", form["formId"], "--selector", "[name=email]", "--name", "email").json
    run("mapping", "set", field["fieldId"], "Lead.Email", "--transform", "trim")

    shown = run("--json", "client", "show", "example.com").json
    assert shown["config"]["features"]["chat"] is True
    assert [key["status"] for key in shown["keys"]] == ["expiring", "revoked", "active"]
    assert run("--json", "form", "show", form["formId"]).json["fields"][0]["fieldName"] == "email"
    assert run("--json", "mapping", "show", field["fieldId"]).json["targetField"] == "Email"
    assert run("--json", "embed", "example.com").json["apiKey"] == fresh["key"]
    run("client", "delete", "example.com", "--yes")
    assert run("--json", "client", "list").json == []
    run("form", "show", form["formId"], code=1)
