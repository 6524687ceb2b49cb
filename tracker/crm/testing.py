"""What every adapter must do, as a test class to inherit from (needs pytest, and nothing of our own tests).

A subclass gives two fixtures, and as many of the others as its CRM allows; tests that need what is not given are skipped
with the reason::

    class TestMyCrm(AdapterConformance):
        text_field = "Company"

        @pytest.fixture
        def adapter(self, server):
            return MyCrm.open({"token": server.token}, {"url": server.url})

        @pytest.fixture
        def records(self):
            return [Record(f"lead-{n}", "Lead", {"Email": f"ada{n}@example.com"}, f"ada{n}@example.com") for n in range(3)]

The tests are plain functions and run a loop of their own each, so that no plugin is needed. The adapter is closed for
them. What stands on the far side must not live in the loop of the test: a server in a thread or another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import msgspec
import pytest

from tracker.crm.base import (
    CredentialsError,
    CrmAdapter,
    CrmError,
    RateLimitedError,
    Record,
    RefusedError,
    Result,
    RetryLaterError,
)

T = TypeVar("T")

CANARY = "Zwolfkanari7"
"""Stands in values of bad records; no message may repeat it."""

UNICODE = 'Zoë 🦩 Ångström — 東京 \u202bשלום\u202c\n\tsecond line "quoted" <b>&amp;</b> O\'Brien \\ ; |'
"""A value that survives only where everything is encoded for its place."""


@runtime_checkable
class FarSide(Protocol):
    """The CRM behind the adapter, as far as a test may look into it and disturb it."""

    def count(self, entity: str) -> int:
        """Records that there are."""
        ...

    def value(self, entity: str, crm_id: str, field: str) -> object:
        """What a record holds; an ``AssertionError`` when there is no such record."""
        ...

    def lose_answer(self) -> None:
        """The next call that writes is done, and its answer is lost on the way."""
        ...

    def limit(self, seconds: int) -> None:
        """The next call is refused for the number of calls, and may be made again after so many seconds."""
        ...

    def break_down(self) -> None:
        """The next call is answered with a failure of the CRM itself, and not done."""
        ...


class AdapterConformance:
    """The protocol's promises, one test each.

    :cvar text_field: a field that takes long texts in any script; ``None`` = there is none.
    :cvar long_chars: length of a text that it must take.
    :cvar unknown_entity: one that the CRM does not have.
    """

    text_field: ClassVar[str | None] = None
    long_chars: ClassVar[int] = 2_000
    unknown_entity: ClassVar[str] = "NoSuchThingHere"

    # ------------------------------------------------------------------------------------------------------- fixtures

    @pytest.fixture
    def adapter(self) -> CrmAdapter:
        """An adapter on a server or sandbox of the test's own, with nothing in it."""
        raise NotImplementedError("give the fixture `adapter`")

    @pytest.fixture
    def records(self) -> list[Record]:
        """Three records or more of one entity, all good and all different, none of them in the CRM yet."""
        raise NotImplementedError("give the fixture `records`")

    @pytest.fixture
    def bad_record(self) -> Record | None:
        """A record that the CRM refuses for a value with `CANARY` in it; ``None`` = it refuses none."""
        return None

    @pytest.fixture
    def impostor(self) -> CrmAdapter | None:
        """An adapter for the same account with wrong credentials; ``None`` = there are no credentials."""
        return None

    @pytest.fixture
    def far_side(self) -> FarSide | None:
        """The CRM; ``None`` = nothing is known of it but its answers."""
        return None

    # --------------------------------------------------------------------------------------------------------- basics

    def test_is_an_adapter(self, adapter: CrmAdapter) -> None:
        assert isinstance(adapter, CrmAdapter), "a method or property of CrmAdapter is missing"
        assert adapter.kind == adapter.kind.lower().strip() != "", "kind must be one lower-case word"
        assert adapter.title, "title is what people read"
        assert adapter.capabilities.max_batch > 0, "max_batch must be positive"
        assert adapter.default_entity, "default_entity must name one"

    def test_lets_us_in_and_says_where_we_are(self, adapter: CrmAdapter) -> None:
        found = run(adapter, lambda: adapter.check())
        assert found.account, "check() must name the account"

    def test_creates_records_and_gives_their_ids_in_order(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        results = run(adapter, lambda: adapter.upsert(records))
        _check_shape(results, records)
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
        _check_shape(second, list(reversed(records)))
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

    # --------------------------------------------------------------------------------------------------- once, and only

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
        far = _needed(far_side, "far_side")

        async def lost_then_again() -> list[Result]:
            await adapter.upsert(records[:0])
            far.lose_answer()
            with pytest.raises(RetryLaterError):
                await adapter.upsert(records)
            return await adapter.upsert(records)

        _check_shape(run(adapter, lost_then_again), records)
        assert far.count(records[0].entity) == len(records), "a lost answer must not make a second record"

    # ---------------------------------------------------------------------------------------------------- what goes wrong

    def test_takes_the_good_ones_beside_a_bad_one(
        self, adapter: CrmAdapter, records: list[Record], bad_record: Record | None, far_side: FarSide | None
    ) -> None:
        bad = _needed(bad_record, "bad_record")
        mixed = [records[0], bad, *records[1:]]
        results = run(adapter, lambda: adapter.upsert(mixed))
        _check_shape(results, mixed)
        assert [result.error is None for result in results] == [one is not bad for one in mixed], (
            "only the bad one fails"
        )
        assert results[1].outcome == "failed", "a refused record has failed"
        error = results[1].error
        assert error is not None, "and says why"
        assert not error.retryable, "the same record is refused again tomorrow"
        assert CANARY.lower() not in repr(error).lower(), "the error repeats a value of the record"
        if far_side is not None:
            assert far_side.count(records[0].entity) == len(records), "the good ones are there"

    def test_says_that_the_credentials_are_wrong(self, impostor: CrmAdapter | None, records: list[Record]) -> None:
        adapter = _needed(impostor, "impostor")

        async def both() -> list[CrmError]:
            return [await _error(adapter.check()), await _error(adapter.upsert(records))]

        for error in run(adapter, both):
            assert isinstance(error, CredentialsError), f"{type(error).__name__} instead of CredentialsError"
            _check_silent(error, records)

    def test_says_how_long_to_wait_when_calls_are_used_up(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        far = _needed(far_side, "far_side")

        async def limited() -> CrmError:
            far.limit(17)
            return await _error(adapter.upsert(records))

        error = run(adapter, limited)
        assert isinstance(error, RateLimitedError), f"{type(error).__name__} instead of RateLimitedError"
        assert error.retry_after == 17, "retry_after must be what the CRM said"
        _check_silent(error, records)

    def test_says_later_when_the_crm_fails_and_does_it_then(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        far = _needed(far_side, "far_side")

        async def broken() -> tuple[CrmError, list[Result]]:
            far.break_down()
            return await _error(adapter.upsert(records)), await adapter.upsert(records)

        error, results = run(adapter, broken)
        assert isinstance(error, RetryLaterError), f"{type(error).__name__} instead of RetryLaterError"
        _check_silent(error, records)
        _check_shape(results, records)
        assert far.count(records[0].entity) == len(records), "one record in the CRM for each"

    def test_refuses_an_entity_that_is_not_there(self, adapter: CrmAdapter) -> None:
        if not adapter.capabilities.describes:
            pytest.skip("the adapter does not describe entities")
        error = run(adapter, lambda: _error(adapter.describe(self.unknown_entity)))
        assert isinstance(error, RefusedError), f"{type(error).__name__} instead of RefusedError"

    # ------------------------------------------------------------------------------------------------------------ values

    def test_brings_any_text_over_as_it_is(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        name = _needed(self.text_field, "text_field")
        for text in (UNICODE, "ß" * self.long_chars):
            record = msgspec.structs.replace(records[0], fields={**records[0].fields, name: text}, complete={})
            result = run(adapter, lambda sent=record: adapter.upsert([sent]))[0]  # type: ignore[misc]
            assert result.error is None, "a text that the field takes was refused"
            if far_side is not None:
                held = far_side.value(record.entity, str(result.crm_id), name)
                assert held == text, "the text changed on its way"

    def test_empties_a_field(self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None) -> None:
        name, far = _needed(self.text_field, "text_field"), _needed(far_side, "far_side")
        filled = msgspec.structs.replace(records[0], fields={**records[0].fields, name: "something"}, complete={})

        async def fill_and_empty() -> Result:
            first = (await adapter.upsert([filled]))[0]
            whole = {**filled.fields, name: None}
            emptied = msgspec.structs.replace(filled, fields={name: None}, complete=whole, crm_id=first.crm_id)
            return (await adapter.upsert([emptied]))[0]

        result = run(adapter, fill_and_empty)
        assert result.error is None, "None empties a field"
        assert far.value(filled.entity, str(result.crm_id), name) in (None, ""), "the field is not empty"

    # -------------------------------------------------------------------------------------------- reading and deleting

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


# ------------------------------------------------------------------------------------------------------------- helpers


def run(adapter: CrmAdapter, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a loop of its own and close the adapter's connections behind it."""

    async def whole() -> T:
        try:
            return await make()
        finally:
            await adapter.close()

    return asyncio.run(whole())


async def _error(call: Coroutine[Any, Any, Any]) -> CrmError:
    try:
        await call
    except CrmError as error:
        return error
    raise AssertionError("the call should have failed, and did not")


def _needed(given: T | None, name: str) -> T:
    if given is None:
        pytest.skip(f"no {name} is given")
    return given


def _check_shape(results: Sequence[Result], records: Sequence[Record]) -> None:
    assert [one.lead_id for one in results] == [one.lead_id for one in records], "one result for each, in their order"
    for result in results:
        settled = result.outcome not in ("failed", "held")
        assert settled == (result.error is None), "an error where it failed or is held, and only there"
        assert settled == (result.crm_id is not None), "an id where it is in the CRM, and only there"


def _check_silent(error: CrmError, records: Sequence[Record]) -> None:
    for record in records:
        for value in record.whole.values():
            held = isinstance(value, str) and len(value) > 3 and value.lower() in error.detail.lower()
            assert not held, "the error repeats a value of a record"
