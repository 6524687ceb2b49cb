"""The page fetcher is no open proxy and no way into the network behind it."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import a_key
from tracker.addresses import is_public
from tracker.configtest.fetch import MAX_PAGE_BYTES, PageError, PageFetcher

PUBLIC = "93.184.216.34"


@dataclass
class Site:
    """A real web server on loopback: what it answers by path, and what it was asked."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        answer = self.pages.get(head.split(" ")[1])
        if answer is not None:
            writer.write(answer)
            await writer.drain()
            writer.close()


def html(body: str | bytes, *headers: str, status: str = "200 OK", media: str = "text/html; charset=utf-8") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media}", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


def redirect(location: str) -> bytes:
    return html("", f"Location: {location}", status="302 Found")


@asynccontextmanager
async def a_site(**pages: bytes) -> AsyncIterator[Site]:
    site = Site(pages={f"/{name}": answer for name, answer in pages.items()})
    server = await asyncio.start_server(site.handle, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()


class Names:
    """A name server that answers what it is told, one answer after the other, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def here() -> Names:
    return Names(["127.0.0.1"])


async def refusal(fetcher: PageFetcher, url: str, **key: object) -> str:
    with pytest.raises(PageError) as refused:
        await fetcher.fetch(url, a_key(**key))
    return refused.value.detail


async def test_fetches_a_page_of_the_client_from_the_address_that_its_name_has() -> None:
    async with a_site(contact=html("<h1>Grüße</h1>", "Content-Security-Policy: default-src 'self'")) as site:
        names = here()
        url = f"http://www.shop.example:{site.port}/contact"
        page = await PageFetcher(True, names).fetch(url, a_key())
    assert (page.url, page.html, page.policies) == (url, "<h1>Grüße</h1>", ["default-src 'self'"])
    assert names.asked == [("www.shop.example", site.port)]
    assert f"Host: www.shop.example:{site.port}" in site.asked[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/",
        "http://shop.example.evil.example/",
        "http://notshop.example/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost/",
    ],
)
async def test_only_hosts_of_the_client_are_asked_for(url: str) -> None:
    names = here()
    assert "not the client's" in await refusal(PageFetcher(True, names), url)
    assert names.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "file:///etc/passwd",
        "http://",
        "http://u:p@shop.example/",
    ],
)
async def test_only_whole_addresses_of_pages_are_taken(url: str) -> None:
    names = here()
    assert "give the whole" in await refusal(PageFetcher(True, names), url)
    assert names.asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["::1"],
        [PUBLIC, "192.168.1.1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],
    ],
)
async def test_a_name_that_leads_inside_is_not_followed(addresses: list[str]) -> None:
    async with a_site() as site:
        said = await refusal(
            PageFetcher(False, Names(addresses)),
            f"http://shop.example:{site.port}/",
            allowed_origins=(f"http://shop.example:{site.port}",),
        )
    assert "private or loopback" in said
    assert "TRACKER_PAGE_CHECK_PRIVATE" in said
    assert site.asked == []


async def test_the_name_is_asked_for_once_so_that_a_second_answer_changes_nothing() -> None:
    # With a second look the connection would go where nobody listens.
    async with a_site(x=html("here")) as site:
        names = Names(["127.0.0.1"], ["127.0.0.9"])
        page = await PageFetcher(True, names).fetch(f"http://shop.example:{site.port}/x", a_key())
    assert page.html == "here"
    assert len(names.asked) == 1


async def test_a_redirect_is_checked_like_the_first_address() -> None:
    async with a_site(a=redirect("/b"), b=html("b"), out=redirect("http://169.254.169.254/")) as site:
        fetcher = PageFetcher(True, here())
        page = await fetcher.fetch(f"http://shop.example:{site.port}/a", a_key())
        assert (page.url, page.html) == (f"http://shop.example:{site.port}/b", "b")
        assert "not the client's" in await refusal(fetcher, f"http://shop.example:{site.port}/out")


async def test_a_redirect_to_a_name_that_leads_inside_is_not_followed() -> None:
    async with a_site() as site:
        origin = f"http://shop.example:{site.port}"
        site.pages["/a"] = redirect(f"http://in.shop.example:{site.port}/b")
        allowed = (origin, f"http://in.shop.example:{site.port}")

        class Judged(PageFetcher):
            """The first address counts as public, though a test can only serve from loopback."""

            async def _address(self, target: object) -> str:
                self._allow_private = not site.asked
                return await super()._address(target)  # type: ignore[arg-type]

        said = await refusal(Judged(False, here()), f"{origin}/a", allowed_origins=allowed)
    assert "private or loopback" in said
    assert len(site.asked) == 1


async def test_redirects_in_a_circle_end() -> None:
    async with a_site(a=redirect("/b"), b=redirect("/a")) as site:
        assert "redirects more than 5" in await refusal(PageFetcher(True, here()), f"http://shop.example:{site.port}/a")
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (html("x" * (MAX_PAGE_BYTES + 1)), "larger than 2 MiB"),
        (html("x", status="404 Not Found"), "status 404"),
        (html("{}", media="application/json"), "no HTML page but application/json"),
        (html(gzip.compress(b"x"), "Content-Encoding: gzip"), "compressed"),
        (b"nonsense\r\n\r\n", "could not be fetched"),
    ],
)
async def test_what_is_no_page_is_said_in_words(answer: bytes, words: str) -> None:
    async with a_site(x=answer) as site:
        assert words in await refusal(PageFetcher(True, here()), f"http://shop.example:{site.port}/x")


async def test_a_page_that_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.configtest.fetch._TOTAL_SECONDS", 0.2)
    async with a_site() as site:
        assert "did not come within" in await refusal(PageFetcher(True, here()), f"http://shop.example:{site.port}/")


async def test_a_name_without_an_address_is_said() -> None:
    assert "no address" in await refusal(PageFetcher(False, Names([])), "http://shop.example/")


async def test_other_ports_only_where_the_client_names_them() -> None:
    fetcher = PageFetcher(False, here())
    assert "port is not fetched" in await refusal(fetcher, "http://shop.example:6379/")
    named = await refusal(fetcher, "http://shop.example:6379/", allowed_origins=("http://shop.example:6379",))
    assert "private or loopback" in named


def inside(network: str) -> st.SearchStrategy[str]:
    parsed = ipaddress.ip_network(network)
    make: Callable[[int], object] = ipaddress.IPv4Address if parsed.version == 4 else ipaddress.IPv6Address
    first, last = int(parsed.network_address), int(parsed.broadcast_address)
    return st.integers(first, last).map(make).map(str)


NOT_PUBLIC = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0/96", "64:ff9b::/96",
    "2002::/16", "2001::/32", "2001:db8::/32", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)  # fmt: skip


@given(st.sampled_from(NOT_PUBLIC).flatmap(inside))
def test_no_address_of_a_special_network_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)
