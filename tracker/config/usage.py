"""Remembers when keys were last used, without a write per request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine, bindparam, update
from sqlalchemy.exc import SQLAlchemyError

from tracker.config.models import ApiKey
from tracker.tasks import Flusher

log = structlog.get_logger(__name__)


def record_use(engine: Engine, used: Mapping[str, datetime]) -> None:
    """Write the times, by key id; a time never moves back, whatever process is late.

    :raises sqlalchemy.exc.SQLAlchemyError: when the database is away.
    """
    table = ApiKey.__table__  # type: ignore[attr-defined]
    moment = bindparam("used_at", type_=table.c.last_used_at.type)
    statement = (
        update(table)
        .where(table.c.key_id == bindparam("used_key"))
        .where((table.c.last_used_at.is_(None)) | (table.c.last_used_at < moment))
        .values(last_used_at=moment)
    )
    with engine.begin() as connection:
        connection.execute(statement, [{"used_key": key, "used_at": at} for key, at in sorted(used.items())])


class KeyUsage(Flusher):
    """Gathers in memory, writes once a minute and at the end. What a crash loses is a minute of ``last_used_at``."""

    flush_seconds = 60.0

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self._used: dict[str, None] = {}

    def note(self, key_id: str) -> None:
        """The key was used now; costs one dictionary entry."""
        self._used[key_id] = None

    async def flush(self) -> None:
        """Write now; with the database away it is put off."""
        if not self._used:
            return
        used, self._used = self._used, {}
        now = datetime.now(UTC)
        try:
            await asyncio.to_thread(record_use, self._engine, dict.fromkeys(used, now))
        except SQLAlchemyError as error:
            self._used = used | self._used
            log.warning("key_usage_not_written", error=type(error).__name__)
