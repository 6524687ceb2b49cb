"""What errors of Salesforce become; and that no value of a record is left in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from simple_salesforce.exceptions import SalesforceMalformedRequest, SalesforceRefusedRequest

from tracker.crm.base import RateLimitedError, RetryLaterError
from tracker.crm.salesforce.faults import (
    Fault,
    RefusedCallError,
    call_error,
    read_faults,
    record_error,
    without_values,
)

NAMES = st.text(st.characters(categories=["Lu", "Ll", "Nd"]), min_size=2, max_size=20)


@given(NAMES, st.sampled_from(["is not a name", "Bad value: {}", "({}) and {}", "'{}' is wrong", "{}: {}."]))
def test_a_value_never_stays_in_a_message(name: str, text: str) -> None:
    assume(name.casefold() not in "is not a name bad value and wrong")
    said = without_values(text.format(name, name), {"LastName": name})
    assert name.casefold() not in said.casefold()


@pytest.mark.parametrize(
    "value", ["ada@lovelace.example", "+1 (555) 010-0100", "5550100", '"Ada Lovelace"', "'Ada'", "00Q5g0000000001AAA"]
)
def test_what_looks_like_a_value_does_not_stay_either(value: str) -> None:
    assert value not in without_values(f"Rule of the org: {value} was seen before", {})


def test_the_text_of_an_orgs_own_rule_is_kept() -> None:
    fault = Fault("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone must have 10 digits, Ada Lovelace", ("Phone",))
    error = record_error([fault], {"FirstName": "Ada", "LastName": "Lovelace"}, None)
    assert error.message == "Phone must have 10 digits, … …"
    assert (error.code, error.fields, error.retryable) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ("Phone",), False)


def test_a_lock_inside_a_trigger_is_a_lock() -> None:
    text = "Upd: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access"
    assert record_error([Fault("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text)], {}, None).retryable


def test_two_of_us_at_once_is_a_race_and_another_unique_field_is_not() -> None:
    def told(field: str) -> bool:
        text = f"duplicate value found: {field} duplicates value on record with id: 00Q5g0000000001"
        return record_error([Fault("DUPLICATE_VALUE", text)], {}, "Tracker_Id__c").retryable

    assert told("Tracker_Id__c")
    assert not told("Tax_Number__c")


@pytest.mark.parametrize("told", [None, [], {}, [None], "no", [{}], [{"statusCode": 5}], [{"fields": "x"}]])
def test_strange_errors_are_errors_as_well(told: Any) -> None:
    error = record_error(read_faults(told), {}, None)
    assert error.code == "UNKNOWN"
    assert error.message


def test_matches_are_read_the_best_first() -> None:
    matches = [
        {"matchConfidence": score, "record": {"attributes": {"type": kind}, "Id": crm_id}}
        for score, kind, crm_id in ((50.0, "Lead", "a"), (99.0, "Contact", "b"))
    ]
    rule = {"matchResults": [{"entityType": "Lead", "matchRecords": matches}]}
    for name in ("duplicateResult", "duplicateResut"):  # as the vendor's guide spells it
        [fault] = read_faults([{"errorCode": "DUPLICATES_DETECTED", "message": "Use one?", name: rule}])
        assert fault.matches == (("Contact", "b"), ("Lead", "a"))


@pytest.mark.parametrize(
    ("message", "seconds"),
    [("TotalRequests Limit exceeded.", None), ("ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 30.0)],
)
def test_the_limit_of_calls_at_once_passes_sooner_than_that_of_the_day(message: str, seconds: float | None) -> None:
    content: Any = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}]
    error = call_error(SalesforceRefusedRequest("https://x", 403, "x", content))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


def test_a_refused_call_tells_its_code_and_no_text_of_salesforce() -> None:
    content: Any = [{"errorCode": "INVALID_QUERY_FILTER_OPERATOR", "message": "hunter2", "fields": ["Email"]}]
    error = call_error(SalesforceMalformedRequest("https://x?q=hunter2", 400, "hunter2", content))
    assert isinstance(error, RefusedCallError)
    assert error.detail == "Salesforce refused the call with 400 (INVALID_QUERY_FILTER_OPERATOR)"


def test_a_lock_of_a_whole_call_is_tried_later() -> None:
    content: Any = [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}]
    assert isinstance(call_error(SalesforceMalformedRequest("https://x", 400, "x", content)), RetryLaterError)
