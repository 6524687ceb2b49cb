"""The matrix's figures in one line at the end of a run: recall of leads and leaks, over all shapes that ran.

Reports carry them, so that they come together from all workers of a parallel run. A plugin of the whole suite, since
the hook of a folder's own conftest is not called where the run begins above that folder.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.browser.matrix.problem import Outcome

PROPERTY = "matrix"
MODES = ("matrix", "matrix, everything captured")


def record(request: pytest.FixtureRequest, outcomes: list[Outcome]) -> None:
    """:param outcomes: by default, and with all captured."""
    for mode, outcome in zip(MODES, outcomes, strict=True):
        figures = [outcome.leads, outcome.recalled, outcome.secrets, len(outcome.leaks)]
        request.node.user_properties.append((PROPERTY, [mode, *figures]))


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Last of all, so that whoever shows only the end of a run shows the figures too."""
    totals: dict[str, Counter[str]] = {}
    for report in [*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])]:
        for name, figures in getattr(report, "user_properties", []):
            if name == PROPERTY and report.when == "call":
                mode, leads, recalled, secrets, leaked = figures
                totals.setdefault(mode, Counter()).update(
                    shapes=1, leads=leads, recalled=recalled, secrets=secrets, leaked=leaked
                )
    for mode, total in sorted(totals.items()):
        terminalreporter.write_line(
            f"{mode}: {total['shapes']} shapes, lead recall {total['recalled']}/{total['leads']}, "
            f"leaks {total['leaked']}/{total['secrets']}"
        )
