"""The address that pages name: reachable, of this version, over TLS that browsers take."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from tracker.assets import browser_script
from tracker.doctor.report import Finding, error, good, warning
from tracker.embed import VERSION
from tracker.ingest.origins import LOOPBACK
from tracker.settings import Settings

SECONDS = 3.0
_DAY_SECONDS = 86_400
_WARN_DAYS = 14
_SET = "Set TRACKER_PUBLIC_URL to the address that visitors' browsers reach, and print the snippets again."


def browser_like(settings: Settings) -> httpx.AsyncClient:
    """A client that reaches the service as visitors do: through its public address, following no redirect."""
    return httpx.AsyncClient(
        base_url=settings.public_url,
        timeout=SECONDS,
        follow_redirects=False,
        headers={"User-Agent": "trackerctl-doctor"},
    )


async def check_public(settings: Settings) -> list[Finding]:
    """Whether browsers get the right script from ``public_url``."""
    findings = [*_address(settings)]
    async with browser_like(settings) as client:
        try:
            async with client.stream("GET", f"/{settings.script_name}") as answer:
                body = await answer.aread()
                findings += _certificate(answer, time.time())
        except httpx.HTTPError as problem:
            return [*findings, _unreachable(settings, problem)]
        findings.append(_script(settings, answer, body))
        findings.append(await _readiness(client))
    return findings


def _address(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    local = (parts.hostname or "") in LOOPBACK or (parts.hostname or "").endswith(".localhost")
    if local and not settings.embedded:
        yield warning("public", "only this machine reaches TRACKER_PUBLIC_URL", f"it is {settings.public_url}", _SET)
    elif not local and parts.scheme != "https":
        yield error(
            "public",
            "TRACKER_PUBLIC_URL is not https",
            "browsers refuse to send from an https page to it, and what visitors type can be read on the way",
            f"Let a proxy with a certificate stand in front (docs/install.md). {_SET}",
        )


def _unreachable(settings: Settings, problem: httpx.HTTPError) -> Finding:
    cause: BaseException | None = problem
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        why = getattr(cause, "verify_message", "") or cause.reason or "TLS failed"
        return error(
            "public",
            f"{settings.public_url} has no valid certificate",
            f"{why}; browsers send nothing",
            "Install the whole chain of a certificate for that name; certbot or Caddy renew it by themselves.",
        )
    return error(
        "public",
        f"{settings.public_url} does not answer",
        type(problem).__name__,
        f"Start the service (`trackerctl serve`), look at proxy, DNS and firewall. {_SET}",
    )


def _script(settings: Settings, answer: httpx.Response, body: bytes) -> Finding:
    url = f"{settings.public_url}/{settings.script_name}"
    if answer.is_redirect:
        return error(
            "public",
            "TRACKER_PUBLIC_URL redirects",
            f"{url} answers {answer.status_code}; browsers lose events at a redirect",
            "Set TRACKER_PUBLIC_URL to where it leads, and print the snippets again.",
        )
    if answer.status_code != 200:
        return error(
            "public",
            "the browser script is not served",
            f"{url} answers {answer.status_code}",
            "Another program may answer there: check what the proxy passes on, all paths are ours.",
        )
    if body != browser_script(VERSION).body:
        return error(
            "public",
            "another browser script is served than this version carries",
            f"{url} holds {len(body)} bytes",
            "Restart the service after an upgrade, and purge the script from the CDN or proxy in front; pages that pin "
            "`integrity` load nothing until then.",
        )
    coding = answer.headers.get("content-encoding", "")
    if not coding:
        return warning(
            "public",
            "the browser script arrives without compression",
            f"{len(body)} bytes",
            "Let the proxy pass Accept-Encoding and Content-Encoding on.",
        )
    return good("public", "the right browser script is served", f"{url}, {coding}")


async def _readiness(client: httpx.AsyncClient) -> Finding:
    try:
        answer = await client.get("/health/ready")
        status = str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return warning(
            "public",
            "/health/ready is not passed on",
            "monitoring through the public address cannot tell how the service is",
            "Let the proxy pass it on, or watch the service behind it.",
        )
    if status == "ready":
        return good("public", "the service is ready")
    judge = error if status == "away" else warning
    return judge(
        "public", f"the service says that it is {status}", "a store does not answer it", "See the stores' findings."
    )


def _certificate(answer: httpx.Response, now: float) -> Iterator[Finding]:
    stream: Any = answer.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream is not None else None
    if tls is None:
        return
    until = ssl.cert_time_to_seconds(tls.getpeercert()["notAfter"])
    days = (until - now) / _DAY_SECONDS
    if days < _WARN_DAYS:
        yield warning(
            "public",
            f"the certificate ends in {days:.0f} days",
            "then browsers send nothing",
            "Renew it, and see why it was not renewed by itself.",
        )
    else:
        yield good("public", "the certificate is valid", f"for {days:.0f} days")
