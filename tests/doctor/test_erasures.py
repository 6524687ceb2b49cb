"""An erasure that nobody finishes is told, with what it waits for and never with whom it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.doctor.test_clients import settings_of
from tests.fixtures.system import System
from tracker.doctor.erasures import check_erasures

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("status", "age"), [("open", timedelta(hours=23)), ("done", timedelta(days=40))], ids=["young", "done"]
)
async def test_one_that_is_young_or_done_is_good(system: System, status: str, age: timedelta) -> None:
    system.database["erasures"].insert_one({"_id": "e-1", "status": status, "askedAt": NOW - age})
    assert [finding.severity for finding in await check_erasures(settings_of(system))] == ["ok"]


async def test_the_oldest_of_those_that_are_late_is_named(system: System) -> None:
    for days in (3, 40, 2):
        row = {"_id": f"e-{days}", "status": "open", "askedAt": NOW - timedelta(days=days), "waitingFor": "HubSpot"}
        system.database["erasures"].insert_one({**row, "sealed": "whom it is about"})
    [finding] = await check_erasures(settings_of(system))
    assert finding.severity == "error"
    assert finding.title == "erasures that are open for more than a day: 3"
    assert finding.detail.endswith("it waits for HubSpot")
    assert "e-40" in finding.fix
    assert "whom" not in repr(finding)
