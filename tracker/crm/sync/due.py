"""Whether a change of a lead is worth telling a CRM, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

DEBOUNCE = timedelta(seconds=60)
"""A visitor who types changes a lead with each field; the CRM is told once in this time."""

# What no mapping can bring over: our own book-keeping, and times that change with every look.
_BOOKKEEPING = frozenset(
    (
        *("_id", "history", "attributeAt", "said", "edits", "current", "formProgress", "consentHistory"),
        *("updatedAt", "lastInteractionAt", "syncRequestedAt", "abandonedAt"),
        *("crmSynced", "crmSyncedAt", "crmId", "crmErrors", "crmRecords", "crmHeld"),
    )
)


def due_at(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    sync_partial: str,
    now: datetime,
    *,
    deliver_spam: bool = False,
) -> datetime | None:
    """When a lead that was changed is to be brought over; ``None`` when the change is of no concern.

    :param before: ``None`` for a new lead.
    :param sync_partial: which leads without a submission are brought over: ``none``, ``email`` (those with an address)
        or ``percent:50`` (those whose form was filled in that far).
    :param deliver_spam: also leads that are marked as spam.
    """
    if after.get("test") or not is_wanted(after, sync_partial, deliver_spam=deliver_spam):
        return None
    wanted_before = before is not None and is_wanted(before, sync_partial, deliver_spam=deliver_spam)
    if before is not None and wanted_before and same_content(before, after):
        return None
    is_news = before is None or is_spam(before) or before.get("status") != after.get("status")
    if is_news or after.get("status") != "partial":
        return now
    return now + DEBOUNCE


def is_spam(lead: Mapping[str, Any]) -> bool:
    """Whether it is marked as spam, by what its events say or by hand."""
    return bool(lead.get("spam"))


def is_wanted(lead: Mapping[str, Any], sync_partial: str, *, deliver_spam: bool = False) -> bool:
    """Whether a lead in this state belongs in a CRM at all. One that is there already is kept up to date, unless what
    came last is spam."""
    if is_spam(lead) and not deliver_spam:
        return False
    if lead.get("status") != "partial" or lead.get("crmRecords"):
        return True
    if sync_partial == "email":
        return bool(lead.get("email"))
    kind, _, percent = sync_partial.partition(":")
    return kind == "percent" and int(lead.get("formProgress") or 0) >= int(percent)


def same_content(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether nothing differs that a mapping could bring over."""
    names = (before.keys() | after.keys()) - _BOOKKEEPING
    return all(before.get(name) == after.get(name) for name in names)
