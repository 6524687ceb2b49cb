"""Known holes of dependencies, asked of a database of advisories of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.processes import free_port

ROOT = Path(__file__).parents[2]
HOLE: dict[str, Any] = {
    "id": "OSV-2030-1",
    "modified": "2030-01-01T00:00:00Z",
    "published": "2030-01-01T00:00:00Z",
    "affected": [
        {
            "package": {"name": "msgspec", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999.1"}]}],
        }
    ],
}


class Database:
    """Answers as OSV's ``/v1/query`` does."""

    def __init__(self) -> None:
        self.hole: dict[str, Any] | None = None
        self.asked: list[str] = []
        database = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                name = query["package"]["name"]
                database.asked.append(name)
                answer = {"vulns": [database.hole]} if database.hole and name == "msgspec" else {}
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/query"


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database()
    yield made
    made.server.shutdown()


def audit(url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "audit.py")],
        env={**os.environ, "TRACKER_AUDIT_URL": url, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_a_known_hole_is_told_with_the_version_that_mends_it(database: Database) -> None:
    database.hole = HOLE
    done = audit(database.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "msgspec" in done.stderr
    assert "OSV-2030-1, mended in 999.1" in done.stderr
    assert {"litestar", "arq", "simple-salesforce"} <= set(database.asked)


def test_without_a_known_hole_it_is_quiet(database: Database) -> None:
    done = audit(database.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_database_that_is_away_is_said_and_fails_nothing() -> None:
    done = audit(f"http://127.0.0.1:{free_port()}/v1/query")
    assert done.returncode == 0
    assert "not audited" in done.stderr
