"""``trackerctl doctor``: of the installation; a page's visit is in test_doctor_url."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.test_terminal import Terminal
from tests.discovery.pages import CONTACT, a_host
from tests.fixtures.processes import free_port
from tests.fixtures.system import System


def test_a_whole_installation_is_well_and_the_exit_code_says_so(
    system: System, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    system.new_client("shop.example")
    system.serve()
    worker = system.work()
    for name, value in system.settings.items():
        monkeypatch.setenv(name, value)
    report = run("--json", "doctor", code=None).json
    # What this machine's servers are started with in tests is not what an operator would start them with.
    ours = [one for one in report["findings"] if one["area"] not in ("redis", "config", "settings")]
    assert {one["title"] for one in ours if one["severity"] == "error"} == set()
    assert {one["area"] for one in report["findings"]} >= {
        "settings", "secrets", "config", "clock", "mongodb", "redis", "queue", "workers", "public", "clients",
    }  # fmt: skip
    assert f":{worker.pid}" in str(ours)
    assert report["ok"] is (report["errors"] == 0)
    assert all(one["fix"] for one in report["findings"] if one["severity"] != "ok")

    worker.terminate()
    ran = run("doctor", code=1)
    assert "no worker runs" in ran.out
    assert "→ Start one: `trackerctl worker`" in ran.out


def test_nothing_configured_is_answered_with_what_to_do(run: Run) -> None:
    ran = run("doctor", code=1)
    assert "TRACKER_CONFIG_DB_URL is not set" in ran.out
    assert "trackerctl init" in ran.out
    assert "Traceback" not in ran.out + ran.err


def test_a_setting_that_cannot_be_used_is_a_finding_and_no_failure(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TRACKER_QUEUE_SHARDS", "many")
    monkeypatch.setenv("TRACKER_QEUE_SHARDS", "2")
    report = run("--json", "doctor", code=1).json
    titles = {one["title"]: one for one in report["findings"]}
    assert titles["TRACKER_QUEUE_SHARDS cannot be used"]["severity"] == "error"
    assert "TRACKER_QUEUE_SHARDS" in titles["TRACKER_QEUE_SHARDS is no setting"]["fix"]
    assert "TRACKER_QUEUE_SHARDS cannot be used" in run("-q", "doctor", code=1).out.splitlines()


def test_credentials_of_a_store_that_is_away_are_not_shown(
    site: object, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", f"redis://:hunter2-hunter2@127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("TRACKER_MONGODB_URL", f"mongodb://u:hunter2-hunter2@127.0.0.1:{free_port()}/")
    for options in ((), ("--json",), ("--output", "csv")):
        ran = run("doctor", *options, code=1)
        assert "hunter2" not in ran.out + ran.err


def test_a_url_visits_the_page_instead(client: dict[str, Any], run: Run, chromium_path: str) -> None:
    with a_host({"/": run("embed", "example.com").out + CONTACT}) as host:
        run("client", "update", "example.com", "--origin", host.url)
        terminal = Terminal("--json", "doctor", f"{host.url}/", "--client", "example.com", "--allow-private")
        assert terminal.end() == 0
    assert '"ok": true' in terminal.text
    assert "full_name" in terminal.text


def test_options_of_a_page_without_a_page_are_refused(site: object, run: Run) -> None:
    assert "--client" in run("doctor", "--client", "example.com", code=2).err
    assert "--client" in run("doctor", "https://example.com/", code=2).err
