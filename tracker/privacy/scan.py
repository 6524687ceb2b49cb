"""Reads a whole collection for what names a person: raw BSON, in pages by ``_id``, with bounded memory.

Only documents whose bytes may hold a needle are decoded. A scan does not block: others read and write meanwhile. What
is inserted behind it is missed, so that whoever must miss nothing scans again what came since.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from tracker.privacy.needles import Needles
from tracker.stores.documents import AsyncCollection

PAGE = 500
"""Documents in a round trip. At 64 KiB each that is 32 MiB at most."""

_RAW: CodecOptions[RawBSONDocument] = CodecOptions(RawBSONDocument, tz_aware=True)


async def scan(
    collection: AsyncCollection, needles: Needles, query: Mapping[str, Any] | None = None, *, after: Any = None
) -> AsyncIterator[dict[str, Any]]:
    """The documents that hold one of the needles, decoded, by ``_id``. They may be deleted or changed meanwhile.

    :param query: which documents are read.
    :param after: begins behind this ``_id``.
    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    raw = collection.with_options(codec_options=_RAW)
    last = after
    while True:
        place = {"_id": {"$gt": last}} if last is not None else {}
        page: list[Any] = (
            await raw.find({"$and": [place, query or {}]}, allow_disk_use=True)
            .sort("_id", 1)
            .limit(PAGE)
            .batch_size(PAGE)
            .to_list()
        )
        for document in page:
            # Of a large page PyMongo gives views into one buffer, which are no bytes.
            if needles.maybe_in(bytes(document.raw)):
                found = decoded(document)
                if needles.in_value(found):
                    yield found
        if len(page) < PAGE:
            return
        last = page[-1]["_id"]


def decoded(document: RawBSONDocument) -> dict[str, Any]:
    """A raw document as a plain dictionary, times aware."""
    from bson import decode

    plain: dict[str, Any] = decode(document.raw, codec_options=CodecOptions(tz_aware=True))
    return plain
