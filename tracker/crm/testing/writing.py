"""Records get there, once, as they are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tracker.crm.base import (
    CrmAdapter,
    Record,
    Result,
    RetryLaterError,
)
from tracker.crm.testing.given import UNICODE, FarSide, Given, check_shape, needed, run


class Writing(Given):
    """What `CrmAdapter.upsert` does when all goes well, or an answer is lost."""

    def test_is_an_adapter(self, adapter: CrmAdapter) -> None:
        assert isinstance(adapter, CrmAdapter), "a method or property of CrmAdapter is missing"
        assert adapter.kind == adapter.kind.lower().strip() != "", "kind must be one lower-case word"
        assert adapter.title, "title is what people read"
        assert adapter.capabilities.max_batch > 0, "max_batch must be positive"
        assert adapter.default_entity, "default_entity must name one"

    def test_lets_us_in_and_says_where_we_are(self, adapter: CrmAdapter) -> None:
        found = run(adapter, adapter.check)
        assert found.account, "check() must name the account"

    def test_creates_records_and_gives_their_ids_in_order(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        results = run(adapter, lambda: adapter.upsert(records))
        check_shape(results, records)
        ids = [result.crm_id for result in results]
        assert [result.outcome for result in results] == ["created"] * len(records), "all of them are new"
        assert len(set(ids)) == len(records), "records that differ must have ids that differ"
        if far_side is not None:
            assert far_side.count(records[0].entity) == len(records), "one record in the CRM for each"

    def test_takes_records_in_another_order_and_answers_in_that(
        self, adapter: CrmAdapter, records: list[Record]
    ) -> None:
        async def twice() -> tuple[list[Result], list[Result]]:
            first = await adapter.upsert(records)
            return first, await adapter.upsert(list(reversed(records)))

        first, second = run(adapter, twice)
        check_shape(second, list(reversed(records)))
        by_lead = {result.lead_id: result.crm_id for result in first}
        told = {result.lead_id: result.crm_id for result in second}
        assert told == by_lead, "a lead that comes again has the same id"

    def test_does_nothing_when_there_is_nothing_to_do(self, adapter: CrmAdapter, records: list[Record]) -> None:
        async def nothing() -> tuple[list[Any], ...]:
            entity = records[0].entity
            return await adapter.upsert([]), await adapter.fetch([]), await adapter.delete(entity, [])

        if not adapter.capabilities.deletes:
            assert run(adapter, lambda: adapter.upsert([])) == [], "no records, no results"
            return
        assert run(adapter, nothing) == ([], [], []), "no records, no results"

    def test_makes_one_record_of_one_that_comes_twice(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        async def twice() -> tuple[list[Result], list[Result]]:
            return await adapter.upsert(records[:1]), await adapter.upsert(records[:1])

        first, second = run(adapter, twice)
        assert first[0].crm_id == second[0].crm_id, "the second call must find what the first one made"
        if far_side is not None:
            assert far_side.count(records[0].entity) == 1, "one record in the CRM"

    def test_changes_the_record_whose_id_is_known(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        record, name = records[0], self.text_field or next(iter(records[0].fields))

        async def change() -> tuple[Result, Result]:
            first = (await adapter.upsert([record]))[0]
            value = "another value" if self.text_field else record.fields[name]
            whole = {**record.whole, name: value}
            changed = msgspec.structs.replace(record, fields={name: value}, complete=whole, crm_id=first.crm_id)
            return first, (await adapter.upsert([changed]))[0]

        first, second = run(adapter, change)
        assert second.outcome in ("updated", "unchanged"), "it is there already"
        assert second.crm_id == first.crm_id, "a change makes no other record of it"
        if far_side is not None and self.text_field:
            assert far_side.count(record.entity) == 1, "one record in the CRM"
            assert far_side.value(record.entity, str(first.crm_id), name) == "another value", "the change arrived"

    def test_makes_one_record_when_the_answer_was_lost(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        far = needed(far_side, "far_side")

        async def lost_then_again() -> list[Result]:
            await adapter.upsert(records[:0])
            far.lose_answer()
            with pytest.raises(RetryLaterError):
                await adapter.upsert(records)
            return await adapter.upsert(records)

        check_shape(run(adapter, lost_then_again), records)
        assert far.count(records[0].entity) == len(records), "a lost answer must not make a second record"

    def test_brings_any_text_over_as_it_is(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        name = needed(self.text_field, "text_field")
        for text in (UNICODE, "ß" * self.long_chars):
            record = msgspec.structs.replace(records[0], fields={**records[0].fields, name: text}, complete={})
            result = run(adapter, lambda sent=record: adapter.upsert([sent]))[0]  # type: ignore[misc]
            assert result.error is None, "a text that the field takes was refused"
            if far_side is not None:
                held = far_side.value(record.entity, str(result.crm_id), name)
                assert held == text, "the text changed on its way"

    def test_empties_a_field(self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None) -> None:
        name, far = needed(self.text_field, "text_field"), needed(far_side, "far_side")
        filled = msgspec.structs.replace(records[0], fields={**records[0].fields, name: "something"}, complete={})

        async def fill_and_empty() -> Result:
            first = (await adapter.upsert([filled]))[0]
            whole = {**filled.fields, name: None}
            emptied = msgspec.structs.replace(filled, fields={name: None}, complete=whole, crm_id=first.crm_id)
            return (await adapter.upsert([emptied]))[0]

        result = run(adapter, fill_and_empty)
        assert result.error is None, "None empties a field"
        assert far.value(filled.entity, str(result.crm_id), name) in (None, ""), "the field is not empty"
