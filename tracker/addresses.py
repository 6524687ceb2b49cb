"""Which addresses outgoing requests may reach: looked at where a name has led to, not where it was saved.

A name is resolved once and the connection goes to the very address that was looked at, so that a second answer of the
name server (DNS rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host's name and a port to all addresses of the name; raises `OSError` when it has none."""

# Services of clouds for their own machines at addresses that look like anybody's: Azure's and Oracle's.
_OF_CLOUDS = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))


async def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name.

    :raises OSError: when it has none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; one that carries another (mapped, 6to4, NAT64) is none."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and (parsed.ipv4_mapped or parsed.sixtofour or parsed.teredo):
        return False
    special = parsed.is_multicast or parsed.is_reserved or getattr(parsed, "is_site_local", False)
    return parsed.is_global and not special and not any(parsed in network for network in _OF_CLOUDS)
