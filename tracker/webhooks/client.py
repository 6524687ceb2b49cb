"""Posts messages to addresses that operators name, and to nothing else that such an address may lead to.

Every address that the host's name stands for must be public; the name is resolved once for each request and the
connection goes to the very address that was looked at (`tracker.addresses`). Redirects are not followed, proxies of
the environment not used, connections not shared: one that was made for a name never serves another name at the same
address. Time and the size of what is read are limited. TLS trusts certifi's list, or what ``SSL_CERT_FILE`` names.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

import httpx

from tracker import __version__
from tracker.addresses import Resolve, is_public, resolve
from tracker.webhooks.schedule import retry_after

TIMEOUT_SECONDS = 15.0
MAX_ANSWER_BYTES = 64 * 1024
KEPT_ANSWER_CHARS = 1024

_CONNECT_SECONDS = 5.0
_MOST_ADDRESSES = 3
_PORTS = {"http": 80, "https": 443}
_SECRETS = re.compile(r"whsec_[A-Za-z0-9+/=_-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffd]+")

Fault = Literal["status", "redirect", "timeout", "connect", "tls", "cut", "name", "address", "url"]
"""Why a message did not arrive.

``status``: another answer than 2xx; ``redirect``: 3xx; ``timeout``: no answer in time; ``connect``, ``tls``: no
connection; ``cut``: it ended before an answer; ``name``: the host's name leads nowhere; ``address``: it leads to an
address that is not public; ``url``: not one that can be posted to.
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request.

    :ivar status: of HTTP; ``None`` when there was no answer.
    :ivar error: ``None`` when the message has arrived.
    :ivar text: the first characters of the answer's body, without control characters and secrets.
    :ivar retry_after: what the receiver asked for.
    """

    status: int | None
    error: Fault | None
    milliseconds: int
    text: str = ""
    retry_after: timedelta | None = None


@dataclass(slots=True)
class _Heard:
    """What has come so far; a time-out in the middle of the body does not take the status back."""

    status: int | None = None
    retry_after: str | None = None
    body: bytearray = field(default_factory=bytearray)


class WebhookClient:
    """Posts messages; close it in the end.

    :param allow_private: also to private and loopback addresses.
    :param verify: trusts these certificates instead.
    """

    def __init__(
        self,
        allow_private: bool,
        resolve: Resolve = resolve,
        timeout_seconds: float = TIMEOUT_SECONDS,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._timeout_seconds = timeout_seconds
        self._http = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            verify=verify or httpx.create_ssl_context(),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            timeout=httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give connections back."""
        await self._http.aclose()

    async def post(self, url: str, headers: dict[str, str], payload: bytes) -> Answer:
        """Post a JSON body and look at the status; never raises what a receiver or a network does."""
        started = time.monotonic()
        heard = _Heard()
        error: Fault | None
        try:
            async with asyncio.timeout(self._timeout_seconds):
                error = await self._sent(url, headers, payload, heard)
        except (TimeoutError, httpx.TimeoutException):
            error = "timeout"
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError):
            error = "url"
        except httpx.ConnectError as fault:
            error = "tls" if _is_tls(fault) else "connect"
        except httpx.HTTPError:
            error = "cut"
        if heard.status is not None:
            error = _of_status(heard.status)
        return Answer(
            heard.status,
            error,
            round((time.monotonic() - started) * 1000),
            _shown(bytes(heard.body)),
            retry_after(heard.retry_after, datetime.now(UTC)),
        )

    async def _sent(self, url: str, headers: dict[str, str], payload: bytes, heard: _Heard) -> Fault | None:
        target = httpx.URL(url)
        if target.scheme not in _PORTS or not target.host:
            return "url"
        host = target.raw_host.decode("ascii").strip("[]")
        try:
            addresses = await self._resolve(host, target.port or _PORTS[target.scheme])
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            return "name"
        if not self._allow_private and not all(map(is_public, addresses)):
            return "address"
        await self._first_that_answers(target, addresses[:_MOST_ADDRESSES], headers, payload, heard)
        return None

    async def _first_that_answers(
        self, target: httpx.URL, addresses: list[str], headers: dict[str, str], payload: bytes, heard: _Heard
    ) -> None:
        for number, address in enumerate(addresses, 1):
            request = self._request(target, address, headers, payload)
            try:
                response = await self._http.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
                continue
            try:
                await _listen(response, heard)
            finally:
                await response.aclose()
            return

    def _request(self, target: httpx.URL, address: str, headers: dict[str, str], payload: bytes) -> httpx.Request:
        own = {
            "Host": target.netloc.decode("ascii"),
            "Content-Type": "application/json",
            # Not compressed: what a few bytes may become is not known before they are unpacked.
            "Accept-Encoding": "identity",
            "User-Agent": f"trackerctl-webhook/{__version__}",
            "Connection": "close",
        }
        # The certificate must be that of the name, though the connection goes to the address.
        extensions: dict[str, Any] = {"sni_hostname": target.raw_host.decode("ascii")}
        return self._http.build_request(
            "POST", target.copy_with(host=address), headers={**own, **headers}, content=payload, extensions=extensions
        )


async def _listen(response: httpx.Response, heard: _Heard) -> None:
    heard.status = response.status_code
    heard.retry_after = response.headers.get("retry-after")
    async for chunk in response.aiter_raw():
        heard.body += chunk[: MAX_ANSWER_BYTES - len(heard.body)]
        if len(heard.body) >= MAX_ANSWER_BYTES:
            return


def _of_status(status: int) -> Fault | None:
    if 200 <= status < 300:
        return None
    return "redirect" if 300 <= status < 400 else "status"


def _is_tls(error: BaseException) -> bool:
    """httpx has one class for all that goes wrong with a connection; the cause tells."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _shown(body: bytes) -> str:
    text = body[: 4 * KEPT_ANSWER_CHARS].decode("utf-8", "replace")
    return _CONTROL.sub(" ", _SECRETS.sub("whsec_…", text))[:KEPT_ANSWER_CHARS].strip()
