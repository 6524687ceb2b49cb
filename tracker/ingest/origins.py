"""Which pages may use a publishable key (decisions §4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from tracker.config.records import KeyMode

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
    try:
        parts = urlsplit(origin)
        host = (parts.hostname or "").rstrip(".")
        _ = parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or parts.path or parts.query or parts.username:
        return False
    if test and (host in LOOPBACK or host.endswith(".localhost")):
        return True
    return host == domain or host.endswith(f".{domain}")
