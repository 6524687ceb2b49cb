"""A command pays for what it needs: what is imported, and how long the first page takes."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import process_environment
from tests.cli.test_help import HEAVY, loaded_by

HELP_CPU_SECONDS = 0.4

CONFIG_ONLY = (
    "client list", "client show example.com", "key list example.com", "form list example.com", "webhook list",
    "crm list", "audit list", "--quiet embed example.com",
)  # fmt: skip
DOCUMENTS_ONLY = (
    "lead list", "lead export", "event list", "session list", "analytics list",
    "lead list --client example.com", "analytics summary example.com", "analytics funnel example.com",
)  # fmt: skip
SERVING = {"litestar", "granian", "arq", "httpx"}


def test_help_comes_at_once() -> None:
    """CPU time and not the clock's: other tests run meanwhile. The best of a few, for the first one fills caches."""

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    spent: list[float] = []
    for _ in range(3):
        before = cpu()
        command = [sys.executable, "-m", "cli.main", "--help"]
        subprocess.run(command, env=process_environment(), stdout=subprocess.DEVNULL, check=True)
        spent.append(cpu() - before)
    assert min(spent) < HELP_CPU_SECONDS


def test_no_noun_imports_a_library_before_it_is_called() -> None:
    code = (
        "import sys\nfrom cli.main import NOUNS, load\n"
        f"for name in NOUNS:\n    load(name)\n    found = [one for one in {HEAVY!r} if one in sys.modules]\n"
        "    assert not found, (name, found)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=process_environment(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", CONFIG_ONLY)
def test_what_is_configured_is_read_without_any_other_store(client: object, command: str) -> None:
    loaded = set(loaded_by(*command.split()))
    assert "sqlalchemy" in loaded
    assert not loaded & (SERVING | {"beanie", "pymongo", "redis"})


@pytest.mark.parametrize("command", DOCUMENTS_ONLY)
def test_documents_are_read_without_the_service_and_the_queue(documents: Any, command: str) -> None:
    loaded = set(loaded_by(*command.split()))
    assert "pymongo" in loaded
    assert not loaded & (SERVING | {"redis"})
