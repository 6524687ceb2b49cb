"""Thousands of records as one job."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.crm.salesforce.conftest import OpenOrg
from tests.crm.salesforce.leads import BY_ID, a_lead, changed
from tests.fixtures.processes import wait_until_async
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.base import Record, RetryLaterError
from tracker.crm.salesforce import bulk
from tracker.crm.salesforce.collections import Write


def _jobs(org: SalesforceOrg) -> list[tuple[str, str]]:
    return [(job.operation, job.state) for job in org.routes.bulk.jobs.values()]


async def test_many_records_go_as_one_job(org: SalesforceOrg, opened: OpenOrg) -> None:
    records = [a_lead(number) for number in range(2_000)]
    results = await opened(**BY_ID).upsert(records)
    assert Counter(result.outcome for result in results) == {"created": 2_000}
    rows = {row["Tracker_Id__c"]: row["Id"] for row in org.records("Lead")}
    assert {result.lead_id: result.crm_id for result in results} == rows
    assert _jobs(org) == [("upsert", "JobComplete")]
    assert len(org.api_calls) <= 8


async def test_known_records_are_updated_as_one_job(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(bulk_from=10)
    made = await adapter.upsert([a_lead(number) for number in range(10)])
    assert _jobs(org) == []  # what is new and told by its address cannot be sent twice without harm
    news = [
        changed(a_lead(number), result.crm_id, Phone=str(number), Company=None) for number, result in enumerate(made)
    ]
    results = await adapter.upsert([*news[:9], changed(a_lead(9), made[9].crm_id, Phone="9", FirstName='A\n"b", c')])
    assert _jobs(org) == [("update", "JobComplete")]
    assert Counter(result.error.code if result.error else "" for result in results) == {
        "REQUIRED_FIELD_MISSING": 9, "": 1,
    }  # fmt: skip
    row = org.records("Lead")[9]
    assert (row["Phone"], row["FirstName"], row["Company"]) == ("9", 'A\n"b", c', "Analytical Engines")


async def test_a_jobs_records_are_refused_one_by_one(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(bulk_from=4, **BY_ID)
    bad = [a_lead(1, FirstName="hunter2" * 10), a_lead(2, Rating="hunter2"), a_lead(3, Budget__c="hunter2")]
    results = await adapter.upsert([a_lead(0), *bad, a_lead(4)])
    assert [result.outcome for result in results] == ["created", "failed", "failed", "failed", "created"]
    errors = [result.error for result in results if result.error]
    assert [error.code for error in errors] == [
        "STRING_TOO_LONG", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_TYPE_ON_FIELD_IN_RECORD",
    ]  # fmt: skip
    assert errors[0].fields == ("FirstName",)
    assert "hunter2" not in " ".join(error.message for error in errors)


async def test_converted_leads_and_duplicates_of_a_job_go_on(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(bulk_from=4, **BY_ID)
    made = await adapter.upsert([a_lead(number) for number in range(4)])
    contact = org.store.convert(str(made[0].crm_id))
    org.store.matching = {"Lead": "Phone"}
    match = org.store.insert("Lead", {"LastName": "L", "Company": "C", "Phone": "+15550100"})
    records: list[Record] = [a_lead(number, FirstName="Ada") for number in range(4)]
    results = await adapter.upsert([*records, a_lead(9, Phone="+15550100")])
    assert [result.outcome for result in results] == ["updated"] * 5
    assert (results[0].entity, results[0].crm_id) == ("Contact", contact)
    assert results[4].crm_id == match


async def test_a_job_that_takes_too_long_is_aborted(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter: Any = opened(**BY_ID)
    org.routes.bulk.polls = 10_000
    writes = [Write("Lead", a_lead().fields, None, "lead-1")]
    with pytest.raises(RetryLaterError, match="not done within"):
        await asyncio.to_thread(bulk.write, adapter._connection, "upsert", writes, most_seconds=0.5)
    assert _jobs(org) == [("upsert", "Aborted")]


async def test_closing_does_not_wait_for_a_job(org: SalesforceOrg, opened: OpenOrg) -> None:
    adapter = opened(bulk_from=1, **BY_ID)
    org.routes.bulk.polls = 10_000
    task = asyncio.create_task(adapter.upsert([a_lead()]))
    await wait_until_async(lambda: any(job.polls for job in org.routes.bulk.jobs.values()))
    await adapter.close()
    with pytest.raises(RetryLaterError, match="closed"):
        await asyncio.wait_for(task, 10)


def test_a_job_never_creates() -> None:
    connection: Any = None
    with pytest.raises(ValueError, match="cannot be sent again"):
        bulk.write(connection, "create", [Write("Lead", {})])


@given(st.lists(st.dictionaries(st.sampled_from(["A", "B", "C"]), st.text(min_size=1) | st.booleans()), min_size=1))
def test_a_table_holds_what_was_put_in(rows: list[dict[str, Any]]) -> None:
    import csv
    import io

    writes = [Write("Lead", row, None, f"lead-{number}") for number, row in enumerate(rows)]
    read = list(csv.DictReader(io.StringIO(bulk._csv("Key", writes), newline="")))
    assert [line.pop("Key") for line in read] == [one.external_id for one in writes]
    for line, row in zip(read, rows, strict=True):
        given = {name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()}
        assert {name: text for name, text in line.items() if text} == given
