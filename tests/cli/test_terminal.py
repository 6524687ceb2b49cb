"""Signals, pipes, questions and colour, in processes of their own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.conftest import Run, process_environment

Spawn = Callable[..., subprocess.CompletedProcess[str]]


def driver(body: str) -> list[str]:
    """A ``trackerctl`` whose insides ``body`` has changed before it runs."""
    return [sys.executable, "-c", textwrap.dedent(body) + "\nfrom cli.main import run; run()"]


BROKEN = """
    import tracker.config.service as service
    def explode(self, **_):
        raise RuntimeError("mysql+pymysql://root:hunter2@db/x pk_live_abcdefgh went wrong")
    service.ConfigService.list_clients = explode
"""


def test_an_unexpected_error_is_one_line(site: Path) -> None:
    command = [*driver(BROKEN), "client", "list"]
    ran = subprocess.run(command, env=process_environment(), capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert ran.stdout == ""
    [line] = ran.stderr.splitlines()
    assert line.startswith("error: unexpected RuntimeError: mysql+pymysql://***@db/x pk_live_*** went wrong")
    assert "TRACKER_DEBUG=1" in line


def test_debugging_shows_the_traceback_without_credentials(site: Path) -> None:
    command = [*driver(BROKEN), "client", "list"]
    environment = process_environment({"TRACKER_DEBUG": "1"})
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "Traceback" in ran.stderr
    assert "in explode" in ran.stderr
    assert "db/x pk_live_*** went wrong" in ran.stderr
    assert "abcdefgh" not in ran.stderr


def test_ctrl_c_is_130_without_a_traceback(site: Path) -> None:
    body = """
        import asyncio, os, signal
        import tracker.health as health
        async def interrupted(settings):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        health.check_stores = interrupted
    """
    stores = {"TRACKER_MONGODB_URL": "mongodb://127.0.0.1:1", "TRACKER_REDIS_URL": "redis://127.0.0.1:1"}
    command = [*driver(body), "status"]
    ran = subprocess.run(command, env=process_environment(stores), capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_ctrl_c_instead_of_an_answer_is_130_and_changes_nothing(client: dict[str, Any], run: Run) -> None:
    body = """
        import builtins, os, signal, time
        def interrupted(*_):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        builtins.input = interrupted
        import cli.options
        cli.options.is_interactive = lambda: True
    """
    command = [*driver(body), "client", "delete", "example.com"]
    ran = subprocess.run(command, env=process_environment(), capture_output=True, text=True, check=False)

    assert ran.returncode == 130
    assert "Go on?" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert len(run("--json", "client", "list").json) == 1


TAIL = """
    from contextlib import asynccontextmanager
    import tracker.documents, tracker.pipeline.queries as queries
    @asynccontextmanager
    async def opened(settings, **_):
        yield
    async def events(**_):
        number = 0
        while True:
            yield {"eventType": "page_view", "timestamp": "2026-01-01T12:00:00.000Z", "number": number}
            number += 1
    tracker.documents.open_documents = opened
    queries.tail_events = events
"""


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_stream_ends_silently_when_its_reader_has_gone(client: dict[str, Any], options: tuple[str, ...]) -> None:
    command = [*driver(TAIL), "event", "tail", "example.com", *options]
    environment = process_environment({"TRACKER_MONGODB_URL": "mongodb://127.0.0.1:1"})
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(3)]
        process.stdout.close()
        error = process.stderr.read()
        assert process.wait(timeout=60) == 0

    assert "Traceback" not in error
    assert "rror" not in error
    if options:
        assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]
    else:
        assert lines[0] == "12:00:00  page_view\n"


@pytest.mark.parametrize("command", [("client", "list"), ("--help",)])
def test_a_reader_that_has_gone_before_the_output_is_no_error(client: dict[str, Any], command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "cli.main", *command],
        env=process_environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert (process.returncode, process.stderr) == (0, "")


def test_output_in_a_locale_without_unicode_is_still_printed(site: Path, run: Run, spawn: Spawn) -> None:
    run("client", "create", "--domain", "example.com", "--name", "Bücher")
    environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    ran = spawn("--json", "client", "list", env=environment)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)[0]["name"] == "Bücher"


# ------------------------------------------------------------------------------------------------------ at a terminal


class Terminal:
    """A process at a pseudo-terminal, and somebody who reads and types; ``stdout`` may go elsewhere."""

    def __init__(self, *args: str, stdout: IO[str] | None = None, **env: Any) -> None:
        self._main, terminal = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *args],
            env=process_environment({"TERM": "xterm", **env}),
            stdin=terminal,
            stdout=stdout or terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self.text = ""

    def read_until(self, words: str) -> None:
        """Wait for a text; at the end of the output, or after a minute, it fails."""
        while words not in self.text:
            ready, _, _ = select.select([self._main], [], [], 60)
            assert ready, f"{words!r} did not come: {self.text!r}"
            assert self._read(), f"{words!r} did not come: {self.text!r}"

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def signal(self, number: int) -> None:
        """Send the process a signal, as the terminal does for Ctrl-C."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Read the rest; gives the exit code."""
        while self._read():
            pass
        os.close(self._main)
        return self._process.wait(timeout=60)

    def _read(self) -> bool:
        try:
            data = os.read(self._main, 65_536)
        except OSError:  # how Linux says that the other side is closed
            return False
        self.text += data.decode()
        return bool(data)


def test_a_question_at_the_terminal_names_what_goes_and_no_changes_nothing(form: dict[str, Any], run: Run) -> None:
    terminal = Terminal("client", "delete", "example.com")
    terminal.read_until("Go on? [y/N]")
    terminal.type("n\n")

    assert terminal.end() == 1
    assert "1 key and 1 form with their fields and mappings" in terminal.text
    assert "error: stopped; nothing was changed" in terminal.text
    assert len(run("--json", "client", "list").json) == 1


def test_yes_at_the_terminal_deletes(form: dict[str, Any], run: Run) -> None:
    terminal = Terminal("client", "delete", "example.com")
    terminal.read_until("Go on? [y/N]")
    terminal.type("y\n")

    assert terminal.end() == 0
    assert run("--json", "client", "list").json == []


@pytest.mark.parametrize(
    ("args", "env", "coloured"),
    [
        (("client", "list"), {}, True),
        (("--no-color", "client", "list"), {}, False),
        (("--help",), {}, True),
        (("--help",), {"NO_COLOR": "1"}, False),
        (("--no-color", "--help"), {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    client: dict[str, Any], args: tuple[str, ...], env: dict[str, str], coloured: bool
) -> None:
    terminal = Terminal(*args, **env)

    assert terminal.end() == 0
    assert ("\x1b[" in terminal.text) is coloured


def test_no_colour_codes_go_into_a_pipe(form: dict[str, Any], spawn: Spawn) -> None:
    for command in (("client", "show", "example.com"), ("--help",)):
        assert "\x1b" not in spawn(*command, env={"TERM": "xterm-256color"}).stdout
