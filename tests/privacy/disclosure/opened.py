"""Reads the copy of a person's data, and checks what must hold of any."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from tracker.privacy.disclosure.stores import STORES


class Opened:
    """One copy.

    :ivar whole: all bytes in it, unpacked, in lower case.
    """

    def __init__(self, path: Path) -> None:
        assert path.stat().st_mode & 0o777 == 0o600
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            entries = [(entry.date_time[0] >= 2026, entry.external_attr >> 16) for entry in archive.infolist()]
            assert {*entries} == {(True, 0o600)}
            self.files = {name: archive.read(name) for name in archive.namelist()}
        self.whole = b"\n".join(self.files.values()).lower()
        self.manifest: dict[str, Any] = json.loads(self.files["manifest.json"])
        self._check()

    def rows(self, store: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.files[f"{store}.json"])
        return found

    @property
    def page(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.files["index.html"])

    def _check(self) -> None:
        assert [one["name"] for one in self.manifest["stores"]] == [store.name for store in STORES]
        assert self.files.keys() == {*self.manifest["files"], "manifest.json"}
        for name, told in self.manifest["files"].items():
            data = self.files[name]
            assert told == {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for one in self.manifest["stores"]:
            assert one["count"] == len(self.rows(one["name"]))
            assert one["purpose"] and one["retention"] and one["recipients"]
        # Nothing that runs, and nothing from elsewhere.
        assert self.page.css("script, link, img, iframe, object, embed, form, base, svg") == []
        hrefs = [node.attributes.get("href") or "" for node in self.page.css("[href]")]
        assert all(href.startswith("#") for href in hrefs)
        handlers = [name for node in self.page.css("*") for name in node.attributes if name.startswith("on")]
        assert handlers == []
