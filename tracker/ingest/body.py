"""Reads a request body within its limits: content type, gzip, size before and after decompression."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

from tracker.errors import TooLargeError, UnreadableError, UnsupportedMediaError

# text/plain is what sendBeacon and a fetch without preflight send.
_CONTENT_TYPES = ("application/json", "text/plain")


def check_content_type(content_type: str) -> None:
    """:raises UnsupportedMediaError: for anything but JSON or plain text."""
    media, _, parameters = content_type.lower().partition(";")
    if media.strip() not in _CONTENT_TYPES:
        raise UnsupportedMediaError("send application/json or text/plain")
    if "charset" in parameters and "utf-8" not in parameters and "utf8" not in parameters:
        raise UnsupportedMediaError("send UTF-8")


async def read_body(chunks: AsyncIterator[bytes], declared: int | None, encoding: str, limit: int) -> bytes:
    """The decoded body, at most ``limit`` bytes of it.

    :raises TooLargeError: as soon as more arrives, or would come out of the compressed body.
    :raises UnsupportedMediaError: for an encoding other than gzip.
    """
    if declared is not None and declared > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        parts.append(chunk)
    body = b"".join(parts) if len(parts) != 1 else parts[0]
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return _gunzip(body, limit)
        case _:
            raise UnsupportedMediaError("the only content encoding read here is gzip")


def _gunzip(body: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(body, limit + 1)
    except zlib.error:
        raise UnreadableError("the body is not gzip") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not inflater.eof or inflater.unused_data:
        raise UnreadableError("the gzip body is cut short, or goes on after its end")
    return plain


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"at most {limit} bytes, also after decompression")
