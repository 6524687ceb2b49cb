"""Whatever happens to a call: when it is tried again, there is exactly one record for each lead."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.crm.salesforce.conftest import OpenOrg, impatient
from tests.crm.salesforce.leads import BY_ID, a_lead
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, RetryLaterError
from tracker.crm.salesforce.adapter import Salesforce

BY_EMAIL: dict[str, str] = {}
WRITES = {"by e-mail": (BY_EMAIL, "composite/sobjects"), "by external id": (BY_ID, "composite/sobjects")}
FAULTS: dict[str, type[CrmError] | None] = {
    "timeout": RetryLaterError,
    "cut": RetryLaterError,
    "cut_after": RetryLaterError,
    "slow": RetryLaterError,
    "not_json": RetryLaterError,
    "wrong_shape": RetryLaterError,
    "500": RetryLaterError,
    "503": RetryLaterError,
    "too_many": RateLimitedError,
    "limit": RateLimitedError,
    "forbidden": CredentialsError,
    "expired_session": None,
}


def impatient_for(kind: str, adapter: Salesforce) -> AbstractContextManager[None]:
    """Impatience where nothing will be answered."""
    return impatient(adapter) if kind in ("timeout", "slow") else nullcontext()


@pytest.mark.parametrize("way", sorted(WRITES))
@pytest.mark.parametrize("kind", sorted(FAULTS))
async def test_one_record_for_each_lead_whatever_happens_to_the_write(
    org: SalesforceOrg, opened: OpenOrg, kind: str, way: str
) -> None:
    settings, path = WRITES[way]
    adapter = opened(**settings)
    await adapter.check()
    org.fault(kind, path, seconds=2)
    records = [a_lead(number) for number in range(5)]
    error = FAULTS[kind]
    if error is not None:
        with pytest.raises(error) as caught, impatient_for(kind, adapter):
            await adapter.upsert(records)
        assert "lovelace" not in caught.value.detail
        assert (caught.value.retry_after == 2) == (kind == "too_many")
    results = await adapter.upsert(records)
    assert {result.error for result in results} == {None}
    assert Counter(row["Email"] for row in org.records("Lead")) == {record.email: 1 for record in records}
    assert [result.crm_id for result in results] == [row["Id"] for row in org.records("Lead")]


@pytest.mark.parametrize("kind", ["cut", "not_json", "503", "limit", "timeout"])
async def test_a_search_that_fails_makes_nothing(org: SalesforceOrg, opened: OpenOrg, kind: str) -> None:
    adapter = opened()
    org.fault(kind, "/query")
    with pytest.raises(CrmError), impatient_for(kind, adapter):
        await adapter.upsert([a_lead()])
    assert not org.records("Lead")
    await adapter.upsert([a_lead()])
    assert len(org.records("Lead")) == 1


@pytest.mark.parametrize("way", sorted(WRITES))
@pytest.mark.parametrize("kind", ["cut", "cut_after", "503", "limit"])
async def test_records_of_the_calls_that_came_through_are_known(
    org: SalesforceOrg, opened: OpenOrg, kind: str, way: str
) -> None:
    settings, path = WRITES[way]
    adapter = opened(**settings)
    org.fault(kind, path, after=1)
    records = [a_lead(number) for number in range(600)]
    results = await adapter.upsert(records)
    failed = [result for result in results if result.error]
    assert Counter(result.outcome for result in results) == {"created": 400, "failed": 200}
    assert {(result.error.code, result.error.retryable) for result in failed if result.error} == {("CALL_FAILED", True)}
    again = await adapter.upsert(records)
    assert {result.error for result in again} == {None}
    assert Counter(row["Email"] for row in org.records("Lead")) == {record.email: 1 for record in records}


async def test_calls_that_all_fail_for_different_reasons_tell_the_gravest(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(**BY_ID)
    await adapter.check()
    for kind in ("503", "limit", "cut"):
        org.fault(kind, "composite")
    with pytest.raises(RateLimitedError):
        await adapter.upsert([a_lead(number) for number in range(600)])


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (kind, path)
        for kind in ("cut", "cut_after", "not_json", "timeout")
        for path in ("ingest", "batches", "successfulResults", "failedResults")
    ],
)
async def test_a_bulk_job_that_fails_anywhere_is_sent_again(
    org: SalesforceOrg, opened: OpenOrg, kind: str, path: str
) -> None:
    org.routes.bulk.polls = 0
    adapter = opened(bulk_from=5, **BY_ID)
    await adapter.check()
    org.fault(kind, path, seconds=2)
    records = [a_lead(number) for number in range(8)]
    with pytest.raises(RetryLaterError), impatient_for(kind, adapter):
        await adapter.upsert(records)
    results = await adapter.upsert(records)
    assert {result.error for result in results} == {None}
    assert Counter(row["Email"] for row in org.records("Lead")) == {record.email: 1 for record in records}
