"""What of a lead is to go over, and what is written down of it afterwards. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from tracker.crm.base import Record, RecordError, Result, Value
from tracker.crm.mapping import MappedRecord

ERRORS_KEPT = 10


@dataclass
class Parcel:
    """One lead on its way to one account.

    :ivar row: the stored `CrmDue`; :ivar lead: the stored lead.
    :ivar records: what goes over; :ivar whole: the hashes of all mapped values, by entity.
    :ivar refused: what was found wrong before anything was sent.
    :ivar results: what the CRM answered, by entity of the record.
    """

    row: dict[str, Any]
    lead: dict[str, Any]
    records: list[Record] = field(default_factory=list)
    whole: dict[str, dict[str, str]] = field(default_factory=dict)
    refused: list[RecordError] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)

    @property
    def errors(self) -> list[RecordError]:
        """Everything that went wrong."""
        told = [result.error for result in self.results.values() if result.error is not None]
        return [*self.refused, *told]

    @property
    def done(self) -> bool:
        """Whether the account has all of it."""
        return not self.errors

    @property
    def may_pass(self) -> bool:
        """Whether the same may be taken later."""
        return bool(self.errors) and all(error.retryable for error in self.errors)


def value_hash(value: Value) -> str:
    """Stands for a value that was sent: enough to see that it has changed, useless for learning it from the store."""
    return hashlib.blake2b(msgspec.json.encode(value), digest_size=12).hexdigest()


def known_records(lead: Mapping[str, Any], connection_id: str) -> dict[str, dict[str, Any]]:
    """What an account holds of a lead, by the entity that it was mapped to."""
    return {
        record["mappedTo"]: record for record in lead.get("crmRecords") or () if record["connectionId"] == connection_id
    }


def pack(parcel: Parcel, mapped: Sequence[MappedRecord], connection_id: str) -> None:
    """Put what has changed since the last time into the parcel."""
    known = known_records(parcel.lead, connection_id)
    for one in mapped:
        if not one.sendable:
            parcel.refused += [
                RecordError(problem.code, problem.message, fields=(problem.field,))
                for problem in one.problems
                if problem.fatal
            ]
            continue
        before = known.get(one.entity, {})
        hashes = {name: value_hash(value) for name, value in one.fields.items()}
        parcel.whole[one.entity] = hashes
        sent = {} if parcel.row.get("force") else dict(before.get("sent") or ())
        changed = {name: value for name, value in one.fields.items() if sent.get(name) != hashes[name]}
        if changed or not before.get("crmId"):
            parcel.records.append(
                Record(
                    lead_id=parcel.lead["leadId"],
                    entity=before.get("entity") or one.entity,
                    fields=changed,
                    email=parcel.lead.get("email"),
                    crm_id=before.get("crmId"),
                    complete=dict(one.fields),
                )
            )


def mapped_entity(parcel: Parcel, record: Record, connection_id: str) -> str:
    """The entity that a record was mapped to; a converted lead goes on as another one."""
    for name, known in known_records(parcel.lead, connection_id).items():
        if known.get("entity") == record.entity:
            return name
    return record.entity


def lead_update(
    parcel: Parcel, connection_id: str, now: datetime, *, due_elsewhere: bool = False
) -> list[dict[str, Any]]:
    """The update of a lead after a try, as a pipeline: other accounts may write theirs at the same time.

    :param due_elsewhere: another account of the client is still to be told of the lead.
    """
    records = [
        {
            "connectionId": connection_id,
            "mappedTo": name,
            "entity": result.entity,
            "crmId": result.crm_id,
            "at": now,
            "sent": [list(pair) for pair in parcel.whole.get(name, {}).items()],
        }
        for name, result in parcel.results.items()
        if result.crm_id is not None and result.error is None
    ]
    errors = [
        {"at": now, "code": error.code, "message": error.message, "retryable": error.retryable}
        for error in parcel.errors
    ]
    replaced = [record["mappedTo"] for record in records]
    others = {
        "$filter": {
            "input": {"$ifNull": ["$crmRecords", []]},
            "cond": {
                "$not": {
                    "$and": [
                        {"$eq": ["$$this.connectionId", connection_id]},
                        {"$in": ["$$this.mappedTo", {"$literal": replaced}]},
                    ]
                }
            },
        }
    }
    told = {"$concatArrays": [{"$ifNull": ["$crmErrors", []]}, {"$literal": errors}]}
    values: dict[str, Any] = {
        "crmRecords": {"$concatArrays": [others, {"$literal": records}]},
        "crmErrors": {"$slice": [told, -ERRORS_KEPT]},
        # Changed in the meantime: there is a later entry in the outbox.
        "crmSynced": {"$and": [parcel.done and not due_elsewhere, {"$eq": ["$updatedAt", parcel.lead["updatedAt"]]}]},
    }
    if parcel.done:
        values["crmSyncedAt"] = now
    if records:
        values["crmId"] = records[0]["crmId"]
    if any(result.outcome == "held" for result in parcel.results.values()):
        values["crmHeld"] = True
    return [{"$set": values}]
