"""``trackerctl serve``, ``worker`` and ``dev``: what they hand on. Tests of the system show that they run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tracker.settings import Settings

STORES = {
    "TRACKER_CONFIG_DB_URL": "sqlite:///config.db",
    "TRACKER_MONGODB_URL": "mongodb://127.0.0.1:1",
    "TRACKER_REDIS_URL": "redis://127.0.0.1:1",
    "TRACKER_SECRET_KEYS": "k3Yx-9vQd_7LmWz2pRt8sNbHc5JfGaE1uTiOyX4w",
}


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in STORES.items():
        monkeypatch.setenv(name, value)


def test_serve_listens_where_it_is_told(stores: None, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr("tracker.web.server.serve", lambda *args: calls.append(args))
    run("serve")
    run("serve", "--host", "0.0.0.0", "--port", "9000", "--workers", "4")

    assert [call[1:] for call in calls] == [("127.0.0.1", 8000, 1), ("0.0.0.0", 9000, 4)]
    assert all(isinstance(call[0], Settings) for call in calls)


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_of_the_worker_is_ours(
    stores: None, monkeypatch: pytest.MonkeyPatch, run: Run, code: int
) -> None:
    monkeypatch.setattr("tracker.worker.run_worker", lambda settings: code)
    run("worker", code=code)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_nothing_is_started_while_a_setting_is_missing(
    stores: None, monkeypatch: pytest.MonkeyPatch, run: Run, command: str
) -> None:
    monkeypatch.delenv("TRACKER_REDIS_URL")
    ran = run("--json", command, code=1)

    assert ran.error["slug"] == "settings"
    assert "TRACKER_REDIS_URL" in ran.error["detail"]


def test_a_weak_secret_is_refused_before_anything_is_started(
    stores: None, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TRACKER_SECRET_KEYS", "changeme")
    ran = run("serve", code=1)

    assert "trackerctl init" in ran.err
    assert "changeme" not in ran.err


@pytest.mark.parametrize(
    ("before", "behind", "folder"),
    [
        ((), (), ".tracker"),
        (("--data-dir", "here"), (), "here"),
        (("--data-dir", "here"), ("--data-dir", "there"), "there"),
    ],
)
def test_dev_keeps_its_data_where_it_is_told(
    monkeypatch: pytest.MonkeyPatch, run: Run, before: tuple[str, ...], behind: tuple[str, ...], folder: str
) -> None:
    monkeypatch.setenv("TRACKER_DATA_DIR", "")  # so that it is put back after the test
    monkeypatch.delenv("TRACKER_DATA_DIR")
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr("tracker.dev.run_dev", lambda *args: calls.append(args) or 0)
    run(*before, "dev", "--port", "9000", *behind)

    assert calls == [(9000, Path(folder))]


def test_what_dev_left_in_its_folder_is_found_by_other_commands(
    site: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    lines = [f"{name}={os.environ[name]}\n" for name in ("TRACKER_CONFIG_DB_URL", "TRACKER_SECRET_KEYS")]
    for name in ("TRACKER_CONFIG_DB_URL", "TRACKER_SECRET_KEYS", "TRACKER_PUBLIC_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRACKER_DATA_DIR", "")
    Path("data").mkdir()
    Path("data/dev.env").write_text("".join(lines))

    run("client", "list", code=1)
    assert run("--json", "--data-dir", "data", "client", "list").json == []
