"""``make faults``: every fault at full size, and the table in docs/reliability.md written from what was found.

``python -m tests.faults.table --events 30000 --away 60`` runs the tests of ``test_faults.py`` one after the other with
that much load and outages of so many seconds, on the settings that ship. The table is written when all faults were
run; ``--only NAME`` runs one and prints its row.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.catalogue import FAULTS
from tests.fixtures.processes import ROOT

PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- written by make faults -->", "<!-- end of what make faults writes -->"
HEADER = ("fault", "what an operator sees while it lasts", "acknowledged", "goes on after", "lost", "doubled")


def run(events: int, away: float, only: str | None) -> tuple[int, list[dict[str, Any]]]:
    """Run the tests; returns pytest's exit code and the rows of the faults that came to their end."""
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        sizes = {"FAULTS_EVENTS": str(events), "FAULTS_AWAY_SECONDS": f"{away:g}", "FAULTS_REPORT": folder}
        chosen = ["-k", f"when[{only}]"] if only else []
        command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:randomly", "tests/faults/test_faults.py"]
        done = subprocess.run([*command, *chosen], cwd=ROOT, env=os.environ | sizes, check=False)
        found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in Path(folder).glob("*.json")}
    return done.returncode, [found[fault.name] for fault in FAULTS if fault.name in found]


def table(rows: list[dict[str, Any]], events: int, away: float) -> str:
    """The rows as Markdown, with a sentence about the run."""
    stores = ", ".join(f"{name} {version}" for name, version in rows[0]["stores"].items())
    lines = [
        f"Written by `make faults` on {datetime.now(UTC):%Y-%m-%d}: {events:,} events a fault, outages of {away:g} s,",
        f"one API process, one worker (where workers are killed, two); {stores}.",
        "",
        f"| {' | '.join(HEADER)} |",
        f"|{' --- |' * len(HEADER)}",
        *map(_line, rows),
    ]
    return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    again = f"; {row['repeated']:,} came twice" if row["repeated"] else ""
    doubled = row["twice"] + row["sessions_off"]
    lost = f"{row['lost']:,}" + (f" and {row['lost_leads']:,} leads" if row["lost_leads"] else "")
    if row["dead_letters"] or row["unaccounted"]:
        lost += f" ({row['dead_letters']:,} dead letters, {row['unaccounted']:,} unaccounted)"
    cells = (row["title"], "<br>".join(row["sees"]), f"{row['acknowledged']:,}{again}")
    return f"| {' | '.join(cells)} | {row['backSeconds']} s | {lost} | {doubled:,} |"


def rewrite(page: str, text: str) -> str:
    """The page with ``text`` between its two markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} lacks the lines {BEGIN} and {END}: put them where the table belongs")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> int:
    """Run, and write or print."""
    parser = argparse.ArgumentParser(prog="make faults", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--events", type=int, default=30_000, help="events sent for each fault")
    parser.add_argument("--away", type=float, default=60, help="seconds of an outage")
    parser.add_argument("--only", metavar="NAME", choices=[fault.name for fault in FAULTS], help="just this fault")
    options = parser.parse_args()
    code, rows = run(options.events, options.away, options.only)
    if len(rows) == len(FAULTS):
        text = table(rows, options.events, options.away)
        PAGE.write_text(rewrite(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} faults")
    else:
        for row in rows:
            print(_line(row))
        print(f"{len(rows)} of {len(FAULTS)} faults: {PAGE.relative_to(ROOT)} is as it was", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
