"""The adapter that only tells."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from tracker.crm.base import Record
from tracker.crm.log import Log


async def test_tells_names_of_fields_and_no_value() -> None:
    adapter = Log.open(*Log.split({"entity": "Person"}))
    record = Record("lead-1", adapter.default_entity, {"Email": "ada@example.com", "Name": "Ada"}, "ada@example.com")
    before = structlog.get_config()
    structlog.reset_defaults()  # another test may have raised the level
    try:
        with capture_logs() as lines:
            first = (await adapter.upsert([record]))[0]
            second = (await adapter.upsert([record]))[0]
            await adapter.delete("Person", [str(first.crm_id)])
    finally:
        structlog.configure(**before)
    assert first.crm_id == second.crm_id
    assert len(lines) == 3
    assert lines[0]["fields"] == ["Email", "Name"]
    assert lines[0]["entity"] == "Person"
    assert "ada" not in repr(lines).lower()
