"""What the processes get from outside and leave for others on the machine."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cli.main import NOUNS, load
from tests.cli.conftest import process_environment
from tracker.stores.embedded import FolderLock

ROOT = Path(__file__).parents[2]
COMMANDS = [(name, verb) for name in NOUNS for verb in getattr(load(name), "commands", ())]
SECRET = re.compile(r"password|secret|token|credential|private_key")
SHIPPED = ("Dockerfile", "compose.yaml", "Makefile", "deploy", "tracker", "cli")


def shipped_texts() -> list[tuple[str, str]]:
    paths = [
        path for name in SHIPPED for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
    ]
    return [
        (str(path), path.read_text("utf-8", "replace")) for path in paths if path.is_file() and path.suffix != ".pyc"
    ]


def test_nothing_fixes_the_seed_of_hashes() -> None:
    # With a known seed a sender could choose names of fields whose hashes collide, and one event would take minutes.
    assert [path for path, text in shipped_texts() if "PYTHONHASHSEED" in text] == []
    program = "print(hash('canary'))"
    seeds = {subprocess.check_output([sys.executable, "-c", program], env=process_environment()) for _ in range(3)}
    assert len(seeds) > 1


def test_no_option_of_the_command_line_takes_a_secret() -> None:
    """Everybody on a machine can read the command lines of all processes."""
    options = [option for command in COMMANDS for option in load(command[0]).commands[command[1]].params]
    secret = [option for option in options if SECRET.search(option.name or "")]
    assert secret
    # They read a file, or standard input.
    taken = ("-", "FILE", "FILE|-", "NAME=VARIABLE")
    assert [option.name for option in secret if option.metavar not in taken] == []


def test_the_data_of_the_embedded_stores_are_for_their_owner_alone(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data")
    lock.acquire()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_process_shows_no_setting_in_its_command_line(name: str) -> None:
    # They are read from the environment and .env only.
    help_page = subprocess.check_output(
        [sys.executable, "-m", "cli.main", name, "--help"], env=process_environment(), text=True
    )
    assert not re.search(r"--[a-z-]*(url|key|secret|password)", help_page)
