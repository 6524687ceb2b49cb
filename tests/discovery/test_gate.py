"""The browser that draws pages reaches public addresses only."""

from __future__ import annotations

import asyncio
import struct

import pytest

from tests.discovery.pages import a_host
from tracker.discovery.gate import Gate

CONNECT, BIND = 1, 2


class Names:
    """A name server that gives one answer."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if not self.addresses:
            raise OSError
        return self.addresses


async def through(gate: Gate, host: str, port: int, request: bytes = b"", command: int = CONNECT) -> tuple[int, bytes]:
    """The gate's answer code, and what came back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    name = host.encode()
    writer.write(b"\x05\x01\x00" + bytes([5, command, 0, 3, len(name)]) + name + struct.pack("!H", port) + request)
    assert await reader.readexactly(2) == b"\x05\x00"
    code = (await reader.readexactly(10))[1]
    body = await reader.read() if code == 0 else b""
    writer.close()
    return code, body


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.8"], ["93.184.216.34", "169.254.169.254"], ["::1"], ["::ffff:10.0.0.1"]]
)
async def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    with a_host({"/": "inside"}) as host:
        async with Gate(False, Names(*addresses)).open() as gate:
            assert await through(gate, "shop.example", host.port) == (2, b"")
        assert gate.refused == {"shop.example"}
        assert host.asked == []


async def test_where_private_addresses_are_allowed_bytes_go_both_ways() -> None:
    with a_host({"/": "inside"}) as host:
        async with Gate(True, Names("127.0.0.1")).open() as gate:
            code, body = await through(gate, "shop.example", host.port, b"GET / HTTP/1.0\r\n\r\n")
    assert (code, body.endswith(b"inside")) == (0, True)


async def test_a_name_without_an_address_is_unreachable() -> None:
    async with Gate(False, Names()).open() as gate:
        assert (await through(gate, "nowhere.example", 80))[0] == 4


async def test_nothing_but_connecting_is_done() -> None:
    names = Names("127.0.0.1")
    async with Gate(True, names).open() as gate:
        assert (await through(gate, "shop.example", 80, command=BIND))[0] == 7
    assert names.asked == []


async def test_what_is_no_socks_is_hung_up_on() -> None:
    async with Gate(True, Names("127.0.0.1")).open() as gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
        writer.write(b"GET")
        writer.write_eof()
        await reader.read()
        writer.close()
