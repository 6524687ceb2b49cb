"""Which pages may use a publishable key (decisions §4)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol

from tracker.config.records import KeyMode

_MAX_PORT = 65_535
# What a browser can send for a page on http or https (RFC 6454 §6.2) and nothing else: no user name, path, query or
# fragment, a name in ASCII (RFC 5891 A-labels), at most one dot at its end.
_ORIGIN = re.compile(
    r"https?://(?:(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?|\[(?P<address>[0-9a-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?",
    re.IGNORECASE | re.ASCII,
)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Site(Protocol):
    """What a key's record says of the pages of its client."""

    @property
    def domain(self) -> str: ...
    @property
    def allowed_origins(self) -> tuple[str, ...]: ...
    @property
    def mode(self) -> KeyMode: ...


def origin_allowed(key: Site, origin: str) -> bool:
    """Whether a browser on ``origin`` may use the key: the client's domain and its subdomains on http or https and any
    port, its ``allowed_origins``, and localhost for a test key."""
    return _allowed(key.domain, key.allowed_origins, key.mode == "test", origin)


@lru_cache(maxsize=4096)
def _allowed(domain: str, allowed_origins: tuple[str, ...], test: bool, origin: str) -> bool:
    if origin in allowed_origins:
        return True
    parts = _ORIGIN.fullmatch(origin)
    if parts is None or int(parts["port"] or 0) > _MAX_PORT:
        return False
    host = (parts["name"] or parts["address"]).lower()
    if test and (host in LOOPBACK or host.endswith(".localhost")):
        return True
    return host == domain or host.endswith(f".{domain}")
