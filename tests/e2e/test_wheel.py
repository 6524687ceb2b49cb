"""The wheel alone, in an environment of its own, far from the checkout: it must migrate and serve."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.fixtures.processes import ROOT, Launch, free_port
from tests.fixtures.system import SECRET


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def uv() -> str:
    """The program that `make .venv` left in the environment, or the machine's."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found, "`make .venv` brings uv"
    return found


def test_installed_wheel_migrates_and_serves_away_from_the_checkout(
    tmp_path: Path, launch: Launch, uv: str, redis_url: str, mongodb_url: str, mongodb_database: str
) -> None:
    # Without isolation: the pinned build backend is in the environment already.
    build = (uv, "build", "--wheel", "--quiet", "--no-build-isolation", "--python", sys.executable)
    run(*build, "--out-dir", tmp_path, ROOT, cwd=tmp_path)
    [wheel] = tmp_path.glob("*.whl")
    python = tmp_path / "env" / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path / "env", cwd=tmp_path)
    # With the pinned versions: what is resolved today must not decide whether this passes.
    lock = "\n".join(
        line.split(" \\")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line
    )
    (tmp_path / "pins.txt").write_text(lock)
    run(uv, "pip", "install", "--quiet", "--python", python, "--constraint", tmp_path / "pins.txt", wheel, cwd=tmp_path)
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TRACKER_CONFIG_DB_URL": f"sqlite:///{tmp_path / 'config.db'}",
        "TRACKER_MONGODB_URL": mongodb_url,
        "TRACKER_MONGODB_DATABASE": mongodb_database,
        "TRACKER_REDIS_URL": redis_url,
        "TRACKER_SECRET_KEYS": SECRET,
        "TRACKER_PUBLIC_URL": f"http://localhost:{port}",
    }
    trackerctl = tmp_path / "env" / "bin" / "trackerctl"

    run(trackerctl, "db", "upgrade", cwd=tmp_path, env=env)
    client = json.loads(run(trackerctl, "--json", "client", "create", "--domain", "example.com", cwd=tmp_path, env=env))
    url = f"http://127.0.0.1:{port}"
    launch.program(
        [str(trackerctl), "serve", "--port", str(port)],
        env=env,
        cwd=tmp_path,
        ready=f"{url}/health/ready",
        name="installed",
    )

    script = httpx.get(f"{url}/main-app.v1.js")
    assert script.status_code == 200 and len(script.content) > 1000
    assert client["apiKey"] in httpx.get(f"{url}/script/{client['clientId']}.js").text
    assert httpx.get(f"{url}/demo?client=example.com").status_code == 200
    event = {"apiKey": client["apiKey"], "events": [{"type": "page_view", "id": "1"}]}
    assert httpx.post(f"{url}/v1/track/events", json=event).json() == {"success": True, "queued": 1}
