"""``trackerctl top``: one moment, a stream, and a screen that ends when it is told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import Run, process_environment
from tests.cli.test_terminal import Terminal
from tests.fixtures.system import System, event, submission


@pytest.fixture
def whole(documents: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)
    return documents


def test_shows_what_came_in(system: System, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    client = system.new_client()
    system.serve()
    system.work()
    system.post(client["apiKey"], [event(), submission("somebody@mail.example")]).raise_for_status()
    system.wait_drained()
    for name, value in system.settings.items():
        monkeypatch.setenv(name, value)
    seen = run("--json", "top", "--once").json
    assert (seen["events"]["accepted"], seen["events"]["outcomes"]["stored"], seen["events"]["waiting"]) == (2, 2, 0)
    assert [lead["email"] for lead in seen["leads"]] == ["s…@mail.example"]
    assert [beat["done"] for beat in seen["workers"]["alive"]] != []
    out = run("top", "--once").out
    assert "2 accepted, 2 stored, 0 waiting" in out
    assert "somebody" not in out


def test_an_empty_installation_says_so(whole: Any, run: Run) -> None:
    out = run("top", "--once").out
    assert "No leads yet." in out
    assert "No worker runs." in out
    assert run("-q", "top", "--once").out == "ok\n"


def test_a_store_that_is_away_is_shown_and_no_error(whole: Any, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://:hunter2@127.0.0.1:1/0")
    ran = run("top", "--once")
    assert "redis AWAY" in ran.out
    assert "not known: Redis is away" in ran.out
    assert "hunter2" not in ran.out + ran.err


def test_a_pipe_gets_a_line_for_each_look_and_its_end_ends_it(whole: Any) -> None:
    command = [sys.executable, "-m", "cli.main", "--json", "top", "--interval", "0.2"]
    process = subprocess.Popen(command, env=process_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    seen = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == b""
    assert seen[0]["rates"] is None
    assert seen[1]["rates"]["accepted"] == 0
    assert seen[0]["takenAt"] < seen[1]["takenAt"]


def test_without_a_screen_it_asks_for_a_way_to_print(whole: Any, run: Run) -> None:
    assert "--once" in run("top", code=2).err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGHUP, -signal.SIGHUP)])
def test_the_screen_is_given_back_when_it_ends(whole: Any, number: int, code: int) -> None:
    terminal = Terminal("top", "--interval", "0.2", COLUMNS="100", LINES="30")
    terminal.read_until("\x1b[?1049h")
    terminal.read_until("No worker runs.")
    terminal.signal(number)
    assert terminal.end() == code
    assert "Traceback" not in terminal.text
    if number == signal.SIGINT:
        assert "\x1b[?1049l" in terminal.text
