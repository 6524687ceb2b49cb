"""Leads in HubSpot: what goes over in which call, and what comes of it when HubSpot or the line to it fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.hubspot import HubSpotServer
from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, Record, RefusedError, RetryLaterError
from tracker.crm.hubspot import HubSpot


def open_one(server: HubSpotServer, timeout_seconds: float = 10.0, **more: Any) -> HubSpot:
    return HubSpot.open(*HubSpot.split(server.document(**more)), timeout_seconds=timeout_seconds)


def contact(number: int, email: str | None = "", **fields: Any) -> Record:
    address = f"ada{number}@example.com" if email == "" else email
    whole = {"firstname": f"Ada{number}", **({"email": address} if address else {}), **fields}
    return Record(f"lead-{number}", "contacts", whole, address)


async def test_brings_a_hundred_leads_in_one_call(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    results = await adapter.upsert([contact(n) for n in range(100)])
    await adapter.close()
    assert [result.outcome for result in results] == ["created"] * 100
    assert hubspot.verbs() == ["upsert"]


async def test_names_of_properties_and_values_are_written_as_hubspot_takes_them(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    fields = {"FirstName": "Ada", "Newsletter": True, "AGE": 36.0, "interests": ["trees", "stones"], "phone": None}
    result = (
        await adapter.upsert([Record("lead-1", "contacts", {**fields, "Email": "ada@example.com"}, "ada@example.com")])
    )[0]
    await adapter.close()
    assert result.error is None
    held = hubspot.portal.contacts()[0]
    assert {name: held[name] for name in ("firstname", "newsletter", "age", "interests", "phone")} == {
        "firstname": "Ada",
        "newsletter": "true",
        "age": "36",
        "interests": "trees;stones",
        "phone": "",
    }


async def test_two_leads_with_one_address_are_one_contact_and_the_later_one_wins(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    results = await adapter.upsert(
        [contact(1, "ada@example.com"), contact(2), contact(3, "ADA@example.com", firstname="Augusta")]
    )
    await adapter.close()
    assert results[0].crm_id == results[2].crm_id != results[1].crm_id
    assert [result.outcome for result in results] == ["created", "created", "updated"]
    assert sorted(one["firstname"] for one in hubspot.portal.contacts()) == ["Ada2", "Augusta"]


async def test_leads_of_all_ways_go_over_together(hubspot: HubSpotServer) -> None:
    there = hubspot.portal.add(email="there@example.com", firstname="Old")
    adapter = open_one(hubspot)
    by_id = Record("lead-1", "contacts", {"firstname": "New"}, "there@example.com", there)
    results = await adapter.upsert([contact(7, None), by_id, contact(2)])
    await adapter.close()
    assert [result.outcome for result in results] == ["created", "updated", "created"]
    assert hubspot.verbs() == ["update", "upsert", "create"]
    assert hubspot.portal.objects["contacts"][there]["firstname"] == "New"


async def test_a_contact_that_was_merged_into_another_is_found_by_its_address(hubspot: HubSpotServer) -> None:
    merged = hubspot.portal.add(firstname="Old")
    hubspot.portal.silent.add(merged)
    adapter = open_one(hubspot)
    record = Record("lead-1", "contacts", {"firstname": "New"}, "ada1@example.com", merged, contact(1).fields)
    result = (await adapter.upsert([record]))[0]
    await adapter.close()
    assert (result.outcome, result.error) == ("created", None)
    assert result.crm_id != merged


async def test_a_new_contact_that_is_there_already_is_updated(hubspot: HubSpotServer) -> None:
    there = hubspot.portal.add(email="there@example.com", firstname="Old")
    adapter = open_one(hubspot)
    # Mapped to the property, but nothing that the lead itself is told by.
    record = Record("lead-1", "contacts", {"email": "there@example.com", "firstname": "New"})
    result = (await adapter.upsert([record]))[0]
    await adapter.close()
    assert (result.outcome, result.crm_id) == ("updated", there)
    assert [one["firstname"] for one in hubspot.portal.contacts()] == ["New"]


async def test_an_address_that_another_contact_has_is_refused_with_its_field(hubspot: HubSpotServer) -> None:
    hubspot.portal.add(email="taken@example.com")
    own = hubspot.portal.add(email="own@example.com")
    adapter = open_one(hubspot)
    record = Record("lead-1", "contacts", {"email": "taken@example.com"}, "taken@example.com", own)
    result = (await adapter.upsert([record]))[0]
    await adapter.close()
    assert result.error is not None
    assert result.error.code == "CONFLICT"
    assert "taken" not in result.error.message


@pytest.mark.parametrize("multi_status", [True, False])
async def test_bad_ones_are_found_among_many(hubspot: HubSpotServer, multi_status: bool) -> None:
    hubspot.portal.multi_status = multi_status
    adapter = open_one(hubspot)
    bad = {3: {"age": "canary-years"}, 50: {"lifecyclestage": "canary-stage"}}
    results = await adapter.upsert([contact(n, **bad.get(n, {})) for n in range(64)])
    await adapter.close()
    assert {n for n, result in enumerate(results) if result.error} == {3, 50}
    assert [results[n].error.code for n in (3, 50)] == ["INVALID_INTEGER", "INVALID_OPTION"]  # type: ignore[union-attr]
    assert [results[n].error.fields for n in (3, 50)] == [("age",), ("lifecyclestage",)]  # type: ignore[union-attr]
    assert "canary" not in repr(results)
    assert len(hubspot.portal.contacts()) == 62
    assert len(hubspot.calls) <= (1 if multi_status else 26)


async def test_a_property_that_does_not_exist_costs_no_search_for_the_bad_record(hubspot: HubSpotServer) -> None:
    hubspot.portal.multi_status = False
    adapter = open_one(hubspot)
    results = await adapter.upsert([contact(n, **({"nonsense": "x"} if n % 2 else {})) for n in range(100)])
    await adapter.close()
    assert {result.error.code for result in results if result.error} == {"PROPERTY_DOESNT_EXIST"}
    assert len(hubspot.portal.contacts()) == 50
    assert hubspot.verbs() == ["upsert"] * 2


async def test_an_object_that_does_not_exist_refuses_the_call(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    with pytest.raises(RefusedError, match="widgets"):
        await adapter.upsert([Record("lead-1", "widgets", {"name": "x"})])
    await adapter.close()


FAULTS: list[tuple[str, type[CrmError], bool]] = [
    ("timeout", RetryLaterError, False),
    ("cut", RetryLaterError, False),
    ("cut_after", RetryLaterError, True),
    ("slow", RetryLaterError, True),
    ("not_json", RetryLaterError, True),
    ("401", CredentialsError, False),
    ("403", CredentialsError, False),
    ("429", RateLimitedError, False),
    ("daily", RateLimitedError, False),
    ("500", RetryLaterError, False),
    ("503", RetryLaterError, False),
]


@pytest.mark.parametrize(("kind", "expected", "done"), FAULTS, ids=[fault[0] for fault in FAULTS])
@pytest.mark.parametrize("unique_property", [None, "tracker_lead_id"], ids=["by address", "by lead"])
async def test_every_failure_ends_with_one_record_each(
    hubspot: HubSpotServer, kind: Any, expected: type[CrmError], done: bool, unique_property: str | None
) -> None:
    adapter = open_one(hubspot, 0.5, **({"unique_property": unique_property} if unique_property else {}))
    records = [contact(n, None if unique_property else "") for n in range(3)]
    hubspot.fault(kind, "/batch/", seconds=2 if kind == "slow" else 0)
    with pytest.raises(expected) as caught:
        await adapter.upsert(records)
    assert len(hubspot.portal.contacts()) == (3 if done else 0) or kind == "slow"
    assert not any(str(value) in str(caught.value) for record in records for value in record.fields.values())
    await adapter.close()
    again = open_one(hubspot, **({"unique_property": unique_property} if unique_property else {}))
    results = await again.upsert(records)
    await again.close()
    assert [result.error for result in results] == [None] * 3
    assert len(hubspot.portal.contacts()) == 3
    assert len({result.crm_id for result in results}) == 3


async def test_the_day_s_limit_names_no_time_and_the_rolling_one_is_short(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    waits = []
    for kind, seconds in (("daily", 0.0), ("429", 0.0), ("429", 42.0)):
        hubspot.fault(kind, seconds=seconds)  # type: ignore[arg-type]
        with pytest.raises(RateLimitedError) as caught:
            await adapter.upsert([contact(1)])
        waits.append(caught.value.retry_after)
    await adapter.close()
    assert waits == [None, 10.0, 42.0]


async def test_what_was_made_without_a_key_is_kept_when_a_later_call_fails(hubspot: HubSpotServer) -> None:
    hubspot.portal.multi_status = False
    adapter = open_one(hubspot)
    records = [contact(n, None, **({"age": "x"} if n == 3 else {})) for n in range(4)]
    hubspot.portal.batch, plain = _failing_after(hubspot, 2), hubspot.portal.batch  # type: ignore[method-assign]
    results = await adapter.upsert(records)
    hubspot.portal.batch = plain  # type: ignore[method-assign]
    await adapter.close()
    assert [result.outcome for result in results[:2]] == ["created", "created"]
    assert all(result.error and result.error.retryable for result in results[2:])


def _failing_after(server: HubSpotServer, calls: int) -> Any:
    """The rules of the portal, with a failure behind so many calls."""
    plain, count = server.portal.batch, iter(range(100))

    def batch(kind: str, verb: str, body: Any) -> Any:
        return plain(kind, verb, body) if next(count) < calls else (503, {"status": "error"})

    return batch


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mixture_gives_a_result_for_each_and_a_contact_for_each_address(
    picks: list[tuple[int, bool, bool]],
) -> None:
    async def go(server: HubSpotServer) -> None:
        adapter = open_one(server, unique_property="tracker_lead_id")
        records = []
        for place, (person, has_email, good) in enumerate(picks):
            email = f"p{person}@example.com" if has_email else None
            fields = {"firstname": "Ada", **({} if good else {"age": "x"}), **({"email": email} if email else {})}
            records.append(Record(f"lead-{place}", "contacts", fields, email))
        first, second = await adapter.upsert(records), await adapter.upsert(records)
        await adapter.close()
        assert [one.lead_id for one in first] == [one.lead_id for one in second] == [one.lead_id for one in records]
        assert [one.crm_id for one in first] == [one.crm_id for one in second]
        assert [one.error is None for one in first] == [good for _, _, good in picks]
        addressed = {person for person, has_email, good in picks if good and has_email}
        alone = sum(good and not has_email for _, has_email, good in picks)
        assert len(server.portal.contacts()) == len(addressed) + alone

    with HubSpotServer() as server:
        server.portal.multi_status = len(picks) % 2 == 0
        asyncio.run(go(server))
