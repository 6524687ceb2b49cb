"""Searching in SOQL."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from tests.crm.salesforce.conftest import OpenOrg
from tests.crm.salesforce.leads import a_lead
from tests.fixtures import salesforce_soql
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.salesforce import find


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_any_text_comes_back_out_of_a_query(values: list[str]) -> None:
    query = salesforce_soql.parse(format_soql("SELECT Id FROM Lead WHERE Email IN {}", values))
    assert query.conditions == [("Email", "IN", values)]


@given(st.lists(st.text(min_size=1, max_size=254), max_size=900))
def test_a_query_fits_in_an_address_and_nothing_is_left_out(values: list[str]) -> None:
    parts = list(find.chunks(values))
    assert [value for part in parts for value in part] == values
    for part in parts:
        soql = format_soql("SELECT Id FROM Lead WHERE Email IN {}", part)
        assert len(part) == 1 or len(quote_plus(soql)) < 16_000


@pytest.mark.parametrize(
    "text", ["SELECT Id", "SELECT Id FROM Lead WHERE Email LIKE 'a%'", "SELECT Id FROM Lead WHERE Email = 'a\\z'", "x"]
)
def test_the_tests_own_org_refuses_what_it_does_not_understand(text: str) -> None:
    with pytest.raises(salesforce_soql.SoqlError):
        salesforce_soql.parse(text)


async def test_reads_all_pages_of_an_answer(org: SalesforceOrg, opened: OpenOrg) -> None:
    org.routes.page_size = 7
    for number in range(50):
        org.store.insert("Lead", {"LastName": "L", "Company": "C", "Email": a_lead(number).email})
    adapter: Any = opened()
    results = await adapter.upsert([a_lead(number) for number in range(50)])
    assert {result.outcome for result in results} == {"updated"}
    assert len({result.crm_id for result in results}) == 50


async def test_long_addresses_are_searched_in_parts_of_one_call(org: SalesforceOrg, opened: OpenOrg) -> None:
    long = [a_lead(number, email=f"{'x' * 60}{number}@lovelace.example") for number in range(200)]
    await opened().upsert(long)
    assert org.api_calls[0][1].endswith("/composite")
    assert len(org.api_calls) == 2
    results = await opened().upsert(long)
    assert {result.outcome for result in results} == {"updated"}
