"""How good a lead is (decisions §9): high = a submission with all that its form requires, medium = a submission that
lacks something or a partial lead with an e-mail, low = chat or less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.config.records import ClientRecord
from tracker.leads.documents import LeadQuality
from tracker.leads.roles import required_fields

ORDER: Mapping[str, int] = {"low": 0, "medium": 1, "high": 2}


def quality_of(
    client: ClientRecord, form_id: str | None, status: str, fields: Mapping[str, Any], email: str | None
) -> LeadQuality:
    """The quality that one event gives a lead.

    A form that is not configured requires what makes a lead at all: an e-mail.
    """
    if status == "submitted":
        required = required_fields(client, form_id)
        complete = all(fields.get(name) not in (None, "", False) for name in required) if required else bool(email)
        return "high" if complete else "medium"
    return "medium" if status == "partial" and email else "low"
