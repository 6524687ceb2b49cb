"""Addresses wherever they stand."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.leads.emails import normalise_email
from tracker.privacy.mentions import emails_in, phones_in, strings_in

LOCALS = st.from_regex(r"[a-z][a-z0-9_+-]{0,20}(\.[a-z0-9_+-]{1,10})?", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z][a-z0-9]{0,15}\.(com|de|example|co\.uk)", fullmatch=True)
EMAILS = st.builds("{}@{}".format, LOCALS, DOMAINS).filter(lambda text: normalise_email(text) == text)
AROUND = st.sampled_from(
    (
        "{}",
        "Write to {}.",
        "<{}>",
        "mailto:{}",
        '"{}",',
        "Ann({})!",
        "https://shop.example/?mail={}&x=1",
        "a={};b",
        "«{}»",
    )
)


@given(EMAILS, AROUND, st.booleans(), st.booleans())
def test_finds_an_address_in_any_text(email: str, around: str, upper: bool, encoded: bool) -> None:
    written = email.upper() if upper else email
    text = around.format(quote(written, safe="") if encoded else written)
    if "+" in email and "?" in text and not encoded:
        return  # in a query that is a space
    assert email in emails_in(text)


@pytest.mark.parametrize("text", ["", "no address", "a@b", "@", "100%", "foo@bar..de", "%40"])
def test_finds_none_where_there_is_none(text: str) -> None:
    assert emails_in(text) == set()


@pytest.mark.parametrize(
    "text",
    ["0170 1234567", "call 0170/123-4567 today", "tel:+491701234567", "?tel=%2B491701234567", "+49 (170) 1234567"],
)
def test_finds_a_phone_number_however_it_is_written(text: str) -> None:
    assert phones_in(text, "DE") == {"+491701234567"}


def test_reads_names_and_numbers_of_a_document_too() -> None:
    document: dict[str, Any] = {"a": ["x", {"ann@shop.example": 1701234567}], "b": True, "c": None}
    assert set(strings_in(document)) == {"a", "x", "ann@shop.example", "1701234567", "b", "c"}
