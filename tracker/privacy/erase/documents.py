"""What is kept of an erasure. Attribute names are the stored ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from beanie import Document
from pymongo import ASCENDING, IndexModel

Status = Literal["open", "done"]


class Erasure(Document):
    """One request; ``_id`` is its id.

    While it is open, ``sealed`` holds whom it is about and what was found of them (`notes.Notes`, under the
    installation's secrets); it goes when the request is done. What stays says nothing of the person: ``subject`` holds
    keyed hashes ``[{kind, hash}]``. ``steps``: when each step was done; ``counts``: what was deleted, by store.
    ``markedAt``: from when on workers drop what was received of the person before. ``waitingFor``: what keeps it from
    going on, as text; ``notBefore``: when to look again. ``lease``: the worker that has it in its hands
    ``{worker, until}``. ``crm``: ``[{connectionId, adapter, clientId, leadId, state}]``; ``webhooks``:
    ``[{endpointId, deliveryId, clientId, leadId, state}]``. ``certificate``: as `certificate.signed` gives it.
    """

    id: str  # type: ignore[assignment]
    status: Status = "open"
    clientId: str | None = None
    subject: list[dict[str, str]] = []
    sealed: str | None = None
    steps: dict[str, datetime] = {}
    counts: dict[str, int] = {}
    crm: list[dict[str, Any]] = []
    webhooks: list[dict[str, Any]] = []
    markedAt: datetime | None = None
    waitingFor: str | None = None
    notBefore: datetime | None = None
    lease: dict[str, Any] | None = None
    certificate: dict[str, Any] | None = None
    askedAt: datetime
    askedBy: str
    endedAt: datetime | None = None

    class Settings:
        """Collection and indexes."""

        name = "erasures"
        indexes = [
            IndexModel([("notBefore", ASCENDING)], name="open", partialFilterExpression={"status": "open"}),
            IndexModel([("subject.hash", ASCENDING)], name="subject"),
        ]
