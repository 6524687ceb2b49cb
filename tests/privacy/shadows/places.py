"""Every place in which something may be left, as bytes to search; and the table of what may be where.

The table is that of docs/personal-data.md, from which it is read: what an auditor is told is what the test holds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import bson
import msgspec
import psutil
import redis
from sqlalchemy import create_engine, inspect, text

from tests.fixtures.processes import ROOT
from tests.fixtures.system import System
from tests.privacy.shadows.canaries import Kind
from tracker.deadletters.entries import ENTRIES, DeadLetter

DOCUMENT = ROOT / "docs" / "personal-data.md"
_ROW = re.compile(r"^\| `(?P<place>[^`|]+)` \| (?P<kinds>[^|]*) \|")
_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|(?<=[:.])\d+(?=[:.]|$)")
# Attributes that are looked at by themselves: what is in them comes from others than the visitor.
_APART = {"leads": ("crmErrors",), "webhook_deliveries": ("log",)}


def table() -> dict[str, set[str]]:
    """Kinds by place, as the document says."""
    found: dict[str, set[str]] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if row := _ROW.match(line):
            kinds = {kind.strip() for kind in row["kinds"].split(",")} - {"", "none"}
            assert kinds <= set(get_args(Kind)), f"{row['place']}: {kinds}"
            found[row["place"]] = kinds
    return found


def stores(system: System) -> dict[str, bytes]:
    """The three stores, by place."""
    found: dict[str, list[bytes]] = defaultdict(list)
    for place, data in (*_mongo(system), *_redis(system), *_sql(system)):
        found[place].append(data)
    return {place: b"\n".join(parts) for place, parts in found.items()}


def processes(system: System) -> dict[str, bytes]:
    """What others on the machine may see of our processes, and what they wrote."""
    shown, environment = [], []
    for service in system.launch.services:
        if service.running:
            process = psutil.Process(service.pid)
            for one in [process, *process.children(recursive=True)]:
                shown += [one.name().encode(), *(part.encode() for part in one.cmdline())]
                environment.append(Path(f"/proc/{one.pid}/environ").read_bytes())
    return {
        "logs": system.launch.outputs().encode(),
        "process list": b"\n".join(shown),
        "process environment": b"\n".join(environment),
    }


def files(folder: Path) -> dict[str, bytes]:
    """What is in the folder for temporary files, and the names in it."""
    parts = [
        part for path in sorted(folder.rglob("*")) if path.is_file() for part in (path.name.encode(), path.read_bytes())
    ]
    return {"temporary files": b"\n".join(parts)}


def _mongo(system: System) -> Iterator[tuple[str, bytes]]:
    for name in system.database.list_collection_names():
        # An empty one was looked at as well.
        yield f"mongodb {name}", b""
        for row in system.database[name].find():
            for part in _APART.get(name, ()):
                yield f"mongodb {name}.{part}", bson.encode({"": row.pop(part, None)})
            yield f"mongodb {name}", bson.encode(row)


def _redis(system: System) -> Iterator[tuple[str, bytes]]:
    server = system.redis
    for key in server.scan_iter(count=1_000):
        family = "redis " + _family(key.decode("utf-8", "backslashreplace"))
        yield family, key
        if key.decode() == ENTRIES:
            for data in server.hvals(key):
                letter = msgspec.msgpack.decode(data, type=DeadLetter)
                yield f"{family} error", letter.error.encode()
                yield family, data
            continue
        for part in _values(server, key):
            yield family, part


def _family(key: str) -> str:
    return re.sub(r"arq:job:.*", "arq:job:*", _IDS.sub("*", key))


def _values(server: redis.Redis, key: bytes) -> list[bytes]:
    kind = server.type(key).decode()
    if kind == "string":
        return [server.get(key) or b""]
    if kind == "hash":
        return [part for pair in server.hgetall(key).items() for part in pair]
    if kind == "list":
        return list(server.lrange(key, 0, -1))
    if kind == "set":
        return list(server.smembers(key))
    if kind == "zset":
        return list(server.zrange(key, 0, -1))
    if kind == "stream":
        return [part for _, fields in server.xrange(key) for pair in fields.items() for part in pair]
    assert kind == "none", f"a kind of value that this cannot read: {kind}"
    return []


def _sql(system: System) -> Iterator[tuple[str, bytes]]:
    engine = create_engine(system.settings["TRACKER_CONFIG_DB_URL"])
    try:
        with engine.connect() as connection:
            for name in inspect(engine).get_table_names():
                for row in connection.execute(text(f"SELECT * FROM {name}")).mappings():
                    yield from _columns(name, row)
    finally:
        engine.dispose()


def _columns(name: str, row: Mapping[Any, Any]) -> Iterator[tuple[str, bytes]]:
    for column, value in row.items():
        if value is not None:
            yield f"mariadb {name}.{column}", str(value).encode()
