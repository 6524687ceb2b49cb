"""What the shell offers for a client."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.completion import complete_client
from cli.context import Context
from tests.cli.conftest import Run, process_environment
from tests.cli.test_help import HEAVY

Spawn = Callable[..., subprocess.CompletedProcess[str]]


def completing(words: str) -> dict[str, str]:
    """The environment in which bash asks about the last of ``words``."""
    return {"_TRACKERCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}


@pytest.mark.parametrize(
    "words",
    [
        "client show ex",
        "embed ex",
        "lead list --client ex",
        "lead export -c ex",
        "form discover ex",
        "session list -c ex",
    ],
)
def test_the_shell_is_offered_domains(client: dict[str, Any], run: Run, spawn: Spawn, words: str) -> None:
    run("client", "create", "--domain", "shop.example")
    ran = spawn(env=completing(f"trackerctl {words}"))
    assert (ran.stdout.split(), ran.stderr) == (["example.com"], "")


def test_ids_are_offered_once_one_was_begun(client: dict[str, Any], spawn: Spawn) -> None:
    ran = spawn(env=completing(f"trackerctl client show {client['clientId'][:9]}"))
    assert ran.stdout.split() == [client["clientId"]]


def test_offers_tell_clients_apart(client: dict[str, Any], run: Run) -> None:
    run("client", "create", "--domain", "example.org", "--name", "Other")
    assert complete_client("EXAMPLE.") == [("example.com", "Example"), ("example.org", "Other")]
    assert complete_client("") == [("example.com", "Example"), ("example.org", "Other")]
    assert (client["clientId"], "example.com") in complete_client(client["clientId"][:8])


@pytest.mark.parametrize("text", ["%", "_xample", "\\", "'; drop table clients; --"])
def test_what_was_typed_is_no_pattern(client: dict[str, Any], text: str) -> None:
    assert complete_client(text) == []
    assert complete_client("example") != []


def test_many_clients_are_cut_short(site: object) -> None:
    context = Context()
    for number in range(60):
        context.service.create_client(f"site{number}.example")
    context.close()
    assert len(complete_client("site")) == 50


def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"sqlite:///{tmp_path}/absent/config.db")
    assert complete_client("ex") == []
    assert not (tmp_path / "absent").exists()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql+pymysql://root:hunter2@127.0.0.1:1/tracker", "postgresql://h/x", "sqlite://"]
)
def test_errors_offer_nothing_and_say_nothing(url: str, monkeypatch: pytest.MonkeyPatch, spawn: Spawn) -> None:
    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", url)
    ran = spawn(env=completing("trackerctl client show ex"))
    assert (ran.stdout.strip(), ran.stderr) == ("", "")


def test_a_server_that_does_not_answer_is_given_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setenv("TRACKER_CONFIG_DB_URL", f"mysql+pymysql://u:p@127.0.0.1:{port}/tracker")
        begun = time.monotonic()
        assert complete_client("ex") == []
        assert time.monotonic() - begun < 5


def test_completing_imports_no_store_but_the_one_it_asks(client: dict[str, Any]) -> None:
    code = (
        "import sys\nfrom cli.completion import complete_client\n"
        f"assert complete_client('ex')\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=process_environment(), capture_output=True, text=True, check=True
    )
    assert set(ran.stdout.split()) <= {"sqlalchemy", "pydantic"}


def test_clients_of_a_mariadb_are_offered(mariadb_url: str, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    from tests.cli.conftest import SECRET

    monkeypatch.setenv("TRACKER_CONFIG_DB_URL", mariadb_url)
    monkeypatch.setenv("TRACKER_SECRET_KEYS", SECRET)
    run("db", "upgrade")
    run("client", "create", "--domain", "example.com", "--name", "Example")
    assert complete_client("exa") == [("example.com", "Example")]
