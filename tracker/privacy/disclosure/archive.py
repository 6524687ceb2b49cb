"""Writes the zip file of a copy: one store after the other, row by row, so that memory does not grow with it.

``index.html`` is made beside the JSON files and goes in behind them; until then it is in an unnamed temporary file.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import IO, Any

from tracker.privacy.disclosure import page
from tracker.privacy.disclosure.scope import Row
from tracker.privacy.disclosure.stores import Store

FORMAT = 1
"""Of the manifest and the files beside it; rises when a reader would have to change."""

_IN_MEMORY = 1 << 20
_BLOCK = 1 << 16


class Archive:
    """A zip file that is being written.

    :param file: where to; opened for writing bytes.
    :param made: the time of all files in it.
    :ivar counts: rows by store.
    """

    def __init__(self, file: IO[bytes], made: datetime) -> None:
        self._made = made
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._page = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `end`
        self._files: dict[str, dict[str, Any]] = {}
        self._stores: list[dict[str, Any]] = []
        self.counts: dict[str, int] = {}

    async def add(self, store: Store, rows: AsyncIterator[Row]) -> None:
        """Write a store's rows as a JSON array and as a part of the page."""
        name, number = f"{store.name}.json", 0
        told = {"title": store.title, "purpose": store.purpose, "retention": store.retention}
        self._page.write(page.head_of(store).encode())
        with self._zip.open(self._entry(name), "w", force_zip64=True) as entry:
            file = _Counted(entry)
            file.write(b"[")
            async for row in rows:
                file.write((",\n" if number else "\n").encode() + _json(row))
                self._page.write(page.row_of(row).encode("utf-8", "replace"))
                number += 1
            file.write(b"\n]\n" if number else b"]\n")
        self._files[name] = file.figures()
        self.counts[store.name] = number
        self._page.write(page.tail_of(number).encode())
        self._stores.append({"name": store.name, "file": name, "count": number, **told, "recipients": store.recipients})

    def end(self, about: Mapping[str, Any]) -> None:
        """Write the page and, last of all, ``manifest.json``, and close.

        :param about: for whom and when; goes into both.
        """
        with self._zip.open(self._entry("index.html"), "w", force_zip64=True) as entry:
            file = _Counted(entry)
            file.write(page.beginning(about, self._stores).encode("utf-8", "replace"))
            self._page.seek(0)
            while block := self._page.read(_BLOCK):
                file.write(block)
            file.write(page.end().encode())
        self._files["index.html"] = file.figures()
        manifest = {"format": FORMAT, **about, "stores": self._stores, "files": self._files}
        self._zip.writestr(self._entry("manifest.json"), _json(manifest, indent=2) + b"\n")
        self.close()

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, self._made.timetuple()[:6])
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        return entry

    def close(self) -> None:
        """Close what is open; of a copy that was given up as well."""
        self._page.close()
        self._zip.close()


class _Counted:
    """Writes on, and knows size and SHA-256 of what was written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest, self._size = file, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def figures(self) -> dict[str, Any]:
        return {"bytes": self._size, "sha256": self._digest.hexdigest()}


def _json(value: Any, indent: int | None = None) -> bytes:
    # Half of a character, which a text may hold, is no UTF-8.
    return json.dumps(value, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
