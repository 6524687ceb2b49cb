"""Files that are built elsewhere and travel in the wheel: the browser script and its debug overlay."""

from __future__ import annotations

import gzip
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha384
from pathlib import Path

import brotli

from tracker.errors import NotFoundError
from tracker.names import OVERLAY_NAME

_PACKAGE = Path(__file__).parent
# In a wheel beside the package's code, in a checkout where esbuild writes it.
_FOLDERS = (_PACKAGE / "_static", _PACKAGE.parent / "jsbundle" / "dist")


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file in all the encodings it is served in."""

    body: bytes
    brotli: bytes
    gzip: bytes
    etag: str
    integrity: str


def browser_script(version: str, *, record: bool = False) -> Asset:
    """The built SDK, ``main-app.<version>.js``.

    :param record: the one that also keeps a record of consent, for clients that ask for consent.
    :raises NotFoundError: for a version that this installation does not carry.
    """
    if not version.isalnum():
        raise NotFoundError("no such version of the browser script here")
    return _asset(f"main-app-consent.{version}.js" if record else f"main-app.{version}.js")


def debug_overlay() -> Asset:
    """The panel that the SDK shows on ``?tracker_debug=1``.

    :raises NotFoundError: when this installation does not carry it.
    """
    return _asset(OVERLAY_NAME)


def encoded(body: bytes) -> Asset:
    """Bytes in all encodings, with a strong ETag and the hash for an ``integrity`` attribute."""
    digest = sha384(body).digest()
    return Asset(
        body=body,
        brotli=brotli.compress(body),
        gzip=gzip.compress(body, 9, mtime=0),
        etag=f'"{digest.hex()[:32]}"',
        integrity=f"sha384-{b64encode(digest).decode()}",
    )


@cache
def _asset(name: str) -> Asset:
    path = next((folder / name for folder in _FOLDERS if (folder / name).is_file()), None)
    if path is None:
        raise NotFoundError(f"this installation carries no file {name}")
    return encoded(path.read_bytes())
