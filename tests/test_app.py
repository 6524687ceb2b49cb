"""The service loads what it serves with, and nothing that only workers use."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.conftest import process_environment

# Half a second at each start, and 15 MiB in each process.
OF_WORKERS = ("simple_salesforce", "zeep", "tracker.crm.registry", "tracker.privacy.erase.runner")


def test_no_adapter_and_no_erasure_is_loaded() -> None:
    program = f"import sys, tracker.app\nprint(*[name for name in {OF_WORKERS!r} if name in sys.modules])"
    loaded = subprocess.check_output([sys.executable, "-c", program], env=process_environment(), text=True)
    assert loaded.split() == []
