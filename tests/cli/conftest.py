"""An installation in a temporary folder, and ways to call ``trackerctl`` in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from cli.main import app

ROOT = Path(__file__).resolve().parents[2]
SECRET = "k3Yx-9vQd_7LmWz2pRt8sNbHc5JfGaE1uTiOyX4w"


@dataclass(frozen=True)
class Ran:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout, which must be one JSON document."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        """The error that ``--json`` puts on stderr."""
        found: dict[str, Any] = json.loads(self.err)["error"]
        return found


Run = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine, no colour option, and an empty folder to work in."""
    for name in list(os.environ):
        if name.startswith("TRACKER_") and not name.startswith("TRACKER_TEST"):
            monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Call a command in this process; an error that is not answered for fails the test."""

    def call(*args: str, code: int | None = 0, stdin: str | None = None) -> Ran:
        result = CliRunner().invoke(app, list(args), input=stdin, catch_exceptions=False)
        ran = Ran(result.exit_code, result.stdout, result.stderr)
        if code is not None:
            assert ran.code == code, ran
        return ran

    return call


@pytest.fixture
def spawn() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Call a command as its users do, in a process of its own."""

    def call(*args: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"capture_output": True, "text": True, "timeout": 60, "stdin": subprocess.DEVNULL, **options}
        command = [sys.executable, "-m", "cli.main", *args]
        return subprocess.run(command, env=process_environment(env), check=False, **options)

    return call


def process_environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of a process that finds the checkout's packages from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sqlalchemy import make_url

    from tracker import migrate
    from tracker.stores.relational import engine_for

    path = tmp_path_factory.mktemp("config") / "config.db"
    engine = engine_for(make_url(f"sqlite:///{path}"))
    migrate.upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def site(tmp_path: Path, _migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A migrated config store in SQLite and a secret; no Redis and no MongoDB."""
    path = tmp_path / "config.db"
    shutil.copy(_migrated, path)
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"sqlite:///{path}")
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)
    monkeypatch.setenv("TRACKER_PUBLIC_URL", "https://track.example.com")
    yield path


@pytest.fixture
def client(site: Path, run: Run) -> dict[str, Any]:
    """A client, example.com, as its creation printed it."""
    created: dict[str, Any] = run("--json", "client", "create", "--domain", "example.com", "--name", "Example").json
    return created


@pytest.fixture
def form(client: dict[str, Any], run: Run) -> dict[str, Any]:
    """A form of that client."""
    arguments = ("--name", "Contact", "--page-url", "https://example.com/contact", "--selector", "#contact")
    created: dict[str, Any] = run("--json", "form", "create", "example.com", *arguments).json
    return created


@pytest.fixture
def field(form: dict[str, Any], run: Run) -> dict[str, Any]:
    """A field of that form."""
    arguments = ("--selector", "[name=email]", "--name", "email", "--type", "email", "--required")
    created: dict[str, Any] = run("--json", "field", "create", form["formId"], *arguments).json
    return created


@pytest.fixture
def documents(
    client: dict[str, Any], mongodb_url: str, mongodb_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The document store of the installation, for tests to write into."""
    monkeypatch.setenv("TRACKER_MONGODB_URL", mongodb_url)
    monkeypatch.setenv("TRACKER_MONGODB_DATABASE", mongodb_database)
    with MongoClient[dict[str, Any]](mongodb_url, tz_aware=True) as mongo:
        yield mongo[mongodb_database]
