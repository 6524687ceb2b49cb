"""The only way out for the browser that draws pages: a SOCKS5 server (RFC 1928) that connects to public addresses only.

A page's scripts may ask for any address, also one behind our firewall, and a name may stand for another address at
every question. So the browser resolves nothing: it hands over names, and what is checked is what is connected to.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import IPv4Address, IPv6Address

from tracker.addresses import Resolve, is_public, resolve
from tracker.tasks import end

_CONNECT_SECONDS = 10.0
_CHUNK = 65_536
_VERSION, _NO_AUTHENTICATION, _CONNECT = 5, 0, 1
_IPV4, _NAME, _IPV6 = 1, 3, 4
_DONE, _NOT_ALLOWED, _UNREACHABLE, _UNSUPPORTED = 0, 2, 4, 7


class Gate:
    """Opens connections for a browser.

    :ivar refused: hosts that led to no public address, for the report.
    """

    def __init__(self, allow_private: bool, resolve: Resolve = resolve) -> None:
        self._allow_private = allow_private
        self._resolve = resolve
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused: set[str] = set()
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Gate]:
        """Listen on loopback; at the end all connections are closed."""
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                await end(task)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError, UnicodeError, TimeoutError):
                host, port = await _asked(reader, writer)
                await self._connect(reader, writer, host, port)
        finally:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            addresses = []
        if not self._allow_private and not all(map(is_public, addresses)):
            self.refused.add(host)
            writer.write(_answer(_NOT_ALLOWED))
            return
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                far_reader, far_writer = await _first(addresses, port)
        except (OSError, TimeoutError):
            writer.write(_answer(_UNREACHABLE))
            return
        writer.write(_answer(_DONE))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, far_writer))
                group.create_task(_copy(far_reader, writer))
        finally:
            far_writer.close()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int]:
    """The host and port that a connection is wanted to; `EOFError` when it is not that what is asked."""
    _, count = await reader.readexactly(2)
    await reader.readexactly(count)
    writer.write(bytes([_VERSION, _NO_AUTHENTICATION]))
    _, command, _, kind = await reader.readexactly(4)
    if kind == _NAME:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii")
    elif kind in (_IPV4, _IPV6):
        packed = await reader.readexactly(4 if kind == _IPV4 else 16)
        host = str(IPv4Address(packed) if kind == _IPV4 else IPv6Address(packed))
    else:
        host = ""
    (port,) = struct.unpack("!H", await reader.readexactly(2)) if host else (0,)
    if command != _CONNECT or not host:
        writer.write(_answer(_UNSUPPORTED))
        raise EOFError
    return host, port


def _answer(code: int) -> bytes:
    return bytes([_VERSION, code, 0, _IPV4, 0, 0, 0, 0, 0, 0])


async def _first(addresses: list[str], port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that answers."""
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port, family=socket.AF_UNSPEC)
        except OSError as failed:
            error = failed
    raise error


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
