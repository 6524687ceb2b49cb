"""Records as the sync makes them of leads."""

from __future__ import annotations

from typing import Any

from tracker.crm.base import Record, Value

BY_ID = {"external_id_field": "Tracker_Id__c"}
"""Settings with which records are told by an external id."""


def a_lead(number: int = 1, *, lead_id: str | None = None, email: str | None = "", **fields: Value) -> Record:
    """A lead that is new to the org; ``email`` empty = one of its own, ``None`` = it has none."""
    address = f"ada{number}@lovelace.example" if email == "" else email
    values: dict[str, Value] = {"LastName": f"Lovelace {number}", "Company": "Analytical Engines", **fields}
    if address is not None:
        values["Email"] = address
    return Record(lead_id or f"lead-{number}", "Lead", values, address, None, values)


def changed(record: Record, crm_id: str | None, entity: str | None = None, **fields: Any) -> Record:
    """The same lead later: some of its fields have other values."""
    return Record(
        record.lead_id, entity or record.entity, fields, record.email, crm_id, {**record.complete, **fields}
    )  # fmt: skip
