"""One spelling for each address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.leads.emails import normalise_email


@pytest.mark.parametrize(
    "text",
    ["ann@shop.example", "Ann@Shop.Example", "  ANN@SHOP.EXAMPLE\n", "mailto:ann@shop.example", "\tann@shop.example"],
)
def test_spellings_of_one_address_are_equal(text: str) -> None:
    assert normalise_email(text) == "ann@shop.example"


@pytest.mark.parametrize(
    "text",
    [
        "a.nn@shop.example",
        "ann+tag@shop.example",
        "o'neil@shop.example",
        "ann@a.b.c.example",
        "ann@localhost.test",
        "用户@例え.jp",
    ],
)
def test_dots_tags_and_other_alphabets_stay(text: str) -> None:
    assert normalise_email(text) == text


def test_a_domain_in_punycode_is_the_domain() -> None:
    assert normalise_email("ann@xn--mnchen-3ya.de") == normalise_email("ann@MÜNCHEN.de") == "ann@münchen.de"


@pytest.mark.parametrize(
    "text",
    [
        "", "ann", "ann@", "@shop.example", "ann@shop", "ann@@shop.example", "ann @shop.example", "ann@shop..example",
        ".ann@shop.example", "ann.@shop.example", "ann@-shop.example", "[REDACTED]",
        "ann@shop.example, bob@shop.example",
        "ann@" + "x" * 260 + ".example", "ann@shop.example\x00",
    ],
)  # fmt: skip
def test_what_is_no_address_is_none(text: str) -> None:
    assert normalise_email(text) is None


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_email(text)
    assert once is None or normalise_email(once) == once


@given(st.emails(), st.sampled_from(["", " ", "\n"]))
def test_surrounding_space_and_case_do_not_matter(address: str, space: str) -> None:
    assert normalise_email(space + address + space) == normalise_email(address)
    if address.isascii():
        assert normalise_email(address.upper()) == normalise_email(address)
