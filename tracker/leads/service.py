"""Reading leads, for the command line and the API."""

from __future__ import annotations

from datetime import datetime
from re import escape
from typing import Any

from tracker.errors import ConflictError, NotFoundError
from tracker.leads.documents import Lead
from tracker.leads.emails import normalise_email
from tracker.views import document_view

_MIN_PREFIX = 6


async def list_leads(
    *,
    client_id: str | None = None,
    status: str | None = None,
    email: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Leads, the newest first, as JSON-ready dictionaries (camelCase).

    :param email: compared as leads are de-duplicated.
    :param since: created at or after; ``until``: created before.
    """
    query: dict[str, Any] = {}
    if client_id:
        query["clientId"] = client_id
    if status:
        query["status"] = status
    if email:
        query["email"] = normalise_email(email) or email
    created = {operator: moment for operator, moment in (("$gte", since), ("$lt", until)) if moment}
    if created:
        query["createdAt"] = created
    cursor = Lead.get_pymongo_collection().find(query).sort("createdAt", -1).limit(limit)
    return [document_view(row) async for row in cursor]


async def get_lead(ref: str) -> dict[str, Any]:
    """One lead by its id or the beginning of it, JSON-ready.

    :raises NotFoundError: when there is none; :raises ConflictError: when several begin so.
    """
    return document_view(await find_lead(ref))


async def find_lead(ref: str) -> dict[str, Any]:
    """The stored document of the same.

    :raises NotFoundError: when there is none; :raises ConflictError: when several begin so.
    """
    query: dict[str, Any] = {"leadId": ref}
    if _MIN_PREFIX <= len(ref) < 36:
        query = {"leadId": {"$regex": f"^{escape(ref)}"}}
    rows: list[dict[str, Any]] = await Lead.get_pymongo_collection().find(query).limit(2).to_list()
    if not rows:
        raise NotFoundError(f"no lead {ref}; `trackerctl lead list` shows them")
    if len(rows) > 1:
        raise ConflictError(f"several leads begin with {ref}; give more of the id")
    return rows[0]
