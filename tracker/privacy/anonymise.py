"""Addresses are only ever stored cut: IPv4 to /24, IPv6 to /48 (decisions §6)."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


@lru_cache(maxsize=4096)
def anonymise_ip(text: str) -> str | None:
    """The network address that is stored for a visitor's address; ``None`` for what is no address.

    An IPv4 address inside an IPv6 one (``::ffff:192.0.2.7``) is cut as IPv4: /48 of it would say nothing, and
    the whole of it everything.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text.strip().split("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(ip_network(f"{address}/{prefix}", strict=False).network_address)
