"""``make bench-sdk``: what the built SDK costs a page in a real Chromium; medians of several visits.

Every visit with the SDK has one without it beside it. Exits with 1 when a median is over its budget, so that it can be
asked before a release; it is no test, as the machine may be busy with anything.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from dataclasses import dataclass

from playwright.async_api import async_playwright

from bench.sdk import pages
from bench.sdk.measure import Figures, prepare, visit
from tests.browser.sdk_host import SdkHost
from tests.fixtures.browser import FLAGS, find_chromium

Visits = dict[tuple[str, bool], list[Figures]]


@dataclass(frozen=True)
class Row:
    """A line of the table: a figure of `visit`, and how much of it the SDK may be."""

    what: str
    path: str
    figure: str
    budget: float | None = None


ROWS = [
    Row("loading a page with a contact form, all script", pages.SMALL, "script", 10),
    Row("loading a page with 1,000 inputs, all script", pages.LARGE, "script", 10),
    Row("the first key in a form of 1,000 inputs", pages.LARGE, "first_key", 1),
    Row("each further key", pages.LARGE, "key", 1),
    Row("leaving a field of 1,000", pages.LARGE, "blur", 50),
    Row("submitting a contact form", pages.SMALL, "submit_full", 5),
    Row("submitting 1,000 inputs, one filled", pages.LARGE, "submit", 5),
    Row("submitting 1,000 inputs, all filled", pages.LARGE, "submit_full", 5),
    Row("the longest call of the SDK", pages.LARGE, "longest", 50),
    Row("tasks over 50 ms (a number)", pages.LARGE, "long_tasks"),
]


async def measure(runs: int) -> Visits:
    """All visits, with and without in turn; the first of each kind only warms the machine up."""
    visits: Visits = {}
    host = SdkHost()
    prepare(host)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for run in range(runs + 1):
            for path in (pages.SMALL, pages.LARGE):
                for tracked in (False, True):
                    figures = await visit(browser, host, path, tracked)
                    if run:
                        visits.setdefault((path, tracked), []).append(figures)
        await browser.close()
    host.close()
    return visits


def table(visits: Visits) -> tuple[list[str], list[str]]:
    """The lines of the table, and what is over its budget."""
    lines = ["| ms of CPU | without | with | the SDK's part | budget |", "| --- | --- | --- | --- | --- |"]
    over = []
    for row in ROWS:
        without, tracked = (_median(visits[row.path, kind], row.figure) for kind in (False, True))
        part = tracked - without
        lines.append(f"| {row.what} | {without:.2f} | {tracked:.2f} | {part:.2f} | {row.budget or ''} |")
        if row.budget and part > row.budget:
            over.append(f"{row.what}: {part:.2f} ms, budget {row.budget} ms")
    return lines, over


def _median(figures: list[Figures], name: str) -> float:
    return statistics.median(figure[name] for figure in figures)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-sdk", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="visits of each kind (default: 7)")
    runs = parser.parse_args().runs
    if find_chromium() is None:
        print("no Chromium on PATH: install the package chromium", file=sys.stderr)
        return 2
    lines, over = table(asyncio.run(measure(runs)))
    print("\n".join(lines))
    for line in over:
        print(f"over budget: {line}", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
