"""Posting to receivers that misbehave, and to addresses that must not be reached."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fixtures.processes import free_port
from tests.fixtures.receiver import Receiver, Reply
from tracker.webhooks.client import KEPT_ANSWER_CHARS, MAX_ANSWER_BYTES, Answer, WebhookClient

BODY = b'{"type":"lead.created"}'


@pytest.fixture
async def client() -> AsyncIterator[WebhookClient]:
    async with WebhookClient(allow_private=True, timeout_seconds=1.0) as made:
        yield made


async def post(client: WebhookClient, url: str) -> Answer:
    return await client.post(url, {"webhook-id": "msg_1"}, BODY)


async def test_a_message_arrives_as_it_is(client: WebhookClient, receiver: Receiver) -> None:
    answer = await post(client, receiver.url("/hooks?a=1"))
    assert (answer.status, answer.error, answer.text) == (204, None, "")
    (came,) = receiver.received
    assert (came.path, came.body, came.id) == ("/hooks?a=1", BODY, "msg_1")
    assert came.headers["content-type"] == "application/json"
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert came.headers["user-agent"].startswith("trackerctl-webhook/")


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(200, body=b"ok"), 200, None),
        (Reply(201), 201, None),
        (Reply(400, body=b"no"), 400, "status"),
        (Reply(404), 404, "status"),
        (Reply(410), 410, "status"),
        (Reply(500), 500, "status"),
        (Reply(503), 503, "status"),
        (Reply(302, {"Location": "http://169.254.169.254/latest/meta-data"}), 302, "redirect"),
        (Reply(cut=True), None, "cut"),
        (Reply(seconds=3.0), None, "timeout"),
        (Reply(200, body=b"x" * 30, drip=0.2), 200, None),
        (Reply(500, body=b"x" * 30, drip=0.2), 500, "status"),
    ],
    ids=lambda value: str(value).replace("Reply", "")[:60] if not isinstance(value, int | None) else str(value),
)
async def test_what_a_receiver_does_becomes_an_answer(
    client: WebhookClient, receiver: Receiver, reply: Reply, status: int | None, error: str | None
) -> None:
    receiver.answer = lambda _: reply
    started = time.monotonic()
    answer = await post(client, receiver.url())
    assert (answer.status, answer.error) == (status, error)
    assert time.monotonic() - started < 2.5
    assert len(receiver.received) == 1


async def test_a_redirect_is_not_followed(client: WebhookClient, receiver: Receiver) -> None:
    receiver.answer = lambda request: Reply(307, {"Location": receiver.url("/elsewhere")})
    await post(client, receiver.url())
    assert receiver.at("/elsewhere") == []


async def test_nobody_listening_is_an_answer_too(client: WebhookClient) -> None:
    assert (await post(client, f"http://127.0.0.1:{free_port()}/")).error == "connect"


async def test_an_endless_answer_is_cut_and_little_of_it_kept(client: WebhookClient, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(200, body=b"a" * (MAX_ANSWER_BYTES * 100))
    answer = await post(client, receiver.url())
    assert answer.error is None
    assert answer.text == "a" * KEPT_ANSWER_CHARS


async def test_of_an_answer_neither_secrets_nor_control_characters_are_kept(
    client: WebhookClient, receiver: Receiver
) -> None:
    receiver.answer = lambda _: Reply(500, body=b"bad \x1b[31m secret whsec_c2VjcmV0c2VjcmV0c2VjcmV0 \xff\x00")
    assert (await post(client, receiver.url())).text == "bad  [31m secret whsec_…"


async def test_retry_after_is_heard(client: WebhookClient, receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(429, {"Retry-After": "90"})
    assert (await post(client, receiver.url())).retry_after == dt.timedelta(seconds=90)


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://", "nonsense", "http://[::1/", "http://a\u0000b/"])
async def test_what_is_no_address_is_not_posted_to(client: WebhookClient, url: str) -> None:
    assert (await post(client, url)).error in ("url", "name")


# ----------------------------------------------------------------------------------------------- where it must not go


class Names:
    """A name server whose answers change: the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a00:1::1"),
    ],
)
async def test_a_name_that_leads_to_an_address_that_is_not_public_is_refused(address: str) -> None:
    async with WebhookClient(allow_private=False, resolve=Names([address])) as client:
        assert (await post(client, "http://hooks.example/")).error == "address"


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async with WebhookClient(allow_private=False, resolve=Names(["93.184.216.34", "10.0.0.1"])) as client:
        assert (await post(client, "http://hooks.example/")).error == "address"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "[::1]", "localhost"])
async def test_no_spelling_of_loopback_gets_through(receiver: Receiver, host: str) -> None:
    async with WebhookClient(allow_private=False) as client:
        assert (await post(client, receiver.url(host=host))).error in ("address", "name")
    assert receiver.received == []


async def test_the_connection_goes_to_the_address_that_was_looked_at(receiver: Receiver) -> None:
    """DNS rebinding: what the name leads to a moment later is never asked for."""
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with WebhookClient(allow_private=True, resolve=names) as client:
        assert (await post(client, f"http://hooks.example:{receiver.port}/")).error is None
    assert names.asked == 1
    assert receiver.received[0].headers["host"] == f"hooks.example:{receiver.port}"


async def test_a_name_is_looked_at_again_for_every_request(receiver: Receiver) -> None:
    names = Names(["10.0.0.1"], ["169.254.169.254"])
    async with WebhookClient(allow_private=False, resolve=names) as client:
        assert [(await post(client, "http://hooks.example/")).error for _ in range(2)] == ["address"] * 2
    assert names.asked == 2


async def test_a_name_without_an_address_says_so() -> None:
    async def none(host: str, port: int) -> list[str]:
        raise OSError

    async with WebhookClient(allow_private=False, resolve=none) as client:
        assert (await post(client, "http://hooks.example/")).error == "name"


async def test_the_next_address_is_tried_when_one_does_not_answer(receiver: Receiver) -> None:
    async with WebhookClient(allow_private=True, resolve=Names(["127.0.0.9", "127.0.0.1"])) as client:
        assert (await post(client, f"http://hooks.example:{receiver.port}/")).error is None


async def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    async with WebhookClient(allow_private=True) as client:
        assert (await post(client, receiver.url())).error is None


# ------------------------------------------------------------------------------------------------------------------ TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and self-signed certificate of ``hooks.example`` in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "hooks.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[int]:
    """The port of a receiver with that certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a refused handshake is expected
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


async def test_the_certificate_must_be_of_the_name_though_the_connection_goes_to_the_address(
    secure: int, certificate: Path
) -> None:
    trust = ssl.create_default_context(cafile=str(certificate))
    async with WebhookClient(allow_private=True, resolve=Names(["127.0.0.1"]), verify=trust) as client:
        good, bad = await asyncio.gather(
            post(client, f"https://hooks.example:{secure}/"), post(client, f"https://other.example:{secure}/")
        )
    assert (good.error, bad.error) == (None, "tls")


async def test_a_certificate_that_nobody_vouches_for_is_refused(secure: int) -> None:
    async with WebhookClient(allow_private=True, resolve=Names(["127.0.0.1"])) as client:
        assert (await post(client, f"https://hooks.example:{secure}/")).error == "tls"
