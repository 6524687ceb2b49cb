"""Which pages may use a publishable key (decisions §4)."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from tracker.config.records import KeyRecord

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def origin_allowed(key: KeyRecord, origin: str) -> bool:
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
