"""A CRM without a server, for tests of what is asked of any: it describes two objects and takes what fits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    DefaultMapping,
    Entity,
    EntityField,
    Existing,
    Record,
    RefusedError,
    Result,
    Usage,
)

LEAD = Entity(
    "Lead",
    "Lead",
    (
        EntityField("Email", "Email", "email", 80),
        EntityField("LastName", "Last Name", "text", 80, required=True),
        EntityField("Phone", "Phone", "phone", 40),
        EntityField("Rating", "Rating", "picklist", 40, choices=("Hot", "Cold"), restricted=True),
        EntityField("Code__c", "Code", "text", 5),
        EntityField("Age__c", "Age", "number"),
        EntityField("Score", "Score", "number", creatable=False, updatable=False),
        EntityField("Origin__c", "Origin", "text", 40, updatable=False),
    ),
)
ACCOUNT = Entity("Account", "Account", (EntityField("Name", "Name", "text", 80, required=True),))


class SampleCrm:
    """An adapter that keeps nothing; ``settings["describes"]`` false = it cannot tell its fields."""

    kind: ClassVar[str] = "sample"
    title: ClassVar[str] = "Sample"
    capabilities = Capabilities(max_batch=10)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.capabilities = Capabilities(max_batch=10, describes=settings.get("describes", True))
        self.closed = False

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        return {"token": str(document["token"])}, {}

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        return cls(settings)

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        if entity != "Lead":
            return ()
        return DefaultMapping("email", "Email"), DefaultMapping("name", "LastName", "last_name")

    @property
    def default_entity(self) -> str:
        return "Lead"

    @property
    def usage(self) -> Usage | None:
        return None

    async def check(self) -> AccountInfo:
        return AccountInfo("sample")

    async def describe(self, entity: str) -> Entity:
        for known in (LEAD, ACCOUNT):
            if known.name == entity:
                return known
        raise RefusedError(f"there is no {entity}")

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        return [None for _ in records]

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        return [Result(record.lead_id, "created", record.entity, record.lead_id) for record in records]

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        return [Result("", "updated", entity, crm_id) for crm_id in crm_ids]

    async def close(self) -> None:
        self.closed = True
