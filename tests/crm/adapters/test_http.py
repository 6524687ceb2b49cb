"""Leads at an endpoint of the operator's own: what is sent, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.crm.adapters.endpoint import Endpoint
from tests.fixtures.receiver import Reply
from tracker.crm.base import CredentialsError, CrmError, RateLimitedError, Record, RefusedError, RetryLaterError
from tracker.crm.http import Http
from tracker.errors import InvalidError


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as made:
        yield made


def open_one(endpoint: Endpoint, timeout_seconds: float = 10.0, **more: Any) -> Http:
    return Http.open(*Http.split(endpoint.document(**more)), timeout_seconds=timeout_seconds)


def lead(number: int, **more: Any) -> Record:
    email = f"ada{number}@example.com"
    return Record(f"lead-{number}", "lead", {"email": email, "firstName": "Ada"}, email, **more)


async def test_sends_a_batch_as_one_array_and_a_change_with_its_id(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint)
    first = await adapter.upsert([lead(n) for n in range(50)])
    change = Record("lead-7", "lead", {"firstName": "Augusta"}, "ada7@example.com", first[7].crm_id, lead(7).fields)
    second = await adapter.upsert([change])
    await adapter.close()
    bodies = [json.loads(one.body) for one in endpoint.received]
    assert [len(body) for body in bodies] == [50, 1]
    assert bodies[0][7] == {
        "leadId": "lead-7",
        "entity": "lead",
        "id": None,
        "email": "ada7@example.com",
        "fields": {"email": "ada7@example.com", "firstName": "Ada"},
    }
    assert bodies[1][0] | {"id": first[7].crm_id, "fields": {"firstName": "Augusta"}} == bodies[1][0]
    assert (second[0].outcome, second[0].crm_id) == ("updated", first[7].crm_id)


async def test_the_key_is_the_same_for_the_same_new_records_and_fresh_for_changes(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint)
    for records in ([lead(1)], [lead(1)], [lead(2)], [lead(1, crm_id="r-0")], [lead(1, crm_id="r-0")]):
        await adapter.upsert(records)
    await adapter.close()
    keys = endpoint.keys
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    assert not [key for key in keys if "@" in key or "example" in key]


async def test_an_endpoint_without_ids_has_ours(endpoint: Endpoint) -> None:
    endpoint.tells = False
    adapter = open_one(endpoint)
    first = await adapter.upsert([lead(1)])
    second = await adapter.upsert([lead(1, crm_id=first[0].crm_id)])
    await adapter.close()
    assert [(one.outcome, one.crm_id) for one in (*first, *second)] == [("created", "lead-1"), ("updated", "lead-1")]


async def test_a_bad_one_is_found_in_a_batch_that_is_refused_as_a_whole(endpoint: Endpoint) -> None:
    endpoint.tells = False
    adapter = open_one(endpoint)
    records = [lead(n) for n in range(32)]
    records[20] = Record("lead-20", "lead", {"refuse": "canary"})
    results = await adapter.upsert(records)
    await adapter.close()
    assert [n for n, one in enumerate(results) if one.error] == [20]
    assert results[20].error is not None
    assert results[20].error.code == "HTTP_422"
    assert len(endpoint.received) <= 11


async def test_its_texts_are_not_kept_and_fields_that_were_not_sent_neither(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint)
    result = (await adapter.upsert([Record("lead-1", "lead", {"refuse": "canary"})]))[0]
    await adapter.close()
    assert result.error is not None
    assert (result.error.code, result.error.fields) == ("NOT_LIKED", ("refuse",))
    assert "canary" not in repr(result)


async def test_results_may_hold_a_record_leave_one_out_or_ask_for_another_try(endpoint: Endpoint) -> None:
    told = [
        {"leadId": "lead-0", "outcome": "held", "error": {"code": "LOOKS_LIKE_ANOTHER"}},
        {"leadId": "lead-1", "outcome": "failed", "error": {"code": "not a code", "retryable": True}},
        {"leadId": "lead-2", "outcome": "unchanged", "id": 4711},
        "nonsense",
    ]
    endpoint.given.append((Reply(200, body=json.dumps({"results": told}).encode()), False))
    adapter = open_one(endpoint)
    results = await adapter.upsert([lead(n) for n in range(4)])
    await adapter.close()
    assert [one.outcome for one in results] == ["held", "failed", "unchanged", "failed"]
    assert results[2].crm_id == "4711"
    assert [one.error.code for one in results if one.error] == ["LOOKS_LIKE_ANOTHER", "REFUSED", "NO_RESULT"]
    assert [one.error.retryable for one in results if one.error] == [False, True, True]


async def test_a_slow_endpoint_gets_on_by_a_few_records_at_a_time(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint, batch=False)
    endpoint.given.extend([(Reply(200), True)] * 2 + [(Reply(429, {"Retry-After": "5"}), False)] * 2)
    results = await adapter.upsert([lead(n) for n in range(4)])
    await adapter.close()
    assert [one.error.code if one.error else None for one in results] == [None, None, "RATE_LIMITED", "RATE_LIMITED"]
    assert all(one.error.retryable for one in results if one.error)
    assert endpoint.count("lead") == 2


ANSWERS: dict[str, tuple[Reply, type[CrmError]]] = {
    "401": (Reply(401), CredentialsError),
    "403": (Reply(403), CredentialsError),
    "404": (Reply(404), RefusedError),
    "405": (Reply(405), RefusedError),
    "redirect": (Reply(302, {"Location": "http://127.0.0.1:1/"}), RefusedError),
    "408": (Reply(408), RetryLaterError),
    "429": (Reply(429), RateLimitedError),
    "500": (Reply(500), RetryLaterError),
    "cut": (Reply(cut=True), RetryLaterError),
    "slow": (Reply(200, seconds=1.5), RetryLaterError),
    "dripping": (Reply(200, body=b"x" * 60, drip=0.1), RetryLaterError),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
async def test_every_failure_ends_with_one_record_each(endpoint: Endpoint, kind: str, done: bool) -> None:
    reply, expected = ANSWERS[kind]
    endpoint.given.append((reply, done))
    adapter = open_one(endpoint, 0.6)
    with pytest.raises(expected) as caught:
        await adapter.upsert([lead(1), lead(2)])
    await adapter.close()
    assert "ada" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    again = open_one(endpoint)
    assert [one.error for one in await again.upsert([lead(1), lead(2)])] == [None, None]
    await again.close()
    assert endpoint.count("lead") == 2


async def test_deletes_only_where_the_endpoint_takes_it(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint)
    assert not adapter.capabilities.deletes
    with pytest.raises(RefusedError, match="deletes"):
        await adapter.delete("lead", ["r-0"])
    await adapter.close()
    assert endpoint.received == []


async def test_a_header_of_its_own_authenticates(endpoint: Endpoint) -> None:
    document = endpoint.document(header_name="X-Api-Key", header_value="key-0123456789")
    adapter = Http.open(*Http.split(document))
    await adapter.upsert([lead(1)])
    await adapter.close()
    assert endpoint.received[0].headers["x-api-key"] == "key-0123456789"


async def test_a_private_address_is_refused_when_it_is_connected_to(endpoint: Endpoint) -> None:
    adapter = open_one(endpoint, allow_private=False)
    with pytest.raises(RefusedError, match="allow_private"):
        await adapter.upsert([lead(1)])
    await adapter.close()
    assert endpoint.received == []


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ({}, "url"),
        ({"url": "ftp://intake.example"}, "url"),
        ({"url": "https://user:word@intake.example"}, "url"),
        ({"method": "GET"}, "method"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": "5"}, "timeout"),
        ({"header_value": "x"}, "header_name"),
        ({"header_name": "X Y", "header_value": "x"}, "header_name"),
        ({"header_name": "X-Y", "header_value": "x\r\nEvil: 1"}, "header_value"),
        ({"tokn": "x"}, "did you mean token"),
        ({"batch": "no"}, "batch"),
    ],
    ids=lambda value: value.replace(" ", "_") if isinstance(value, str) else "",
)
def test_settings_of_no_use_are_refused_by_name(document: dict[str, Any], names: str) -> None:
    whole = {"url": "https://intake.example/leads", **document} if document else document
    with pytest.raises(InvalidError, match=names) as caught:
        Http.split(whole)
    assert "Evil" not in str(caught.value)


def test_credentials_are_not_among_the_settings() -> None:
    credentials, settings = Http.split({"url": "https://intake.example", "token": "secret", "batch": False})
    assert credentials == {"token": "secret"}
    assert settings == {"url": "https://intake.example", "batch": False}


def test_an_endpoint_without_authentication_is_stored_with_a_word_for_it() -> None:
    credentials, settings = Http.split({"url": "https://intake.example"})
    assert credentials == {"auth": "none"}
    assert Http.open(credentials, settings).default_entity == "lead"
