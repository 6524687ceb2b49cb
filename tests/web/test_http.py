"""Who is calling, and how a refusal looks."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker import errors
from tracker.errors import TrackerError, UnavailableError
from tracker.ingest.admit import RateLimitError
from tracker.ingest.limits import Refused
from tracker.web.http import cors_headers, header_lines, is_trusted, peer_address, problem


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("203.0.113.7", None, "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "10.0.0.0/8", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2,10.0.0.3", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.2", "10.0.0.0/8", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "2001:db8::7", "10.0.0.1, fd00::/8", "2001:db8::7"),
        ("fd00::1", "198.51.100.1", "10.0.0.1, fd00::/8", "198.51.100.1"),
        (None, "198.51.100.1", "10.0.0.0/8", None),
        ("testclient", "198.51.100.1", "0.0.0.0/0", "testclient"),
        ("10.0.0.1", " 198.51.100.1 , , 10.0.0.2 ,", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "10.0.0.0/8", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "10.0.0.0/8", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "10.0.0.0/8", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8:0:0::7", "10.0.0.0/8", "2001:db8::7"),
        ("10.0.0.1", "fe80::7%eth0", "10.0.0.0/8", "fe80::7"),
        ("10.0.0.1", "[198.51.100.1]", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:port", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "for=198.51.100.1", "10.0.0.0/8", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2:80", "10.0.0.0/8", "198.51.100.1"),
        # A socket for both kinds shows IPv4 inside IPv6.
        ("::ffff:203.0.113.7", "198.51.100.1", "", "203.0.113.7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "10.0.0.0/8", "198.51.100.1"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: Any, forwarded: Any, trusted: str, address: Any) -> None:
    assert peer_address(peer, forwarded or "", trusted) == address


PROXIES = "10.0.0.0/8, fd00::/8"
proxies = st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fd00::/8")
visitors = st.ip_addresses(network="198.51.100.0/24") | st.ip_addresses(network="2001:db8::/32")
junk = st.text(alphabet=st.sampled_from('0123456789abcdef.:[],%/" ;=x'), max_size=60) | st.text(max_size=30)


@st.composite
def hops(draw: st.DrawFn, addresses: st.SearchStrategy[Any]) -> str:
    """An address as proxies write it."""
    address = draw(addresses)
    shapes = ["{}", " {} "] + (["[{}]", "[{}]:443"] if address.version == 6 else ["{}:443", "::ffff:{}"])
    return draw(st.sampled_from(shapes)).format(address)


@given(st.data(), visitors, st.lists(hops(proxies), max_size=3), junk | hops(proxies))
def test_what_stands_before_the_visitors_address_changes_nothing(
    data: st.DataObject, visitor: Any, between: list[str], spoofed: str
) -> None:
    chain = ",".join([spoofed, data.draw(hops(st.just(visitor))), *between])
    assert peer_address("10.0.0.1", chain, PROXIES) == str(visitor)
    assert peer_address("fd00::1", chain, PROXIES) == str(visitor)


@given(visitors.map(str), junk | hops(visitors), st.sampled_from(["", PROXIES]))
def test_what_a_stranger_writes_is_ignored(stranger: str, written: str, trusted: str) -> None:
    assert peer_address(stranger, written, trusted) == stranger
    assert not is_trusted(stranger, trusted)


@given(st.none() | proxies.map(str) | junk, st.lists(junk | hops(proxies | visitors), max_size=4))
def test_whatever_stands_there_the_answer_is_an_address_or_the_peer(peer: str | None, chain: list[str]) -> None:
    found = peer_address(peer, ",".join(chain), PROXIES)
    assert found == peer or str(ip_address(found or "")) == found


def test_several_lines_of_a_header_are_one_list_in_their_order() -> None:
    headers = [(b"x-forwarded-for", b"1.1.1.1"), (b"host", b"x"), (b"x-forwarded-for", b"198.51.100.1, 10.0.0.2")]
    assert header_lines(headers, b"x-forwarded-for") == "1.1.1.1,198.51.100.1, 10.0.0.2"
    assert header_lines(headers, b"forwarded") == ""


def _kinds(base: type[TrackerError]) -> list[type[TrackerError]]:
    return [
        kind for each in base.__subclasses__() if each.__module__ == errors.__name__ for kind in (each, *_kinds(each))
    ]


@pytest.mark.parametrize("kind", _kinds(TrackerError))
def test_every_error_is_a_problem_document(kind: type[TrackerError]) -> None:
    error = kind("do this")
    answer = problem(error, extra={"rejected": []})
    body = msgspec.json.decode(answer.body)
    assert body == {
        "type": f"urn:trackerctl:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": str(error),
        "rejected": [],
    }
    assert "do this" in body["detail"]
    assert (answer.status, answer.media_type) == (kind.status, "application/problem+json")


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (2, "2"), (59.6, "60")])
def test_retry_after_is_whole_seconds_from_one(seconds: float, header: str) -> None:
    assert problem(UnavailableError("away", retry_after=seconds)).headers["Retry-After"] == header


def test_a_reached_limit_tells_its_figures() -> None:
    refused = RateLimitError(Refused(100, 7, 30))
    headers = problem(refused, headers=cors_headers("https://shop.example")).headers
    wanted = {
        "RateLimit-Limit": "100",
        "RateLimit-Remaining": "7",
        "RateLimit-Reset": "30",
        "Retry-After": "30",
        "Access-Control-Allow-Origin": "https://shop.example",
    }
    assert {name: headers.get(name) for name in wanted} == wanted


def test_without_an_origin_there_is_no_cors() -> None:
    assert cors_headers(None) == {}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/health/live", 405)],
)
async def test_the_frameworks_own_refusals_are_problem_documents_too(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
