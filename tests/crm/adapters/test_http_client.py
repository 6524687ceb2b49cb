"""What adapters share of HTTP: whom TLS trusts, where connections go, what is too large."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.receiver import Receiver, Reply
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm import http_client
from tracker.crm.base import RefusedError, RetryLaterError
from tracker.crm.http_client import Answer, HttpClient, retry_after


async def test_a_certificate_is_trusted_by_the_bundle_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with SalesforceOrg() as org:
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            client = HttpClient("Acme")
            with pytest.raises(RetryLaterError, match="not trusted"):
                await client.send("GET", f"https://{org.host}/")
            await client.close()
            monkeypatch.setenv(name, org.ca_bundle)
            assert (await client.send("GET", f"https://{org.host}/")).status < 500
            await client.close()
            monkeypatch.delenv(name)


def test_a_bundle_that_is_not_there_is_told_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(RefusedError, match="REQUESTS_CA_BUNDLE"):
        http_client.trusted()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert http_client.trusted().verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["::1"], ["93.184.216.34", "192.168.0.1"], ["::ffff:10.0.0.1"]],
    ids=["loopback", "private", "metadata", "loopback-6", "one-of-two", "mapped"],
)
async def test_an_address_that_is_not_public_is_not_connected_to(addresses: list[str], receiver: Receiver) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    client = HttpClient("Acme", public_only=True, resolve=resolve)
    with pytest.raises(RefusedError, match="private or loopback"):
        await client.send("POST", f"http://acme.example:{receiver.port}/", {})
    await client.close()
    assert receiver.received == []


async def test_the_connection_goes_to_the_address_that_was_looked_at(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2", "127.0.0.1"]

    monkeypatch.setattr(http_client, "is_public", lambda address: True)
    client = HttpClient("Acme", public_only=True, resolve=resolve)
    answer = await client.send("POST", f"http://acme.example:{receiver.port}/x", {"a": 1}, headers={"X-One": "1"})
    await client.close()
    assert answer.status == 204
    assert asked == ["acme.example"]
    assert receiver.received[0].headers["host"] == f"acme.example:{receiver.port}"
    assert receiver.received[0].body == b'{"a":1}'


async def test_a_name_without_an_address_is_for_later() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    client = HttpClient("Acme", public_only=True, resolve=resolve)
    with pytest.raises(RetryLaterError, match="no address"):
        await client.send("GET", "https://acme.example/")
    await client.close()


async def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_ANSWER_BYTES", 1024 * 1024)
    receiver.answer = lambda _: Reply(200, body=b"x" * (1024 * 1024 + 1))
    client = HttpClient("Acme")
    with pytest.raises(RefusedError, match="more than 1 MiB"):
        await client.send("POST", receiver.url(), {})
    await client.close()


@pytest.mark.parametrize("url", ["ftp://acme.example/", "acme.example", "http://", "https://[::1/"])
async def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    client = HttpClient("Acme")
    with pytest.raises(RefusedError) as caught:
        await client.send("GET", url)
    await client.close()
    assert "acme.example" not in str(caught.value)


def answer(**headers: str) -> Answer:
    return Answer("Acme", 429, httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()}), b"")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("17", 17.0), ("0", 0.0), ("999999999999", 86_400.0), ("soon", None), ("", None), ("-5", None)],
    ids=["seconds", "zero", "too-long", "word", "empty", "negative"],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    assert retry_after(answer(retry_after=text)) == seconds if text else retry_after(answer()) is None


def test_retry_after_as_a_date() -> None:
    at = datetime.now(UTC) + timedelta(seconds=90)
    told = retry_after(answer(retry_after=format_datetime(at, usegmt=True)))
    assert told is not None
    assert 80 < told <= 90
    past = format_datetime(at - timedelta(days=2), usegmt=True)
    assert retry_after(answer(retry_after=past)) == 0.0


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000], ids=["empty", "html", "bytes", "deep"])
def test_what_is_no_json_is_for_later(body: bytes) -> None:
    made = Answer("Acme", 200, httpx.Headers(), body)
    assert made.document == {}
    with pytest.raises(RetryLaterError, match="no JSON"):
        _ = made.data


def make(**more: Any) -> HttpClient:
    return HttpClient("Acme", **more)


async def test_every_answer_is_heard_whatever_its_status(receiver: Receiver) -> None:
    heard: list[int] = []
    receiver.answer = lambda _: Reply(500)
    client = make(heard=lambda one: heard.append(one.status))
    with pytest.raises(RetryLaterError):
        await client.send("POST", receiver.url(), {})
    await client.close()
    assert heard == [500]
