"""All areas together: stores that are away or hang are findings, each within its time."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from tests.fixtures.processes import free_port
from tests.fixtures.world import make_settings
from tracker.doctor.report import Report, error, good, report_of, warning
from tracker.doctor.service import SECONDS, examine


@pytest.fixture
def silence() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


def away(port: int) -> dict[str, str]:
    return {
        "config_db_url": f"mysql+pymysql://user:hunter2-hunter2@127.0.0.1:{port}/x",
        "mongodb_url": f"mongodb://user:hunter2-hunter2@127.0.0.1:{port}/",
        "redis_url": f"redis://:hunter2-hunter2@127.0.0.1:{port}/0",
        "public_url": f"http://127.0.0.1:{port}",
    }


def errors(report: Report) -> set[str]:
    return {one.area for one in report.findings if one.severity == "error"}


async def test_stores_that_are_away_are_findings_without_credentials() -> None:
    report = await examine(make_settings(**away(free_port())))
    assert not report.ok
    assert errors(report) >= {"config", "mongodb", "redis", "public"}
    assert "hunter2" not in repr(report)
    assert all(one.fix for one in report.findings if one.severity != "ok")


async def test_stores_that_hang_cost_no_more_than_their_time(silence: int) -> None:
    began = time.monotonic()
    report = await examine(make_settings(**away(silence)))
    # The clients' area asks the database twice; a hang of each is bounded, and all areas wait side by side.
    assert time.monotonic() - began < 5 * SECONDS
    assert errors(report) >= {"config", "mongodb", "redis", "public"}


async def test_a_url_of_no_known_kind_is_a_finding() -> None:
    report = await examine(make_settings(config_db_url="postgresql://x/y", public_url="https://tracker.invalid"))
    assert "config" in errors(report)


def test_the_worst_comes_first_within_an_area() -> None:
    report = report_of(
        [[good("redis", "a"), warning("redis", "b", "", "x"), error("redis", "c", "", "x")], [good("public", "d")]]
    )
    assert [one.title for one in report.findings] == ["c", "b", "a", "d"]
    assert (report.ok, report.errors, report.warnings) == (False, 1, 1)
    assert report_of([[warning("redis", "b", "", "x")]]).ok
