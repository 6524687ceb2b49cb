"""A CRM in memory behind the adapter protocol, with faults on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from msgspec import structs

from tests.fixtures.builders import a_client
from tracker.config.records import ClientRecord, CrmRecord
from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    DefaultMapping,
    Entity,
    EntityField,
    Existing,
    Record,
    RecordError,
    Result,
    RetryLaterError,
    Usage,
)
from tracker.crm.sync.account import Account

FIELDS = (
    EntityField("Email", "Email", "email", 80),
    EntityField("LastName", "Last name", "text", 40, required=True),
    EntityField("Company", "Company", "text", 20),
    EntityField("Status", "Status", "picklist", choices=("Open", "Closed"), restricted=True),
)


class Memory:
    """``records`` by id; ``calls``: what was asked, in order; ``faults``: errors that the next calls end with, ``None``
    for none; ``lost``: so many answers are lost after the call was done."""

    kind: ClassVar[str] = "memory"
    title: ClassVar[str] = "Memory"
    capabilities: ClassVar[Capabilities] = Capabilities(max_batch=200)
    default_entity = "Lead"

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.calls: list[tuple[str, int]] = []
        self.faults: list[Exception | None] = []
        self.refuse: dict[str, RecordError] = {}
        self.lost = 0
        self.usage: Usage | None = None
        self.gate: asyncio.Event | None = None
        self.closed = False

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        return dict(document), {}

    @classmethod
    def open(cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30) -> Self:
        return cls()

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        return (
            DefaultMapping("email", "Email"),
            DefaultMapping("lastName", "LastName", "default:unknown"),
            DefaultMapping("company", "Company"),
        )

    async def check(self) -> AccountInfo:
        return AccountInfo("memory")

    async def describe(self, entity: str) -> Entity:
        return Entity(entity, entity, FIELDS)

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        found = [self._find(record) for record in records]
        return [None if name is None else Existing(name, "Lead", dict(self.records[name])) for name in found]

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        self.calls.append(("upsert", len(records)))
        if self.gate is not None:
            await self.gate.wait()
        if self.faults and (fault := self.faults.pop(0)):
            raise fault
        results = [self._upsert(record) for record in records]
        if self.lost:
            self.lost -= 1
            raise RetryLaterError("the answer was lost")
        return results

    def _upsert(self, record: Record) -> Result:
        if error := self.refuse.get(record.lead_id):
            outcome = "held" if error.code == "DUPLICATES_DETECTED" else "failed"
            return Result(record.lead_id, outcome, record.entity, None, error)  # type: ignore[arg-type]
        name = self._find(record)
        if name is None:
            name = f"m{len(self.records)}"
            self.records[name] = {"lead": record.lead_id, "entity": record.entity, **record.whole}
            return Result(record.lead_id, "created", record.entity, name)
        self.records[name].update(record.fields)
        return Result(record.lead_id, "updated", record.entity, name)

    def _find(self, record: Record) -> str | None:
        if record.crm_id in self.records:
            return record.crm_id
        return next((name for name, known in self.records.items() if known["lead"] == record.lead_id), None)

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        self.calls.append(("delete", len(crm_ids)))
        for name in crm_ids:
            self.records.pop(name, None)
        return [Result("", "updated", entity, name) for name in crm_ids]

    async def close(self) -> None:
        self.closed = True


def an_account(adapter: Memory, connection_id: str, **client: Any) -> Account:
    """An account of a client that nobody else has."""
    record = CrmRecord(connection_id=connection_id, adapter="memory", settings={}, version="1")
    return Account(a_crm_client(record, **client), record, adapter, "US")


def a_crm_client(*accounts: CrmRecord, **client: Any) -> ClientRecord:
    """A client with accounts."""
    return structs.replace(a_client(**client), crm=accounts)
