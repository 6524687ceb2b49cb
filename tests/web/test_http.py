"""Who is calling, and how a refusal looks."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest

from tracker import errors
from tracker.errors import TrackerError, UnavailableError
from tracker.ingest.admit import RateLimitError
from tracker.ingest.limits import Refused
from tracker.web.http import cors_headers, peer_address, problem


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
    ],
)
def test_only_trusted_proxies_are_believed(peer: Any, forwarded: Any, trusted: str, address: Any) -> None:
    assert peer_address(peer, forwarded or "", trusted) == address


def _kinds(base: type[TrackerError]) -> list[type[TrackerError]]:
    return [
        kind for each in base.__subclasses__() if each.__module__ == errors.__name__ for kind in (each, *_kinds(each))
    ]


@pytest.mark.parametrize("kind", _kinds(TrackerError))
def test_every_error_is_a_problem_document(kind: type[TrackerError]) -> None:
    answer = problem(kind("do this"), extra={"rejected": []})
    body = msgspec.json.decode(answer.body)
    assert body == {
        "type": f"urn:trackerctl:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": "do this",
        "rejected": [],
    }
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
