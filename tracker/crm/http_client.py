"""HTTP for adapters: one set-up of time limits, trust and sizes, and one reading of what goes wrong.

Redirects are not followed: a record must not go to another place than the one that was named. The whole of a call,
with its answer, has its time; an answer has a greatest size and is asked for uncompressed, so that it is as large as it
looks.
TLS trusts what ``REQUESTS_CA_BUNDLE`` or else ``SSL_CERT_FILE`` names (a file or a folder, as in requests), or certifi.

With ``public_only`` the name is resolved once for each call, all its addresses must be public, and the connection goes
to one that was looked at (`tracker.addresses`); the proxies of the environment are not used then.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tracker import __version__
from tracker.addresses import Resolve, is_public, resolve
from tracker.crm.base import CredentialsError, RateLimitedError, RefusedError, RetryLaterError

MAX_ANSWER_BYTES = 16 * 1024 * 1024

_CONNECT_SECONDS = 10.0
_MOST_ADDRESSES = 3
_MOST_WAIT_SECONDS = 24 * 3600.0
_PORTS = {"http": 80, "https": 443}
# Later the same call may succeed: time-out, locked, too early (RFC 9110 §15.5.9, RFC 4918 §11.3, RFC 8470 §5.2).
_LATER = frozenset({408, 423, 425})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. ``name`` is the CRM's, for people."""

    name: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def data(self) -> Any:
        """The body as JSON.

        :raises RetryLaterError: when it is none; whether the call was done is not known then.
        """
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RetryLaterError(f"{self.name} answered {self.status} with something that is no JSON") from None

    @property
    def document(self) -> Mapping[str, Any]:
        """The body as a JSON object; empty where it is none. For answers whose status says enough."""
        try:
            found = self.data
        except RetryLaterError:
            return {}
        return found if isinstance(found, Mapping) else {}


def retry_after(answer: Answer) -> float | None:
    """Seconds that ``Retry-After`` asks for (RFC 9110 §10.2.3), a day at most; ``None`` = it does not say."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), _MOST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), _MOST_WAIT_SECONDS)


class HttpClient:
    """Calls one CRM; close it in the end. No connection is made before the first call.

    :param name: of the CRM, for messages.
    :param headers: of every call; their values are never shown.
    :param timeout_seconds: for a whole call.
    :param public_only: refuse addresses that are not on the public internet.
    :param wait: reads from a 429 how long to wait; by default from ``Retry-After``.
    :param heard: is told of every answer, whatever its status.
    """

    def __init__(
        self,
        name: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 30.0,
        public_only: bool = False,
        resolve: Resolve = resolve,
        wait: Callable[[Answer], float | None] = retry_after,
        heard: Callable[[Answer], None] | None = None,
    ) -> None:
        self._name = name
        self._headers = dict(headers or {})
        self._timeout_seconds = timeout_seconds
        self._public_only = public_only
        self._resolve = resolve
        self._wait = wait
        self._heard = heard
        self._opened: httpx.AsyncClient | None = None

    async def send(
        self, method: str, url: str, content: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Make a call.

        :param content: is sent as JSON; ``None`` = no body.
        :returns: an answer of 2xx, or of 4xx and 501 when it is about what was sent.
        :raises CredentialsError: 401, 403, 407.
        :raises RateLimitedError: 429.
        :raises RetryLaterError: no whole answer in time, 5xx, 408, 423, 425.
        :raises RefusedError: a redirect, an address that is none or must not be reached, an endless answer.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._sent(method, url, content, headers or {})
        except (TimeoutError, httpx.TimeoutException):
            raise RetryLaterError(f"{self._name} did not answer within {self._timeout_seconds:g} s") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            raise RefusedError(f"the address of {self._name} is none that can be called") from None
        except httpx.HTTPError as error:
            raise RetryLaterError(_transport(self._name, error)) from None
        if self._heard is not None:
            self._heard(answer)
        return self._checked(answer)

    async def close(self) -> None:
        """Give connections back."""
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    def _checked(self, answer: Answer) -> Answer:
        name, status = self._name, answer.status
        if status in (401, 403, 407):
            raise CredentialsError(f"{name} does not take the credentials, or they allow too little (status {status})")
        if status == 429:
            raise RateLimitedError(f"{name} takes no more calls for now", retry_after=self._wait(answer))
        if (status >= 500 and status != 501) or status in _LATER:
            raise RetryLaterError(f"{name} answers with status {status}", retry_after=retry_after(answer))
        if 300 <= status < 400:
            raise RefusedError(f"{name} redirects (status {status}); give the address where that ends")
        return answer

    async def _sent(self, method: str, url: str, content: object, headers: Mapping[str, str]) -> Answer:
        target = httpx.URL(url)
        if target.scheme not in _PORTS or not target.host:
            raise httpx.UnsupportedProtocol("neither http nor https")
        body = None if content is None else msgspec.json.encode(content)
        if not self._public_only:
            return await self._over(self._client.build_request(method, target, content=body, headers=headers))
        addresses = await self._addresses(target)
        for number, address in enumerate(addresses, 1):
            request = self._client.build_request(
                method,
                target.copy_with(host=address),
                content=body,
                headers={"Host": target.netloc.decode("ascii"), **headers},
                # The certificate must be that of the name, though the connection goes to the address.
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
            )
            try:
                return await self._over(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
        raise AssertionError("there is an address")  # pragma: no cover

    async def _addresses(self, target: httpx.URL) -> list[str]:
        host = target.raw_host.decode("ascii").strip("[]")
        try:
            addresses = await self._resolve(host, target.port or _PORTS[target.scheme])
        except OSError:
            addresses = []
        if not addresses:
            raise RetryLaterError(f"the host's name of {self._name} leads to no address")
        if not all(map(is_public, addresses)):
            raise RefusedError(
                f"the address of {self._name} is private or loopback; set allow_private in the connection's settings"
            )
        return addresses[:_MOST_ADDRESSES]

    async def _over(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise RefusedError(f"{self._name} answers with more than {MAX_ANSWER_BYTES // 1024**2} MiB")
            return Answer(self._name, response.status_code, response.headers, bytes(body))
        finally:
            await response.aclose()

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            self._opened = httpx.AsyncClient(
                verify=trusted(),
                trust_env=not self._public_only,
                follow_redirects=False,
                timeout=httpx.Timeout(self._timeout_seconds, connect=min(_CONNECT_SECONDS, self._timeout_seconds)),
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "Content-Type": "application/json",
                    "User-Agent": f"trackerctl-crm/{__version__}",
                    **self._headers,
                },
            )
        return self._opened


def trusted() -> ssl.SSLContext:
    """Whom TLS trusts.

    :raises RefusedError: when what the environment names cannot be read.
    """
    named = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if not named:
        return httpx.create_ssl_context()
    try:
        if Path(named).is_dir():
            return ssl.create_default_context(capath=named)
        return ssl.create_default_context(cafile=named)
    except OSError:
        raise RefusedError("REQUESTS_CA_BUNDLE or SSL_CERT_FILE names no certificates that can be read") from None


def _transport(name: str, error: httpx.HTTPError) -> str:
    """The kind alone: texts of transport errors may hold the address, and that a key."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {name} is not trusted; REQUESTS_CA_BUNDLE or SSL_CERT_FILE may name others"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return f"{name} takes no connection"
    return f"the connection to {name} ended without an answer ({type(error).__name__})"
