"""Failures are told apart, and tell no values."""

from __future__ import annotations

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
from tracker.crm.testing.given import CANARY, FarSide, Given, check_shape, check_silent, error_of, needed, run


class Failing(Given):
    """What is wrong with a record, and what with a call."""

    def test_takes_the_good_ones_beside_a_bad_one(
        self, adapter: CrmAdapter, records: list[Record], bad_record: Record | None, far_side: FarSide | None
    ) -> None:
        bad = needed(bad_record, "bad_record")
        mixed = [records[0], bad, *records[1:]]
        results = run(adapter, lambda: adapter.upsert(mixed))
        check_shape(results, mixed)
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
        adapter = needed(impostor, "impostor")

        async def both() -> list[CrmError]:
            return [await error_of(adapter.check()), await error_of(adapter.upsert(records))]

        for error in run(adapter, both):
            assert isinstance(error, CredentialsError), f"{type(error).__name__} instead of CredentialsError"
            check_silent(error, records)

    def test_says_how_long_to_wait_when_calls_are_used_up(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        far = needed(far_side, "far_side")

        async def limited() -> CrmError:
            far.limit(17)
            return await error_of(adapter.upsert(records))

        error = run(adapter, limited)
        assert isinstance(error, RateLimitedError), f"{type(error).__name__} instead of RateLimitedError"
        assert error.retry_after == 17, "retry_after must be what the CRM said"
        check_silent(error, records)

    def test_says_later_when_the_crm_fails_and_does_it_then(
        self, adapter: CrmAdapter, records: list[Record], far_side: FarSide | None
    ) -> None:
        far = needed(far_side, "far_side")

        async def broken() -> tuple[CrmError, list[Result]]:
            far.break_down()
            return await error_of(adapter.upsert(records)), await adapter.upsert(records)

        error, results = run(adapter, broken)
        assert isinstance(error, RetryLaterError), f"{type(error).__name__} instead of RetryLaterError"
        check_silent(error, records)
        check_shape(results, records)
        assert far.count(records[0].entity) == len(records), "one record in the CRM for each"

    def test_refuses_an_entity_that_is_not_there(self, adapter: CrmAdapter) -> None:
        if not adapter.capabilities.describes:
            pytest.skip("the adapter does not describe entities")
        error = run(adapter, lambda: error_of(adapter.describe(self.unknown_entity)))
        assert isinstance(error, RefusedError), f"{type(error).__name__} instead of RefusedError"
