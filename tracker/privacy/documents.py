"""What is stored about privacy itself. Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime

from beanie import Document
from pymongo import ASCENDING, IndexModel


class Suppression(Document):
    """``_id``: reason and keyed hash. ``clientId``: whom it is limited to. ``before``: of an erasure, events received
    until then are meant. ``what``: reason and kind, so that workers learn cheaply which there are."""

    id: str  # type: ignore[assignment]
    what: str
    clientId: str | None = None
    before: datetime | None = None
    createdAt: datetime
    createdBy: str | None = None
    expiresAt: datetime | None = None

    class Settings:
        """Collection and indexes."""

        name = "suppressions"
        indexes = [
            IndexModel([("what", ASCENDING)], name="what"),
            IndexModel([("expiresAt", ASCENDING)], name="expires", expireAfterSeconds=0),
        ]
