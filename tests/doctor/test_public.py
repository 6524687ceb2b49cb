"""The public address: ours, another program's, a redirect, an old script, a bad certificate."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.discovery.pages import a_host
from tests.fixtures.processes import free_port
from tests.fixtures.system import System
from tests.fixtures.world import make_settings
from tracker.doctor import public
from tracker.doctor.public import check_public
from tracker.doctor.report import Finding


def worse(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.title) for one in findings if one.severity != "ok"]


async def look(url: str, **values: object) -> list[Finding]:
    return await check_public(make_settings(public_url=url, embedded=True, **values))


async def test_our_own_service_is_fine(system: System) -> None:
    system.new_client()
    system.serve()
    findings = await look(system.url)
    assert worse(findings) == []
    assert [one.title for one in findings] == ["the right browser script is served", "the service is ready"]


async def test_nobody_there_is_an_error() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert worse(await look(url)) == [("error", f"{url} does not answer")]


@pytest.mark.parametrize(
    ("pages", "title"),
    [
        ({}, "the browser script is not served"),
        ({"/main-app.v1.js": "console.log(1)"}, "another browser script is served than this version carries"),
        ({"/main-app.v1.js": "https://elsewhere.example/main-app.v1.js"}, "TRACKER_PUBLIC_URL redirects"),
    ],
)
async def test_another_program_there_is_an_error(pages: dict[str, str], title: str) -> None:
    with a_host(pages) as host:
        findings = await look(host.url)
    assert ("error", title) in worse(findings)
    assert ("warning", "/health/ready is not passed on") in worse(findings)


async def test_an_address_that_only_this_machine_reaches_is_told() -> None:
    settings = make_settings(public_url=f"http://localhost:{free_port()}")
    assert ("warning", "only this machine reaches TRACKER_PUBLIC_URL") in worse(await check_public(settings))


async def test_an_address_without_tls_is_an_error() -> None:
    findings = await look("http://tracker.invalid")
    assert worse(findings)[0] == ("error", "TRACKER_PUBLIC_URL is not https")


@contextmanager
def tls_host(folder: Path, days: float) -> Iterator[tuple[str, Path]]:
    """A server with a certificate of its own for ``days`` more days; gives its URL and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=90))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield f"https://localhost:{server.server_port}", certificate
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


async def test_a_certificate_that_nobody_trusts_is_an_error(tmp_path: Path) -> None:
    with tls_host(tmp_path, 90) as (url, _):
        [(severity, title)] = worse(await look(url))
    assert (severity, title) == ("error", f"{url} has no valid certificate")


@pytest.mark.parametrize(("days", "title"), [(3.5, "the certificate ends in 3 days"), (60, "the certificate is valid")])
async def test_tells_how_long_a_certificate_is_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: float, title: str
) -> None:
    with tls_host(tmp_path, days) as (url, certificate):
        trusting = ssl.create_default_context(cafile=str(certificate))
        client = httpx.AsyncClient
        monkeypatch.setattr(
            public.httpx, "AsyncClient", lambda **options: client(verify=trusting, **options), raising=True
        )
        findings = await look(url)
    assert title in [one.title for one in findings]
