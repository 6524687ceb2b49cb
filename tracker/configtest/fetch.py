"""Fetches a client's own page for ``/config-test`` and for the discovery of forms, and nothing else.

What keeps it from being an open proxy or a way into the network behind it: only hosts that the client allows;
only http and https, on their usual ports or on an origin that the client names; every address that the name stands
for must be public; the name is resolved once and the connection goes to that address, so that a second answer of the
name server changes nothing; redirects go through all of it again; size, time and number of redirects are limited;
proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec

from tracker.addresses import Resolve, is_public, resolve
from tracker.errors import InvalidError, TrackerError
from tracker.ingest.origins import Site, origin_allowed

MAX_PAGE_BYTES = 2 * 1024 * 1024
_TOTAL_SECONDS = 8.0
_STEP_SECONDS = 5.0
_MAX_REDIRECTS = 5
_MAX_URL_CHARS = 2048
_PORTS = {"http": 80, "https": 443}
_HTML = ("text/html", "application/xhtml+xml")


class PageError(TrackerError):
    """The page could not be had; the detail says why and what to do."""

    status, slug, title = 422, "page", "The page could not be read"


class PageGoneError(PageError):
    """The server says that there is no such page (404) or none any more (410)."""


class FetchedPage(msgspec.Struct, frozen=True):
    """A page as it came. ``url`` is where the redirects ended, ``policy`` its ``Content-Security-Policy`` headers."""

    url: str
    html: str
    policies: list[str]


class PageFetcher:
    """Fetches pages of a client.

    :param allow_private: also from private and loopback addresses and from any port: for trying out.
    :param instead: what an operator may do instead, in an imperative.
    :param permit: how an operator allows private addresses, in an imperative.
    """

    def __init__(
        self,
        allow_private: bool,
        resolve: Resolve = resolve,
        instead: str = "paste its HTML",
        permit: str = "set TRACKER_PAGE_CHECK_PRIVATE=true",
    ) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._instead = instead
        self._permit = permit

    async def fetch(self, url: str, site: Site) -> FetchedPage:
        """Get a page, following redirects on the client's own hosts.

        :raises PageError: with the reason, in words for an operator.
        """
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                return await self._follow(url, site)
        except TimeoutError:
            raise PageError(f"the page did not come within {_TOTAL_SECONDS:g} s; {self._instead} instead") from None
        except httpx.InvalidURL:
            raise PageError("that is no address of a page; give the whole of it, https://…") from None
        except httpx.HTTPError as error:
            fault = f"the page could not be fetched ({type(error).__name__}); {self._instead} instead"
            raise PageError(fault) from None

    async def _follow(self, url: str, site: Site) -> FetchedPage:
        # A connection per address: the name of one must never reach another.
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=_STEP_SECONDS) as client:
            for _ in range(_MAX_REDIRECTS + 1):
                target = self._checked(url, site)
                address = await self._address(target)
                request = _request(client, target, address)
                response = await client.send(request, stream=True)
                try:
                    if not response.has_redirect_location:
                        return await _read(response, target)
                    url = str(target.join(response.headers["location"]))
                finally:
                    await response.aclose()
        raise PageError(f"the page redirects more than {_MAX_REDIRECTS} times; give the address where it ends")

    def _checked(self, url: str, site: Site) -> httpx.URL:
        if len(url) > _MAX_URL_CHARS:
            raise PageError(f"an address has at most {_MAX_URL_CHARS} characters")
        target = httpx.URL(url.strip())
        if target.scheme not in _PORTS or not target.host or target.userinfo:
            raise PageError("give the whole address of a page, https://… or http://…, without a user name")
        origin = _origin(target)
        if not origin_allowed(site, origin):
            raise PageError(
                "that host is not the client's: only its domain, its subdomains and its allowed origins are fetched. "
                f"`trackerctl client update --origin` adds one; or {self._instead}"
            )
        if target.port not in (None, _PORTS[target.scheme]) and not (
            self._allow_private or origin in site.allowed_origins
        ):
            raise PageError(
                f"that port is not fetched; add the origin to the client, {self._instead}, or {self._permit}"
            )
        return target

    async def _address(self, target: httpx.URL) -> str:
        try:
            host = target.raw_host.decode("ascii").strip("[]")
            addresses = await self._resolve(host, target.port or _PORTS[target.scheme])
        except (OSError, UnicodeError):
            addresses = []
        if not addresses:
            raise PageError("the host's name leads to no address; check its spelling and its DNS records")
        if not self._allow_private and not all(map(is_public, addresses)):
            raise PageError(
                "the host's name leads to a private or loopback address, which is not fetched; "
                f"{self._instead}, or {self._permit}"
            )
        return addresses[0]


def check_html(html: str) -> str:
    """What an operator pasted.

    :raises InvalidError: when it is too large.
    """
    if len(html.encode("utf-8", "replace")) > MAX_PAGE_BYTES:
        raise InvalidError(f"at most {MAX_PAGE_BYTES // 1024**2} MiB of HTML; paste only the part with the forms")
    return html


def _origin(target: httpx.URL) -> str:
    host = target.raw_host.decode("ascii")
    port = "" if target.port in (None, _PORTS[target.scheme]) else f":{target.port}"
    return f"{target.scheme}://{host}{port}"


def _request(client: httpx.AsyncClient, target: httpx.URL, address: str) -> httpx.Request:
    headers = {
        "Host": target.netloc.decode("ascii"),
        "Accept": "text/html",
        # Not compressed: what a few bytes may become is not known before they are unpacked.
        "Accept-Encoding": "identity",
        "User-Agent": "trackerctl-config-test",
        "Connection": "close",
    }
    # The certificate must be that of the name, though the connection goes to the address.
    extensions: dict[str, Any] = {"sni_hostname": target.raw_host.decode("ascii")}
    return client.build_request("GET", target.copy_with(host=address), headers=headers, extensions=extensions)


async def _read(response: httpx.Response, target: httpx.URL) -> FetchedPage:
    if response.status_code in (404, 410):
        raise PageGoneError(f"the page answers with status {response.status_code}: it is not there")
    if response.status_code != 200:
        raise PageError(f"the page answers with status {response.status_code}; give the address of one that answers")
    media = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in _HTML:
        raise PageError(f"that is no HTML page but {media[:60] or 'of no named type'}")
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise PageError("the page came compressed though it was asked for plain; paste its HTML instead")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_PAGE_BYTES:
            raise PageError(f"the page is larger than {MAX_PAGE_BYTES // 1024**2} MiB; give the part with the forms")
    html = bytes(body).decode(_charset(response), "replace")
    return FetchedPage(str(target), html, response.headers.get_list("content-security-policy"))


def _charset(response: httpx.Response) -> str:
    name = response.charset_encoding or "utf-8"
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return "utf-8"
    return name
