"""What is there can be described, read and deleted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tracker.crm.base import (
    CrmAdapter,
    Record,
    Result,
)
from tracker.crm.testing.given import FarSide, Given, run


class Reading(Given):
    """The other methods, as far as the adapter's capabilities go."""

    def test_describes_the_fields_that_it_is_given(self, adapter: CrmAdapter, records: list[Record]) -> None:
        if not adapter.capabilities.describes:
            pytest.skip("the adapter does not describe entities")
        entity = run(adapter, lambda: adapter.describe(records[0].entity))
        known = {field.name.casefold() for field in entity.fields if field.creatable}
        missing = {name for record in records for name in record.whole if name.casefold() not in known}
        assert not missing, f"describe() must list what upsert() takes; not {sorted(missing)}"

    def test_reads_what_is_there_and_nothing_else(self, adapter: CrmAdapter, records: list[Record]) -> None:
        if not adapter.capabilities.reads:
            pytest.skip("the adapter does not read")

        async def read() -> tuple[list[Any], list[Result], list[Any]]:
            before = await adapter.fetch(records)
            made = await adapter.upsert(records[:1])
            known = msgspec.structs.replace(records[0], crm_id=made[0].crm_id)
            return before, made, await adapter.fetch([records[1], known, records[0]])

        before, made, after = run(adapter, read)
        assert before == [None] * len(records), "nothing is there yet"
        assert after[0] is None, "the second one is not there"
        for found in after[1:]:
            assert found is not None, "found by its id and by its key alike"
            assert found.crm_id == made[0].crm_id, "the same record"
            assert found.fields.keys() >= records[0].whole.keys(), "with the fields that were asked for"

    def test_deletes_and_does_not_mind_what_is_gone(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        if not adapter.capabilities.deletes:
            pytest.skip("the adapter does not delete")
        entity = records[0].entity

        async def delete_twice() -> tuple[list[str], list[list[Result]]]:
            ids = [str(result.crm_id) for result in await adapter.upsert(records)]
            return ids, [await adapter.delete(entity, ids[:2]), await adapter.delete(entity, ids[:2])]

        ids, rounds = run(adapter, delete_twice)
        for results in rounds:
            assert [result.crm_id for result in results] == ids[:2], "one result for each id, in their order"
            assert [result.error for result in results] == [None, None], "what is gone is no failure"
        if far_side is not None:
            assert far_side.count(entity) == len(records) - 2, "two of them are gone"

    def test_makes_a_record_anew_that_is_gone(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        if not adapter.capabilities.deletes:
            pytest.skip("the adapter does not delete")
        record = records[0]

        async def delete_and_change() -> Result:
            first = (await adapter.upsert([record]))[0]
            await adapter.delete(record.entity, [str(first.crm_id)])
            name = next(iter(record.fields))
            part = {name: record.fields[name]}
            return (
                await adapter.upsert(
                    [msgspec.structs.replace(record, fields=part, complete=record.whole, crm_id=first.crm_id)]
                )
            )[0]

        result = run(adapter, delete_and_change)
        assert result.error is None, "a record that is gone from the CRM is made anew, of all its values"
        if far_side is not None:
            assert far_side.count(record.entity) == 1, "one record in the CRM"
