"""Writes of thousands of records as one Bulk 2.0 job: eight calls or so, whatever their number. Blocks."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from simple_salesforce.api import Salesforce as Api
from simple_salesforce.bulk2 import Operation as BulkOperation

from tracker.crm.base import CrmError, RetryLaterError, Value
from tracker.crm.salesforce.collections import Answer, Operation, Write
from tracker.crm.salesforce.faults import Fault
from tracker.crm.salesforce.session import Connection

MOST_SECONDS = 600.0
"""So long a job may take; one that takes longer is aborted, and its records are due again."""

_FIRST_WAIT, _MOST_WAIT = 0.5, 10.0
_EMPTY = "#N/A"
_ENDED = frozenset({"JobComplete", "Failed", "Aborted"})


def write(
    connection: Connection,
    operation: Operation,
    writes: Sequence[Write],
    *,
    most_seconds: float = MOST_SECONDS,
) -> list[Answer]:
    """Send records of one entity as one job, and wait for it.

    Only what can be sent twice without harm goes this way: ``update`` by id and ``upsert`` by external id. A job whose
    answer is lost may run on for minutes, so that nobody can look whether its records are there.

    :raises CrmError: one of those of the protocol; nothing is known of any record then.
    """
    if operation == "create":
        raise ValueError("a bulk job that creates cannot be sent again")
    field = connection.options.external_id_field if operation == "upsert" else None
    key = field or "Id"
    job = connection.run(
        lambda api: _client(api, writes[0].entity).create_job(_OPERATIONS[operation], external_id_field=field)
    )
    job_id = str(_of(job, "id"))
    try:
        data = _csv(key, writes)
        connection.run(lambda api: _client(api, writes[0].entity).upload_job_data(job_id, data))
        connection.run(lambda api: _client(api, writes[0].entity).close_job(job_id))
        _wait(connection, job_id, most_seconds)
        taken = _results(connection, job_id, "successfulResults")
        refused = _results(connection, job_id, "failedResults")
    except CrmError:
        # Else it would go on and overwrite what is sent later.
        with suppress(CrmError):
            connection.run(lambda api: _client(api, writes[0].entity).abort_job(job_id, False))
        raise
    answers = {row[key]: Answer(row["sf__Id"], created=row.get("sf__Created") == "true") for row in taken if key in row}
    answers |= {row[key]: Answer(None, created=False, faults=(_fault(row),)) for row in refused if key in row}
    unknown = Answer(None, created=False, faults=(Fault("SERVER_UNAVAILABLE", ""),))
    return [answers.get(_key(one, key), unknown) for one in writes]


_OPERATIONS = {"update": BulkOperation.update, "upsert": BulkOperation.upsert}


def _client(api: Api, entity: str) -> Any:
    # The calls of a job one by one; simple-salesforce's own round of them has no time limit and polls without end.
    return getattr(api.bulk2, entity)._client


def _wait(connection: Connection, job_id: str, most_seconds: float) -> None:
    waited, pause = 0.0, _FIRST_WAIT
    while True:
        job = connection.call("GET", f"jobs/ingest/{job_id}")
        state = _of(job, "state")
        if state == "JobComplete":
            return
        if state in _ENDED:
            raise RetryLaterError(f"the bulk job ended as {state} in Salesforce")
        if waited >= most_seconds:
            raise RetryLaterError(f"the bulk job was not done within {most_seconds:g} s")
        connection.pause(pause)
        waited += pause
        pause = min(_MOST_WAIT, pause * 2)


def _results(connection: Connection, job_id: str, kind: str) -> list[dict[str, str]]:
    text = connection.run(lambda api: _client(api, "").get_ingest_results(job_id, kind))
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    if text.strip() and not text.lstrip().startswith(('"sf__Id"', "sf__Id")):
        raise RetryLaterError("Salesforce answered with something that is no result of a bulk job")
    return rows


def _csv(key: str, writes: Sequence[Write]) -> str:
    """One line a record; an empty cell leaves the field as it is, ``#N/A`` empties it."""
    names = list(dict.fromkeys([key, *(name for one in writes for name in one.values)]))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(names)
    for one in writes:
        writer.writerow([_key(one, key), *(_cell(one.values, name) for name in names[1:])])
    return text.getvalue()


def _cell(values: Mapping[str, Value], name: str) -> str:
    if name not in values:
        return ""
    match values[name]:
        case None | "" | []:
            return _EMPTY
        case bool() as flag:
            return "true" if flag else "false"
        case list() as several:
            return ";".join(several)
        case value:
            return str(value)


def _key(one: Write, key: str) -> str:
    return (one.crm_id if key == "Id" else one.external_id) or ""


def _fault(row: Mapping[str, str]) -> Fault:
    """From ``CODE:message:Field1 Field2--``."""
    code, _, rest = row.get("sf__Error", "").partition(":")
    message, _, fields = rest.rpartition(":")
    names = tuple(name for name in fields.removesuffix("--").replace(",", " ").split() if name)
    return Fault(code.strip() or "UNKNOWN", message, names)


def _of(job: Any, name: str) -> Any:
    if not isinstance(job, Mapping) or name not in job:
        raise RetryLaterError("Salesforce answered with something that is no bulk job")
    return job[name]
