"""Finds records of an org by id, external id or e-mail address, in SOQL. All functions but the pure ones block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql, quote_soql_value

from tracker.crm.base import RetryLaterError
from tracker.crm.salesforce.faults import RefusedCallError, read_faults
from tracker.crm.salesforce.session import Connection

_MOST_VALUES = 400
# Salesforce takes addresses of 16,384 characters, host and headers' share included.
_MOST_CHARS = 12_000
# Of the composite resource: five queries at most, which count as one call.
_QUERIES_A_CALL = 5
_LEAD_FIELDS = ("IsConverted", "ConvertedContactId")


class Found(NamedTuple):
    """A record of the org.

    :ivar contact_id: whose lead was converted to it; ``None`` also when the contact cannot be seen.
    """

    entity: str
    crm_id: str
    fields: Mapping[str, Any]
    converted: bool = False
    contact_id: str | None = None


def find(
    connection: Connection, entity: str, field: str, values: Iterable[str], more: Sequence[str] = ()
) -> dict[str, Found]:
    """The records whose ``field`` is one of ``values``: the best for each, by the value in lower case.

    Of several the one that is not converted is taken, then the one made last.

    :param more: fields that are wanted as well.
    :raises CrmError: one of those of the protocol.
    """
    wanted = sorted({value for value in values if value})
    if not wanted:
        return {}
    names = ["Id", field, *(_LEAD_FIELDS if entity == "Lead" else ()), *more]
    columns = ", ".join(dict.fromkeys(names))
    queries = [
        format_soql(
            "SELECT {:literal} FROM {:literal} WHERE {:literal} IN {} ORDER BY CreatedDate DESC, Id DESC",
            columns, entity, field, part,
        )
        for part in chunks(wanted)
    ]  # fmt: skip
    found: dict[str, Found] = {}
    for row in _rows(connection, queries):
        one = _found(entity, row)
        key = str(row.get(field) or "").casefold()
        known = found.get(key)
        if known is None or (known.converted and not one.converted):
            found[key] = one
    return found


def chunks(values: Sequence[str]) -> Iterator[list[str]]:
    """Values in parts of which each fits in the address of a query."""
    part: list[str] = []
    chars = 0
    for value in values:
        size = len(quote_plus(quote_soql_value(value))) + len("%2C")
        if part and (chars + size > _MOST_CHARS or len(part) >= _MOST_VALUES):
            yield part
            part, chars = [], 0
        part.append(value)
        chars += size
    if part:
        yield part


def query(connection: Connection, soql: str) -> list[dict[str, Any]]:
    """All rows of a query.

    :raises CrmError: one of those of the protocol.
    """
    return list(_rows(connection, [soql]))


def _rows(connection: Connection, queries: Sequence[str]) -> Iterator[dict[str, Any]]:
    if len(queries) == 1:
        yield from _pages(connection, connection.call("GET", "query/", params={"q": queries[0]}))
        return
    for start in range(0, len(queries), _QUERIES_A_CALL):
        part = queries[start : start + _QUERIES_A_CALL]
        for answer in _composite(connection, part):
            yield from _pages(connection, answer)


def _composite(connection: Connection, queries: Sequence[str]) -> Iterator[Any]:
    version = connection.options.api_version
    asked = [
        {"method": "GET", "url": f"/services/data/v{version}/query/?q={quote_plus(soql)}", "referenceId": f"q{number}"}
        for number, soql in enumerate(queries)
    ]
    told = connection.call("POST", "composite", json={"allOrNone": False, "compositeRequest": asked})
    answers = told.get("compositeResponse") if isinstance(told, Mapping) else None
    if not isinstance(answers, list) or len(answers) != len(queries):
        raise RetryLaterError("Salesforce answered a search with something that is no result")
    for answer in answers:
        if answer.get("httpStatusCode") != 200:
            faults = read_faults(answer.get("body"))
            raise RefusedCallError(f"Salesforce refused a search ({', '.join(fault.code for fault in faults)})", faults)
        yield answer.get("body")


def _pages(connection: Connection, page: Any) -> Iterator[dict[str, Any]]:
    base = f"/services/data/v{connection.options.api_version}/"
    while True:
        if not isinstance(page, Mapping) or not isinstance(page.get("records"), list):
            raise RetryLaterError("Salesforce answered a search with something that is no result")
        yield from page["records"]
        following = page.get("nextRecordsUrl")
        if page.get("done", True) or not following:
            return
        page = connection.call("GET", str(following).removeprefix(base))


def _found(entity: str, row: Mapping[str, Any]) -> Found:
    fields = {name: value for name, value in row.items() if name != "attributes"}
    converted = row.get("IsConverted") is True
    contact = row.get("ConvertedContactId") if converted else None
    return Found(entity, str(row.get("Id") or ""), fields, converted, contact)
