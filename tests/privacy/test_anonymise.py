"""Addresses are cut to the network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.anonymise import anonymise_ip


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("203.0.113.77", "203.0.113.0"),
        (" 203.0.113.77 ", "203.0.113.0"),
        ("255.255.255.255", "255.255.255.0"),
        ("2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1234::"),
        ("2001:DB8::1", "2001:db8::"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::ffff:cb00:714d", "203.0.113.0"),
    ],
)
def test_an_address_is_cut_to_its_network(address: str, stored: str) -> None:
    assert anonymise_ip(address) == stored


@pytest.mark.parametrize(
    "text", ["", "unknown", "testclient", "203.0.113", "203.0.113.256", "203.0.113.77:8080", "a:b"]
)
def test_what_is_no_address_is_not_stored(text: str) -> None:
    assert anonymise_ip(text) is None


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_keeps_its_last_byte(address: object) -> None:
    stored = anonymise_ip(str(address))
    assert stored is not None
    assert stored.rsplit(".", 1) == [str(address).rsplit(".", 1)[0], "0"]


@given(st.ip_addresses(v=6))
def test_two_ipv6_addresses_of_one_site_are_stored_alike(address: object) -> None:
    stored = anonymise_ip(str(address))
    assert stored is not None
    assert anonymise_ip(stored) == stored
