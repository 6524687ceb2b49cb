"""Settings: what is unknown, unusable or contradictory is told, and no value is repeated."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.world import make_settings
from tracker.doctor.environment import check_settings, environment_names, read_settings, unknown_names
from tracker.doctor.report import Finding
from tracker.settings import Settings

STORES = {"config_db_url": "sqlite:///x.db", "mongodb_url": "mongodb://127.0.0.1/", "redis_url": "redis://127.0.0.1/"}


def titles(findings: list[Finding], severity: str | None = None) -> list[str]:
    return [one.title for one in findings if severity in (None, one.severity)]


def test_names_the_setting_that_was_meant() -> None:
    [finding] = unknown_names({"TRACKER_REDIS_URI": "environment", "TRACKER_REDIS_URL": ".env"})
    assert (finding.severity, finding.title) == ("warning", "TRACKER_REDIS_URI is no setting")
    assert "TRACKER_REDIS_URL" in finding.fix


@given(st.sampled_from(sorted(Settings.model_fields)))
def test_no_setting_is_unknown(name: str) -> None:
    assert unknown_names({f"TRACKER_{name.upper()}": "environment", f"tracker_{name}": ".env"}) == []


def test_finds_names_in_the_environment_and_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("TRACKER_FROM_FILE=secret-1\nOTHER=1\n")
    monkeypatch.setenv("TRACKER_FROM_HERE", "secret-2")
    names = environment_names()
    assert (names["TRACKER_FROM_FILE"], names["TRACKER_FROM_HERE"]) == (".env", "environment")
    assert "OTHER" not in names
    assert "secret" not in repr(names)


def test_goes_on_with_the_default_of_a_setting_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKER_QUEUE_SHARDS", "many")
    monkeypatch.setenv("TRACKER_RETENTION_DAYS", "0")
    settings, findings = read_settings()
    assert settings.queue_shards == Settings.model_fields["queue_shards"].default
    assert {(one.title, one.severity) for one in findings} == {
        ("TRACKER_QUEUE_SHARDS cannot be used", "error"),
        ("TRACKER_RETENTION_DAYS cannot be used", "error"),
    }


def test_all_that_go_together_are_one_good_finding() -> None:
    settings = make_settings(**STORES, public_url="https://track.example.com", trusted_proxies="127.0.0.1")
    assert titles(check_settings(settings, {})) == ["the settings go together"]


def test_what_no_service_starts_without_is_an_error() -> None:
    settings = make_settings(secret_keys="")
    assert titles(check_settings(settings, {}), "error") == [
        "TRACKER_CONFIG_DB_URL is not set",
        "TRACKER_MONGODB_URL is not set",
        "TRACKER_REDIS_URL is not set",
        "TRACKER_SECRET_KEYS is not set",
    ]


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({"queue_shard_urls": "redis://a/,redis://b/"}, "more Redis URLs than queue shards"),
        ({"max_event_bytes": 2_000_000}, "an event may be larger than a request"),
        ({"job_timeout_seconds": 5}, "a job is handed back before its lease ends"),
        ({"geoip_db": "/nowhere.mmdb"}, "TRACKER_GEOIP_DB cannot be read"),
        ({"trusted_proxies": ""}, "no trusted proxy behind an https address"),
        ({"trusted_proxies": "0.0.0.0/0"}, "every address is a trusted proxy"),
        ({"mongodb_write_concern": "1"}, "a MongoDB that fails may lose stored events"),
        ({"mongodb_journal": False}, "a MongoDB that fails may lose stored events"),
        ({"page_check_private": True}, "/config-test may fetch pages from your private network"),
        ({"limit_ip_events_per_minute": 0}, "TRACKER_LIMIT_IP_EVENTS_PER_MINUTE is off"),
    ],
)
def test_tells_what_contradicts_or_endangers(values: dict[str, object], title: str) -> None:
    well = {**STORES, "public_url": "https://track.example.com", "trusted_proxies": "127.0.0.1"}
    [finding] = check_settings(make_settings(**{**well, **values}), {})
    assert finding.title == title
    assert finding.fix
