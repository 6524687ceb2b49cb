"""Help pages and the documents that are made of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import docs
from cli.main import NOUNS, load
from tests.cli.conftest import ROOT, Run, process_environment

COMMANDS = [(name, *verb) for name in NOUNS for verb in [(one,) for one in getattr(load(name), "commands", ())] or [()]]


def test_the_root_groups_commands_by_what_the_operator_wants(run: Run) -> None:
    out = run("--help").out
    panels = ["Set up", "Run", "Configure sites", "See what comes in", "Look after it"]

    assert [line for line in out.splitlines() if line in panels] == panels
    assert all(f"\n  {name} " in out for name in NOUNS)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_each_of_its_options(run: Run, command: tuple[str, ...]) -> None:
    out = run(*command, "--help").out
    usage, text, *_ = out.split("\n\n")

    assert usage.startswith(f"Usage: trackerctl {' '.join(command)} [OPTIONS]")
    assert text.endswith(".")
    assert "--json" in out
    assert out == run(*command, "-h").out
    options = load(command[0]).commands[command[1]].params if len(command) > 1 else load(command[0]).params
    assert all(option.help for option in options)


def test_help_fits_eighty_columns(run: Run) -> None:
    for command in [(), *COMMANDS]:
        assert max(len(line) for line in run(*command, "--help").out.splitlines()) <= 80


@pytest.mark.parametrize("path", list(docs.documents()))
def test_generated_documents_are_current(path: str) -> None:
    current = (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""
    assert current == docs.documents()[path], "run `python -m cli.docs`"


def test_documents_are_written_below_the_folder_that_is_given(tmp_path: Path) -> None:
    docs.main(tmp_path)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(docs.documents())


def test_the_version_is_printed_in_both_forms(run: Run) -> None:
    from tracker import __version__

    assert run("--version").out == f"trackerctl {__version__}\n"
    assert run("--json", "--version").json == {"version": __version__}
    assert run("--version", "--json").json == {"version": __version__}


HEAVY = (
    "litestar",
    "beanie",
    "sqlalchemy",
    "sqlmodel",
    "pymongo",
    "redis",
    "arq",
    "pydantic",
    "rich",
    "httpx",
    "granian",
)


def test_the_help_loads_no_library_that_it_does_not_need() -> None:
    assert loaded_by("--help") == []


def test_a_command_on_the_config_store_loads_no_service_and_no_other_store(client: object) -> None:
    assert not {"litestar", "granian", "beanie", "pymongo", "arq"} & set(loaded_by("client", "list"))


def loaded_by(*args: str) -> list[str]:
    """Which of the heavy libraries a command line imports."""
    code = (
        "import sys\nfrom cli.main import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(','.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *args], env=process_environment(), capture_output=True, text=True, check=True
    )
    return ran.stderr.split(",") if ran.stderr else []


def test_completion_knows_nouns_and_verbs(spawn: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    environment = {"_TRACKERCTL_COMPLETE": "complete_bash", "COMP_WORDS": "trackerctl cl", "COMP_CWORD": "1"}
    assert spawn(env=environment).stdout.split() == ["client"]
    verbs = {"_TRACKERCTL_COMPLETE": "complete_bash", "COMP_WORDS": "trackerctl client dis", "COMP_CWORD": "2"}
    assert spawn(env=verbs).stdout.split() == ["disable"]
