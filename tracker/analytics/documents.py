"""Daily figures as they are stored (decisions §6). Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from beanie import Document
from pymongo import ASCENDING, IndexModel

DIMENSIONS = ("date", "formId", "source", "medium", "campaign", "test")
METRICS = ("views", "sessions", "formStarts", "submissions", "partial", "abandoned", "leads")


class AnalyticsDaily(Document):
    """The figures of one client, day, form and source; docs/analytics.md defines each.

    ``id`` holds client and dimensions again: it is what ``$merge`` finds a row by. ``date`` is a day of UTC,
    ``2026-01-31``. ``agesAt``: when the next of its partial forms counts as abandoned. ``openUntil``: when the first
    of the documents behind it expires, after which it can no longer be recomputed. ``run``: number of the rebuild that
    wrote it, higher for later ones of the same client.
    """

    id: dict[str, Any]  # type: ignore[assignment]
    clientId: str
    date: str
    formId: str | None = None
    source: str
    medium: str
    campaign: str
    test: bool = False
    views: int = 0
    sessions: int = 0
    formStarts: int = 0
    submissions: int = 0
    partial: int = 0
    abandoned: int = 0
    leads: int = 0
    agesAt: datetime | None = None
    openUntil: datetime | None = None
    run: int
    computedAt: datetime

    class Settings:
        """Collection and indexes."""

        name = "analytics_daily"
        indexes = [
            IndexModel([("clientId", ASCENDING), *((name, ASCENDING) for name in DIMENSIONS)], name="row", unique=True),
            # Few rows have one: those of the last hours.
            IndexModel([("agesAt", ASCENDING)], name="ages", sparse=True),
        ]
