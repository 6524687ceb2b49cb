"""Addresses are only ever stored cut: IPv4 to /24, IPv6 to /48 (decisions §6)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

# By the words of the name without what stands between them: xForwardedFor, X-Forwarded-For and so on.
_NAMES = """
    ip ips ipaddress ipaddresses ipaddr ipv4 ipv6 ipv4address ipv6address remoteaddress remoteaddr remoteip clientip
    clientaddress userip visitorip sourceip publicip hostip realip peerip peeraddress lastip loginip signupip
    xforwardedfor forwardedfor forwarded xrealip xclientip xclusterclientip trueclientip cfconnectingip
    fastlyclientip xoriginalforwardedfor httpxforwardedfor httpclientip
"""
_ADDRESS_NAMES = frozenset(_NAMES.split())
_NOT_ALNUM = re.compile(r"[\W_]+")
_CAMEL_IP = re.compile(r"(?:[a-z\d]I[Pp]|(?:^|[\W_])ip)(?:s?$|[\W_\dA-Z])|^(?:ip|IP)[A-Z_]|IP$")
# What may be an address inside a list, in brackets, or with a port; `_cut` decides.
_CANDIDATE = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,45})(?:%\w{1,32})?")
_MIN_NUMBER, _MAX_NUMBER = 1 << 24, (1 << 32) - 1


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


@lru_cache(maxsize=16_384)
def is_address_name(name: str) -> bool:
    """Whether a field of this name holds addresses: ``ip``, ``client_ip``, ``X-Forwarded-For``, ``ipAddress``."""
    return _NOT_ALNUM.sub("", name).lower() in _ADDRESS_NAMES or _CAMEL_IP.search(name) is not None


def cut_addresses(value: Any) -> None:
    """Cut the addresses in all fields that are named for them, at any depth, in place.

    Lists as proxies write them (``203.0.113.7, 198.51.100.1:4711``; ``for="[2001:db8::1]";proto=https``) keep
    their form. What is no address stays.

    :param value: a nested structure of JSON's types that nobody else holds.
    """
    if type(value) is dict:
        for name, item in value.items():
            if is_address_name(name):
                value[name] = _cut_all(item)
            elif type(item) is dict or type(item) is list:
                cut_addresses(item)
    elif type(value) is list:
        for item in value:
            cut_addresses(item)


def _cut_all(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return anonymise_ip(value) or _CANDIDATE.sub(_cut, value)
    if kind is list:
        return [_cut_all(item) for item in value]
    if kind is dict:
        return {name: _cut_all(item) for name, item in value.items()}
    if kind is int and _MIN_NUMBER <= value <= _MAX_NUMBER:
        return anonymise_ip(str(IPv4Address(value)))
    return value


def _cut(found: re.Match[str]) -> str:
    text = found[0]
    if (cut := anonymise_ip(text)) is not None:
        return cut
    # An IPv6 address without brackets and with a dot or colon of the sentence behind it.
    return anonymise_ip(text.rstrip(".:")) or text
