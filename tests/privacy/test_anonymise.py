"""Addresses are cut to the network."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.anonymise import anonymise_ip, cut_addresses, is_address_name


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


NAMES = [
    *("ip", "IP", "ips", "ipAddress", "IPAddress", "ip_address", "ip-address", "IP address", "ipv4", "ipV6"),
    *("clientIp", "client_ip", "userIP", "visitor.ip", "lastLoginIp", "remoteAddress", "remote_addr", "REMOTE_ADDR"),
    *("X-Forwarded-For", "x_forwarded_for", "xForwardedFor", "forwarded", "X-Real-IP", "CF-Connecting-IP"),
]
OTHER_NAMES = [
    *("address", "email", "zip", "ship", "shipping", "trip", "tip", "clip", "script", "zipCode", "recipient", "vip")
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_that_it_holds_addresses(name: str) -> None:
    assert is_address_name(name)


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_other_names_do_not(name: str) -> None:
    assert not is_address_name(name)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"ip": "203.0.113.77"}, {"ip": "203.0.113.0"}),
        ({"a": {"b": [{"clientIp": "203.0.113.77"}]}}, {"a": {"b": [{"clientIp": "203.0.113.0"}]}}),
        ({"ips": ["203.0.113.77", "2001:db8:1:2::3"]}, {"ips": ["203.0.113.0", "2001:db8:1::"]}),
        (
            {"ip": {"v4": "203.0.113.77", "v6": ["::ffff:203.0.113.77"]}},
            {"ip": {"v4": "203.0.113.0", "v6": ["203.0.113.0"]}},
        ),
        (
            {"X-Forwarded-For": "203.0.113.77, 198.51.100.1:4711,unknown, [2001:db8:1:2::3]:443"},
            {"X-Forwarded-For": "203.0.113.0, 198.51.100.0:4711,unknown, [2001:db8:1::]:443"},
        ),
        (
            {"Forwarded": 'for=203.0.113.77;proto=https;by=198.51.100.9, for="[2001:db8:1:2::3]"'},
            {"Forwarded": 'for=203.0.113.0;proto=https;by=198.51.100.0, for="[2001:db8:1::]"'},
        ),
        ({"ip": "fe80::1%eth0"}, {"ip": "fe80::"}),
        ({"ip": 3405803853}, {"ip": "203.0.113.0"}),
        ({"ip": "Germany", "ip_count": 3, "tip": "203.0.113.77", "version": "1.2.3.4"},) * 2,
        ({"ip": None, "ips": [], "client_ip": ""},) * 2,
        ([{"ip": "203.0.113.77"}], [{"ip": "203.0.113.0"}]),
        ({"ip": "1.2.3.4.5", "clientIp": "12:30:45"},) * 2,
    ],
)
def test_addresses_are_cut_wherever_their_name_stands(value: Any, stored: Any) -> None:
    cut_addresses(value)
    assert value == stored


addresses = st.ip_addresses().map(str) | st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}")
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
nested = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "ip", "tip"]), inner)
)


@given(st.lists(addresses, min_size=1, max_size=4), st.sampled_from(NAMES), st.sampled_from([",", ", ", " ", "; "]))
def test_no_address_of_a_list_survives_whole(given_addresses: list[str], name: str, separator: str) -> None:
    value = {"deep": [{name: separator.join(given_addresses)}]}
    cut_addresses(value)
    kept = value["deep"][0][name].split(separator)
    assert kept == [anonymise_ip(address) for address in given_addresses]


@given(nested)
def test_cutting_never_raises_and_twice_changes_nothing_more(value: Any) -> None:
    cut_addresses(value)
    once = repr(value)
    cut_addresses(value)
    assert repr(value) == once
