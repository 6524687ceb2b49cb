"""A CRM that is a log: says what would go over, for trying a mapping out. No value is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self
from uuid import NAMESPACE_URL, uuid5

import structlog

from tracker.crm import options
from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    DefaultMapping,
    Entity,
    Existing,
    Outcome,
    Record,
    Result,
    Usage,
)

log = structlog.get_logger(__name__)

_OPTIONS = {"entity": options.Option("what leads become where a mapping names nothing; Lead by default")}
_DEFAULTS = (
    DefaultMapping("email", "Email"),
    DefaultMapping("firstName", "FirstName"),
    DefaultMapping("lastName", "LastName"),
    DefaultMapping("phoneE164", "Phone"),
    DefaultMapping("company", "Company"),
    DefaultMapping("message", "Description"),
)


class Log:
    """The adapter ``log``. Ids follow from the lead's, so that a second call makes nothing new."""

    kind: ClassVar[str] = "log"
    title: ClassVar[str] = "log"
    capabilities: ClassVar[Capabilities] = Capabilities(max_batch=1000, describes=False, reads=False)

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """See `CrmAdapter.split`; there are no credentials."""
        return options.split(cls.title, _OPTIONS, document)

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        """No account is needed."""
        return cls(str(settings.get("entity") or "Lead"))

    def __init__(self, entity: str) -> None:
        self._entity = entity

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        """The usual names."""
        return _DEFAULTS

    @property
    def default_entity(self) -> str:
        """``Lead``, unless the settings say otherwise."""
        return self._entity

    @property
    def usage(self) -> Usage | None:
        """A log has no limit."""
        return None

    async def check(self) -> AccountInfo:
        """Always lets us in."""
        return AccountInfo("the log of the worker")

    async def describe(self, entity: str) -> Entity:
        """Nothing is known of any field."""
        return Entity(entity, entity, ())

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """A log is not read."""
        return [None] * len(records)

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        """A line for each record, with the names of its fields."""
        results = []
        for record in records:
            crm_id = record.crm_id or str(uuid5(NAMESPACE_URL, f"trackerctl:log:{record.entity}:{record.lead_id}"))
            outcome: Outcome = "updated" if record.crm_id else "created"
            log.info(
                "crm_record", lead=record.lead_id, entity=record.entity, fields=sorted(record.fields), outcome=outcome
            )
            results.append(Result(record.lead_id, outcome, record.entity, crm_id))
        return results

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        """A line for each."""
        for crm_id in crm_ids:
            log.info("crm_record_deleted", entity=entity, record=crm_id)
        return [Result("", "updated", entity, crm_id) for crm_id in crm_ids]

    async def close(self) -> None:
        """Nothing to give back."""
