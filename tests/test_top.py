"""The numbers of ``trackerctl top``."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.world import make_settings
from tracker.accounts import Totals
from tracker.pipeline.outcome import Outcome
from tracker.settings import Settings
from tracker.stores.documents import Documents, connect
from tracker.top import Snapshot, latest_leads, rates, take

count = st.integers(0, 10**9)


def snapshot(at: float, accepted: int, **outcomes: int) -> Snapshot:
    ends = {one.value: 0 for one in Outcome} | outcomes
    return Snapshot(at, [], Totals(accepted, ends, 0, 0), {}, 0.0, None, None, None)


@given(count, count, st.floats(0.01, 1000))
def test_rates_are_never_negative_and_add_up(one: int, other: int, seconds: float) -> None:
    found = rates(snapshot(10, one, stored=one), snapshot(10 + seconds, other, stored=other))
    assert found is not None
    assert found.accepted == found.stored >= 0
    # To a tenth, and floats near 10 that are apart by hundredths.
    assert abs(found.accepted - max(0, other - one) / seconds) <= 0.06 + max(0, other - one) / seconds * 1e-9


def test_there_is_no_rate_without_a_snapshot_before() -> None:
    assert rates(None, snapshot(1, 5)) is None
    assert rates(snapshot(1, 5), snapshot(1, 6)) is None


async def test_the_newest_leads_come_with_shortened_addresses(documents: Documents) -> None:
    leads = documents.database["leads"]
    marks = [f"top-{number}" for number in range(3)]
    rows: list[dict[str, Any]] = [
        {
            "leadId": mark, "clientId": mark, "email": f"person-{number}@mail.example" if number else None,
            "status": "partial", "quality": "low", "phone": "+1 555 0100", "createdAt": None,
        }
        for number, mark in enumerate(marks)
    ]  # fmt: skip
    await leads.insert_many(rows)
    try:
        found = [lead for lead in await latest_leads(documents.database, 50) if lead["leadId"] in marks]
        assert [(lead["leadId"], lead["email"]) for lead in found] == [
            ("top-2", "p…@mail.example"),
            ("top-1", "p…@mail.example"),
            ("top-0", None),
        ]
        assert "555" not in repr(found)
    finally:
        await leads.delete_many({"leadId": {"$in": marks}})


async def test_what_is_away_is_none_and_the_rest_is_shown(redis_url: str) -> None:
    settings: Settings = make_settings(
        redis_url=redis_url,
        config_db_url="mysql+pymysql://u:p@127.0.0.1:1/x",
        mongodb_url="mongodb://127.0.0.1:1/",
        mongodb_timeout_seconds=0.2,
    )
    async with connect(settings) as client:
        seen = await take(settings, client["x"])
    assert seen.leads is None
    assert seen.queues is not None and seen.events is not None and seen.workers is not None
    assert {store.name: store.ok for store in seen.stores} == {"config": False, "mongodb": False, "redis": True}
