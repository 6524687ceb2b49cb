"""Brings records to HubSpot in as few calls as it takes, and finds out what became of each.

A record goes the first of these ways that is open to it: an update by the id that an earlier sync learnt; an upsert by
e-mail address (contacts) or by the property that holds our ``lead_id``; else it is created. Only the last way makes a
second record when an answer is lost, so that it comes last, and what it made is never thrown away with an error.

Each input carries a trace id, for which HubSpot answers 207 with what became of it. Where it refuses a batch as a whole
all the same, the batch is sent in halves. HubSpot takes no key twice in a batch, so that two leads with one address go
one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tracker.crm.base import CrmError, Outcome, Record, RecordError, RefusedError, Result
from tracker.crm.http_client import Answer, HttpClient
from tracker.crm.hubspot_answers import STRUCTURAL, existing_id, faults, properties, record_error, texts
from tracker.crm.isolate import in_halves

MAX_INPUTS = 100
"""Most inputs of a batch call."""

CONTACTS = frozenset({"contacts", "contact", "0-1"})
"""Names of the one object whose records are told by e-mail address."""


@dataclass(slots=True, eq=False)
class Item:
    """A record on its way.

    :ivar crm_id: known before, or learnt on the way.
    :ivar key: name and value of the unique property that it is told by; ``None`` = by none.
    """

    record: Record
    crm_id: str | None
    key: tuple[str, str] | None
    result: Result | None = None

    def settle(self, crm_id: str, *, new: bool) -> None:
        """It is in HubSpot."""
        outcome: Outcome = "created" if new else "updated"
        self.result = Result(self.record.lead_id, outcome, self.record.entity, crm_id)

    def fail(self, error: RecordError) -> None:
        """It was not taken."""
        self.result = Result(self.record.lead_id, "failed", self.record.entity, None, error)


class Batches:
    """What one `CrmAdapter.upsert` does.

    :param base: URL up to ``/crm``, without it.
    :param unique_property: holds our ``lead_id``; ``None`` = there is none.
    """

    def __init__(self, client: HttpClient, base: str, unique_property: str | None, records: Iterable[Record]) -> None:
        self._client = client
        self._base = base
        self._items = [Item(record, record.crm_id, key_of(record, unique_property)) for record in records]

    async def run(self) -> list[Result]:
        """Bring all of them over.

        :raises CrmError: when nothing, or nothing that cannot be done again, is known.
        """
        by_entity: dict[str, list[Item]] = {}
        for item in self._items:
            by_entity.setdefault(item.record.entity, []).append(item)
        for entity, items in by_entity.items():
            await self._each(entity, "update", [item for item in items if item.crm_id], _id)
        for entity, items in by_entity.items():
            for name in dict.fromkeys(item.key[0] for item in items if item.key):
                await self._each(entity, "upsert", [item for item in _open(items) if _key_name(item) == name], _key)
        for entity, items in by_entity.items():
            await self._keeping(entity, "create", [item for item in _open(items) if not item.key and not item.crm_id])
        for entity, items in by_entity.items():
            # What was to be new turned out to be there, and is known by its id now.
            await self._keeping(entity, "update", [item for item in _open(items) if item.crm_id])
        for item in _open(self._items):
            item.fail(RecordError("NO_RESULT", "HubSpot does not say what became of the record", retryable=True))
        return [item.result for item in self._items if item.result is not None]

    async def _keeping(self, entity: str, verb: str, items: Sequence[Item]) -> None:
        """Send, and keep what was made: those without a key would be made once more if all of it were sent again."""
        try:
            await self._each(entity, verb, items, _id)
        except CrmError as error:
            if not any(item.key is None and item.result and item.result.outcome == "created" for item in self._items):
                raise
            for item in _open(items):
                item.fail(RecordError("RETRY_LATER", error.detail, retryable=True))

    async def _each(self, entity: str, verb: str, items: Sequence[Item], key: Callable[[Item], str]) -> None:
        async def send(part: Sequence[Item]) -> bool:
            return await self._send(entity, verb, part)

        for wave in _waves(items, key):
            for start in range(0, len(wave), MAX_INPUTS):
                await in_halves(wave[start : start + MAX_INPUTS], send)

    async def _send(self, entity: str, verb: str, items: Sequence[Item]) -> bool:
        items = [item for item in _open(items) if (item.crm_id is not None) == (verb == "update")]
        if not items:
            return True
        inputs = [_input(verb, item, number) for number, item in enumerate(items)]
        url = f"{self._base}/crm/v3/objects/{quote(entity, safe='')}/batch/{verb}"
        answer = await self._client.send("POST", url, {"inputs": inputs})
        if 200 <= answer.status < 300:
            return _read(answer, verb, items)
        refuse_object(answer, entity)
        told = answer.document
        hopeless = {name for name, code in faults(told) if code in STRUCTURAL}
        struck = [item for item in items if hopeless & properties(_fields(verb, item)).keys()]
        if struck and len(struck) < len(items):
            for item in struck:
                _settle_fault(verb, item, told)
            return await self._send(entity, verb, [item for item in items if item not in struck])
        if len(items) == 1 or struck:
            for item in items:
                _settle_fault(verb, item, told)
            return True
        return False


def key_of(record: Record, unique_property: str | None) -> tuple[str, str] | None:
    """What a record is found by when its id is not known."""
    if record.entity.lower() in CONTACTS and record.email:
        return "email", record.email
    return (unique_property, record.lead_id) if unique_property else None


def refuse_object(answer: Answer, entity: str) -> None:
    """Tell an object that does not exist from records that are wrong.

    :raises RefusedError: when HubSpot knows no such object.
    """
    message = str(answer.document.get("message") or "")
    if answer.status in (404, 405, 501) or message.startswith("Unable to infer object type"):
        raise RefusedError(f"HubSpot knows no object {entity}; contacts, companies or a custom object's name or id")


def _fields(verb: str, item: Item) -> dict[str, Any]:
    # An upsert by e-mail address takes no part of a contact: HubSpot's "Use the CRM object APIs".
    return item.record.fields if verb == "update" and item.record.crm_id == item.crm_id else item.record.whole


def _input(verb: str, item: Item, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {"properties": properties(_fields(verb, item)), "objectWriteTraceId": str(number)}
    if verb == "update":
        made["id"] = item.crm_id
    elif verb == "upsert" and item.key:
        made |= {"id": item.key[1], "idProperty": item.key[0]}
        made["properties"].setdefault(*item.key)
    return made


def _read(answer: Answer, verb: str, items: Sequence[Item]) -> bool:
    """Note what became of each; whether that is all there is to know, or they are to be sent again in halves."""
    told = answer.data
    told = told if isinstance(told, dict) else {}
    results = [one for one in told.get("results") or () if isinstance(one, dict) and one.get("id")]
    left = dict(enumerate(items))
    for one in results:
        number = _number_of(one, verb, left)
        if number is not None:
            left.pop(number).settle(str(one["id"]), new=one.get("new") is True or verb == "create")
    errors = [one for one in told.get("errors") or () if isinstance(one, dict)]
    for error in errors:
        for number in _numbers_of_error(error, verb, left, alone=len(errors) == 1):
            _settle_fault(verb, left.pop(number), error)
    if not left:
        return True
    if verb == "update" and not errors:
        # HubSpot leaves out, without an error, a record that was merged into another one.
        for item in left.values():
            item.crm_id = None
        return True
    return not errors or len(items) == 1


def _number_of(result: dict[str, Any], verb: str, left: dict[int, Item]) -> int | None:
    trace = result.get("objectWriteTraceId")
    if isinstance(trace, str) and trace.isdigit() and int(trace) in left:
        return int(trace)
    given = result.get("properties")
    given = given if isinstance(given, dict) else {}
    for number, item in left.items():
        if verb == "update" and item.crm_id == str(result.get("id")):
            return number
        if verb == "upsert" and item.key and str(given.get(item.key[0]) or "").lower() == item.key[1].lower():
            return number
    return next(iter(left)) if len(left) == 1 else None


def _numbers_of_error(error: dict[str, Any], verb: str, left: dict[int, Item], *, alone: bool) -> list[int]:
    traced = [int(one) for one in texts(error, "objectWriteTraceId") if one.isdigit() and int(one) in left]
    if traced:
        return traced
    ids = {one.lower() for one in texts(error, "ids")}
    named = [
        number
        for number, item in left.items()
        if (item.crm_id if verb == "update" else item.key[1].lower() if item.key else None) in ids
    ]
    return named or (list(left) if alone and len(left) == 1 else [])


def _settle_fault(verb: str, item: Item, error: Any) -> None:
    gone = error.get("category") == "OBJECT_NOT_FOUND"
    if verb == "update" and gone and item.record.crm_id == item.crm_id:
        item.crm_id = None
        return
    there = existing_id(error)
    if verb != "update" and there and item.crm_id is None:
        item.crm_id = there
        return
    item.fail(record_error(error, properties(item.record.whole)))


def _open(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if item.result is None]


def _id(item: Item) -> str:
    return item.crm_id or f"new {id(item)}"


def _key_name(item: Item) -> str | None:
    return item.key[0] if item.key else None


def _key(item: Item) -> str:
    return item.key[1].lower() if item.key else ""


def _waves(items: Sequence[Item], key: Callable[[Item], str]) -> list[list[Item]]:
    """Batches without a key twice, in which what comes later with the same key goes later."""
    waves: list[list[Item]] = []
    seen: dict[str, int] = {}
    for item in items:
        number = seen.get(key(item), 0)
        seen[key(item)] = number + 1
        if number == len(waves):
            waves.append([])
        waves[number].append(item)
    return waves
