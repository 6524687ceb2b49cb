"""Column types and column makers that mean the same on MariaDB and SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import CHAR, JSON, Boolean, Column, DateTime, ForeignKey, String, TypeDecorator, text
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

EXACT = "utf8mb4_bin"
"""Collation of what is compared letter by letter: ids, hashes, selectors. All else is utf8mb4_unicode_ci."""


def utc_now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, a naive UTC datetime with microseconds in the database.

    MariaDB's TIMESTAMP ends in 2038 and moves with the time zone of the session, so the column is a DATETIME(6).

    :raises ValueError: when a naive datetime is written; its zone would be a guess.
    """

    impl = DateTime
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(mysql.DATETIME(fsp=6) if dialect.name in ("mysql", "mariadb") else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class DatabaseUtcNow(FunctionElement[datetime]):
    """Server default of time columns, for rows that an operator inserts by hand."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(DatabaseUtcNow)
def _utc_now_sqlite(element: DatabaseUtcNow, compiler: SQLCompiler, **_: Any) -> str:
    return "CURRENT_TIMESTAMP"  # SQLite's is UTC


@compiles(DatabaseUtcNow, "mysql", "mariadb")
def _utc_now_mariadb(element: DatabaseUtcNow, compiler: SQLCompiler, **_: Any) -> str:
    return "(utc_timestamp(6))"  # CURRENT_TIMESTAMP would be in the zone of whoever inserts


def exact_char(length: int) -> CHAR:
    """CHAR of a fixed length, compared letter by letter."""
    return CHAR(length).with_variant(mysql.CHAR(length, collation=EXACT), "mysql", "mariadb")


def exact_string(length: int) -> String:
    """VARCHAR, compared letter by letter."""
    return String(length).with_variant(mysql.VARCHAR(length, collation=EXACT), "mysql", "mariadb")


def primary_id(name: str) -> Column[str]:
    """A UUID as primary key."""
    return Column(name, exact_char(36), primary_key=True)


def owner_id(name: str, target: str) -> Column[str]:
    """The id of the row that this one belongs to and goes away with."""
    return Column(name, exact_char(36), ForeignKey(target, ondelete="CASCADE"), nullable=False)


def flag(name: str, *, default: bool) -> Column[bool]:
    """A boolean that is never null."""
    return Column(name, Boolean, nullable=False, default=default, server_default=text("1" if default else "0"))


def json_value(name: str, default: Callable[[], object]) -> Column[Any]:
    """A JSON document that is never null; ``default`` is ``dict`` or ``list``."""
    return Column(name, JSON, nullable=False, default=default, server_default=text(f"'{json.dumps(default())}'"))


def created_time() -> Column[datetime]:
    """``created_at``."""
    return Column("created_at", UtcDateTime, nullable=False, default=utc_now, server_default=DatabaseUtcNow())


def updated_time() -> Column[datetime]:
    """``updated_at``, moved by every update that goes through SQLAlchemy."""
    return Column(
        "updated_at", UtcDateTime, nullable=False, default=utc_now, onupdate=utc_now, server_default=DatabaseUtcNow()
    )


def optional_time(name: str) -> Column[datetime | None]:
    """A time that may be absent."""
    return Column(name, UtcDateTime, nullable=True)
