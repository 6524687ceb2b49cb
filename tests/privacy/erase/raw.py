"""Every byte of a store, to search."""

from __future__ import annotations

from typing import Any

import redis
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from sqlalchemy import create_engine, inspect, text


def redis_bytes(url: str) -> bytes:
    """Names and values of all keys, of every type."""
    parts: list[bytes] = []
    with redis.Redis.from_url(url) as server:
        for key in server.scan_iter(count=1_000):
            parts.append(key)
            kind = server.type(key).decode()
            if kind == "string":
                parts.append(server.get(key) or b"")
            elif kind == "hash":
                parts += [part for pair in server.hgetall(key).items() for part in pair]
            elif kind == "zset":
                parts += server.zrange(key, 0, -1)
            elif kind == "list":
                parts += server.lrange(key, 0, -1)
            elif kind == "set":
                parts += server.smembers(key)
            elif kind == "stream":
                parts += [part for _, fields in server.xrange(key) for pair in fields.items() for part in pair]
            else:
                assert kind == "none", f"a kind of value that this cannot read: {kind}"
    return b"\n".join(parts)


def mongo_bytes(url: str, database: str) -> bytes:
    """Raw BSON of every document of every collection."""
    options: CodecOptions[Any] = CodecOptions(RawBSONDocument)
    parts: list[bytes] = []
    with MongoClient[Any](url) as client:
        for name in client[database].list_collection_names():
            rows = client[database].get_collection(name, codec_options=options).find()
            parts += [name.encode(), *(row.raw for row in rows)]
    return b"\n".join(parts)


def sql_bytes(url: str) -> bytes:
    """Every value of every table."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            parts = [
                repr(value)
                for table in inspect(engine).get_table_names()
                for row in connection.execute(text(f"SELECT * FROM {table}"))
                for value in row
            ]
    finally:
        engine.dispose()
    return "\n".join(parts).encode()
