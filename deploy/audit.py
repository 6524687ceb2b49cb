"""Asks the OSV database whether a pinned dependency has a known hole: ``python deploy/audit.py``.

Exit codes: 0 nothing is known, or the database cannot be reached, which is said; 1 something is known. What was looked
at and does not concern this project stands in :data:`ACCEPTED` with its reason, and comes back on its date. A mirror
of the database is named by ``TRACKER_AUDIT_URL``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# Advisory → why it does not concern this project, and until when that holds.
ACCEPTED: dict[str, tuple[str, date]] = {}
_SECONDS = 120


def main() -> int:
    """Run pip-audit over the lock."""
    ignored = [f"--ignore-vuln={name}" for name, (_, until) in ACCEPTED.items() if until > datetime.now(UTC).date()]
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", "osv", "--format", "json", "--disable-pip"]
    command += ["--no-deps", "--progress-spinner", "off", "--requirement", str(ROOT / "requirements.lock"), *ignored]
    if url := os.environ.get("TRACKER_AUDIT_URL"):
        command += ["--osv-url", url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        sys.stderr.write("dependencies: not audited, the database of advisories does not answer\n")
        return 0
    holes = [(one, hole) for one in found for hole in one.get("vulns", ())]
    for one, hole in holes:
        mended = ", ".join(hole.get("fix_versions") or ()) or "no version yet"
        sys.stderr.write(f"{one['name']} {one['version']}: {hole['id']}, mended in {mended}\n")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main())
