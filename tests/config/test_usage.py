"""When a key was last used is known without a write per request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from tests.fixtures.world import Site
from tracker.config.usage import KeyUsage, record_use


def last_used(site: Site) -> dict[str, datetime | None]:
    return {key.key_id: key.last_used_at for key in site.service.list_keys(site.client_id)}


async def test_notes_the_keys_that_were_used_and_no_others(world_engine: Engine, site: Site) -> None:
    used, *others = last_used(site)
    usage = KeyUsage(world_engine)
    await usage.start()
    before = datetime.now(UTC) - timedelta(seconds=1)
    for _ in range(100):
        usage.note(used)
    await usage.close()
    after = last_used(site)
    moment = after[used]
    assert moment is not None and before <= moment <= datetime.now(UTC) + timedelta(seconds=1)
    assert [after[other] for other in others] == [None] * len(others)


def test_a_late_process_moves_no_time_back(world_engine: Engine, site: Site) -> None:
    key_id = next(iter(last_used(site)))
    late, early = datetime(2026, 5, 2, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    record_use(world_engine, {key_id: late})
    record_use(world_engine, {key_id: early})
    assert last_used(site)[key_id] == late
