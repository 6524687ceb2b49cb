"""compose.yaml is right in all that can be told without Docker."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.docs.text import ROOT, check_command
from tracker.settings import Settings
from tracker.stores.relational import create_engine

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"].startswith("trackerctl:")]
ONE_SHOT = [name for name, service in SERVICES.items() if service["restart"] == "no"]
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<how>:\?|:-)(?P<word>[^}]*)\}")

each_service = pytest.mark.parametrize("name", list(SERVICES))


def strings(value: Any) -> list[str]:
    """Every text in a part of the file."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What deploy/make-env.sh writes."""
    subprocess.run(["sh", ROOT / "deploy/make-env.sh", "https://track.example.com"], cwd=tmp_path, check=True)
    lines = (tmp_path / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def filled_in(text: str, environment: dict[str, str]) -> str:
    """A value as Compose passes it on."""
    return _VARIABLE.sub(lambda found: environment.get(found["name"], found["word"]), text)


def test_has_the_processes_and_stores_of_the_system() -> None:
    assert set(SERVICES) == {"api", "worker", "migrate", "mongodb-init", "mariadb", "mongodb", "redis"}
    assert SERVICES["mariadb"]["image"] == "mariadb:10.11"
    assert SERVICES["mongodb"]["image"].startswith("mongo:6")
    assert SERVICES["redis"]["image"].startswith("redis:7")


def test_the_image_has_the_version_of_the_project() -> None:
    version = re.search(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version
    assert {SERVICES[name]["image"] for name in OURS} == {f"trackerctl:{version[1]}"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    service = SERVICES[name]
    if "entrypoint" in service:
        mounted = {volume.split(":")[1]: ROOT / volume.split(":")[0] for volume in service["volumes"]}
        assert service["entrypoint"][0] == "python"
        assert mounted[service["entrypoint"][1]].is_file()
    else:
        assert check_command(service["command"]) is None


def test_the_stores_start_by_scripts_that_are_mounted_and_parse() -> None:
    for name in ("mongodb", "redis"):
        shell, script = SERVICES[name]["entrypoint"]
        mounted = {volume.split(":")[1]: ROOT / volume.split(":")[0] for volume in SERVICES[name]["volumes"]}
        subprocess.run([shell, "-n", mounted[script]], check=True)


@each_service
def test_every_mounted_file_and_volume_exists(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, _, rest = volume.partition(":")
        if source.startswith("."):
            assert (ROOT / source).is_file(), source
            assert rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@each_service
def test_every_setting_exists(name: str) -> None:
    named = {key for key in SERVICES[name].get("environment", {}) if key.startswith("TRACKER_")}
    assert named <= {f"TRACKER_{field.upper()}" for field in Settings.model_fields}


def test_the_settings_it_makes_are_accepted(environment: dict[str, str]) -> None:
    values = {
        key.removeprefix("TRACKER_").lower(): filled_in(value, environment)
        for key, value in SERVICES["api"]["environment"].items()
    }
    settings = Settings(**values).require("config_db_url", "mongodb_url", "redis_url")
    assert create_engine(settings).url.password == environment["MARIADB_PASSWORD"]
    for url, service, password in (
        (settings.config_db_url, "mariadb", "MARIADB_PASSWORD"),
        (settings.mongodb_url, "mongodb", "MONGO_PASSWORD"),
        (settings.redis_url, "redis", "REDIS_PASSWORD"),
    ):
        assert urlsplit(url).hostname == service
        assert urlsplit(url).hostname in SERVICES
        assert urlsplit(url).password == environment[password]
    assert "replicaSet=rs0" in settings.mongodb_url


def test_no_password_has_a_default_or_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|_KEY", key):
                found = _VARIABLE.fullmatch(value)
                assert found, key
                assert found["how"] == ":?", key
        for text in strings(service):
            if credentials := re.search(r"://[^/@\s]*:([^@\s]*)@", text):
                assert "${" in credentials[1], text
                assert ":?" in credentials[1], text


def test_every_variable_that_must_be_set_is_written_by_make_env(environment: dict[str, str]) -> None:
    variables = [found for text in strings(COMPOSE) for found in _VARIABLE.finditer(text)]
    assert {found["name"] for found in variables if found["how"] == ":?"} == set(environment)


@each_service
def test_every_service_has_a_health_check_or_ends(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check.get("disable", False) is (name in ONE_SHOT)
    if name not in ONE_SHOT:
        assert {"test", "interval", "timeout", "start_period", "retries"} <= set(check)


@each_service
def test_what_is_waited_for_can_come_true(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert (how["condition"] == "service_completed_successfully") == (other in ONE_SHOT)
        assert how["condition"] in ("service_completed_successfully", "service_healthy")


def test_the_tables_and_the_replica_set_are_there_before_who_needs_them() -> None:
    assert {"migrate", "mongodb-init", "redis"} == set(SERVICES["worker"]["depends_on"])
    assert {"migrate", "redis"} == set(SERVICES["api"]["depends_on"])
    assert "mariadb" in SERVICES["migrate"]["depends_on"]
    assert "mongodb" in SERVICES["mongodb-init"]["depends_on"]


def test_only_the_api_is_published_and_on_loopback() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["api"]
    (published,) = SERVICES["api"]["ports"]
    assert filled_in(published, {}) == "127.0.0.1:8000:8000"


def test_port_command_and_health_check_of_the_api_agree() -> None:
    command = SERVICES["api"]["command"]
    port = command[command.index("--port") + 1]
    assert SERVICES["api"]["ports"][0].endswith(f":{port}")
    assert f"http://127.0.0.1:{port}/health/live" in SERVICES["api"]["healthcheck"]["test"][-1]


def test_the_health_check_of_the_worker_is_a_command() -> None:
    kind, program, *arguments = SERVICES["worker"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "trackerctl")
    assert check_command(arguments) is None


def test_the_stores_are_on_a_network_without_a_way_out() -> None:
    assert COMPOSE["networks"]["stores"]["internal"] is True
    for name, service in SERVICES.items():
        assert service["networks"] == (["edge", "stores"] if name == "api" else ["stores"])


@each_service
def test_no_service_runs_as_root_or_with_privileges(name: str) -> None:
    service = SERVICES[name]
    # Our own image names its user in the Dockerfile.
    assert name in OURS or service["user"] not in ("root", "0")
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", [*OURS, "redis"])
def test_what_needs_no_writable_file_system_has_none(name: str) -> None:
    assert SERVICES[name]["read_only"] is True


def test_a_stopping_worker_has_the_time_that_it_may_take() -> None:
    grace = int(SERVICES["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace > Settings.model_fields["shutdown_grace_seconds"].default + 10


def test_the_data_of_every_store_outlive_it() -> None:
    kept = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {"mariadb-data", "mongodb-data", "redis-data"} <= kept
    assert set(COMPOSE["volumes"]) <= kept
