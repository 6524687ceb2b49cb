"""HTTP for adapters that speak it themselves: one set of limits, and failures as the protocol's error classes.

Redirects are not followed and proxies of the environment not used; answers are bounded. TLS trusts what
``REQUESTS_CA_BUNDLE`` or ``SSL_CERT_FILE`` names, else certifi's list. Unless private addresses are allowed, the host's
name is resolved once for each call and the connection goes to the very address that was looked at.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from tracker import __version__
from tracker.addresses import is_public, resolve
from tracker.crm.base import CredentialsError, RateLimitedError, RefusedError, RetryLaterError

MAX_ANSWER_BYTES = 8 * 1024 * 1024
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a CRM said: a status below 400 or one that the caller wants to see, and its JSON (``None``: no body)."""

    status: int
    headers: httpx.Headers
    body: Any


class CrmHttp:
    """Calls of one account.

    :param title: of the CRM, for errors.
    :param base_url: ``https://api.example``; paths are added to it.
    :param headers: of every request; hold the credentials.
    """

    def __init__(
        self,
        title: str,
        base_url: str,
        headers: Mapping[str, str],
        *,
        timeout_seconds: float,
        allow_private: bool = False,
    ) -> None:
        self._title = title
        self._base = httpx.URL(base_url.rstrip("/") + "/")
        self._allow_private = allow_private
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"trackerctl/{__version__}", "Accept": "application/json", **headers},
            timeout=timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            verify=trust(),
        )

    async def close(self) -> None:
        """Give back connections."""
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        expect: tuple[int, ...] = (),
    ) -> Answer:
        """One request.

        :param body: sent as JSON, unless it is ``None``.
        :param expect: statuses from 400 on that are answers to the caller and no failures.
        :raises CrmError: a time-out, a cut connection, 408, 425 and 5xx as "later", 401 and 403 as bad credentials, 429
            with its ``Retry-After``, everything else that is no success as refused.
        """
        url = (
            self._base.join(path.lstrip("/")) if path else self._base.copy_with(path=self._base.path.rstrip("/") or "/")
        )
        content = None if body is None else msgspec.json.encode(body)
        kind = {"Content-Type": "application/json"} if content is not None else {}
        try:
            request = self._client.build_request(method, url, content=content, headers={**kind, **(headers or {})})
            await self._pin(request)
            response = await self._client.send(request, stream=True)
            try:
                text = await _bounded(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise RetryLaterError(f"{self._title} did not answer ({type(error).__name__})") from None
        self._check(response, expect)
        return Answer(response.status_code, response.headers, self._json(text))

    async def _pin(self, request: httpx.Request) -> None:
        """Let the connection go to an address that was looked at."""
        if self._allow_private:
            return
        host = request.url.raw_host.decode("ascii").strip("[]")
        try:
            addresses = await resolve(host, request.url.port or _PORTS.get(request.url.scheme, 443))
        except (OSError, UnicodeError):
            raise RetryLaterError(f"the name of {self._title}'s host leads to no address") from None
        if not addresses or not all(map(is_public, addresses)):
            raise RefusedError(
                f"{self._title}'s host is on a private network; allow_private in the settings lets it be called"
            )
        request.extensions["sni_hostname"] = host
        request.url = request.url.copy_with(host=addresses[0])

    def _check(self, response: httpx.Response, expect: tuple[int, ...]) -> None:
        status = response.status_code
        if status < 300 or status in expect:
            return
        wait = retry_after(response.headers.get("retry-after"))
        told = f"{self._title} answered {status}"
        if status == 429:
            raise RateLimitedError(f"{told}: no calls left for now", retry_after=wait)
        if status in (401, 403):
            raise CredentialsError(f"{told}: the credentials are not good, or allow too little")
        if status >= 500 or status in (408, 425):
            raise RetryLaterError(told, retry_after=wait)
        raise RefusedError(f"{told}: it does not understand the call")

    def _json(self, text: bytes) -> Any:
        if not text.strip():
            return None
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            raise RetryLaterError(f"{self._title} answered something that is no JSON") from None


def trust() -> ssl.SSLContext:
    """The certificates that are trusted, as `requests` finds them."""
    path = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")
    if path:
        return ssl.create_default_context(cafile=path)
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a ``Retry-After`` header (RFC 9110 §10.2.3): a number, or a date; ``None`` for anything else."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), 86_400))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(86_400.0, max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()))


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise httpx.DecodingError("the answer is too large")
    return bytes(body)
