"""Writes of up to 200 records a call, by the sObject Collections of the REST API, with an answer for each record.

``allOrNone`` is false throughout. All functions block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from tracker.crm.base import RetryLaterError, Value
from tracker.crm.salesforce.faults import Fault, RefusedCallError, read_faults
from tracker.crm.salesforce.session import Connection

MAX_RECORDS = 200
"""Most records of one call, as the REST API guide says."""

Operation = Literal["create", "update", "upsert"]

_CALLS_FOR_CULPRIT = 24
_CULPRIT_BEYOND = Fault("REFUSED_WITH_OTHERS", "the call was refused for another record in it")


class Write(NamedTuple):
    """A record as it goes over.

    :ivar crm_id: whose record it changes, for ``update``; :ivar external_id: whose it is, for ``upsert``.
    """

    entity: str
    values: Mapping[str, Value]
    crm_id: str | None = None
    external_id: str | None = None


class Answer(NamedTuple):
    """What Salesforce says of a record; it was taken when there are no faults."""

    crm_id: str | None
    created: bool
    faults: tuple[Fault, ...] = ()


def write(
    connection: Connection, operation: Operation, writes: Sequence[Write], *, allow_duplicates: bool = False
) -> list[Answer]:
    """Send at most `MAX_RECORDS` records of one entity.

    :param allow_duplicates: save them though a duplicate rule warns.
    :raises CrmError: one of those of the protocol; nothing is known of any record then.
    """
    budget = iter(range(_CALLS_FOR_CULPRIT))
    try:
        return _send(connection, operation, writes, allow_duplicates)
    except RefusedCallError as error:
        if not error.about_a_record:
            raise
        return _find_culprit(connection, operation, writes, allow_duplicates, error, budget)


def _find_culprit(
    connection: Connection,
    operation: Operation,
    writes: Sequence[Write],
    allow_duplicates: bool,
    error: RefusedCallError,
    budget: Iterator[int],
) -> list[Answer]:
    """Halve a call that was refused as a whole until the record at fault stands alone and the others are through."""
    if len(writes) == 1:
        return [Answer(None, created=False, faults=error.faults)]
    answers: list[Answer] = []
    middle = len(writes) // 2
    for half in (writes[:middle], writes[middle:]):
        if next(budget, None) is None:
            answers += [Answer(None, created=False, faults=(_CULPRIT_BEYOND,)) for _ in half]
            continue
        try:
            answers += _send(connection, operation, half, allow_duplicates)
        except RefusedCallError as again:
            answers += _find_culprit(connection, operation, half, allow_duplicates, again, budget)
    return answers


def _send(
    connection: Connection, operation: Operation, writes: Sequence[Write], allow_duplicates: bool
) -> list[Answer]:
    entity = writes[0].entity
    field = connection.options.external_id_field
    path, method = "composite/sobjects", "POST" if operation == "create" else "PATCH"
    if operation == "upsert":
        path = f"{path}/{entity}/{field}"
    records = [_record(operation, one, field) for one in writes]
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if allow_duplicates else None
    told = connection.call(method, path, json={"allOrNone": False, "records": records}, headers=headers)
    return [_answer(item, operation) for item in _checked(told, len(writes))]


def delete(connection: Connection, crm_ids: Sequence[str]) -> list[Answer]:
    """Delete at most `MAX_RECORDS` records.

    :raises CrmError: one of those of the protocol.
    """
    params = {"ids": ",".join(crm_ids), "allOrNone": "false"}
    told = connection.call("DELETE", "composite/sobjects", params=params)
    return [_answer(item, "update") for item in _checked(told, len(crm_ids))]


def plain(value: Value) -> Any:
    """A value as JSON takes it; a choice of several is one text with semicolons."""
    return ";".join(value) if isinstance(value, list) else value


def _record(operation: Operation, one: Write, field: str | None) -> dict[str, Any]:
    values = {name: plain(value) for name, value in one.values.items()}
    if operation == "update":
        values["id"] = one.crm_id
    elif one.external_id is not None and field:
        values[field] = one.external_id
    return {"attributes": {"type": one.entity}, **values}


def _checked(told: Any, number: int) -> list[Mapping[str, Any]]:
    whole = isinstance(told, list) and len(told) == number and all(isinstance(item, Mapping) for item in told)
    if not whole or not all("success" in item for item in told):
        raise RetryLaterError("Salesforce answered a write with something that is no result for each record")
    return list(told)


def _answer(item: Mapping[str, Any], operation: Operation) -> Answer:
    crm_id = item.get("id") if isinstance(item.get("id"), str) else None
    if item["success"] is True:
        created = operation == "create" or (operation == "upsert" and item.get("created") is True)
        return Answer(crm_id, created)
    return Answer(None, created=False, faults=read_faults(item.get("errors")) or (Fault("UNKNOWN", ""),))
