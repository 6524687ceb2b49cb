"""The adapter for Salesforce. simple-salesforce blocks, so that every call is made in a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, Self
from urllib.parse import quote

from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    CredentialsError,
    CrmError,
    DefaultMapping,
    Entity,
    Existing,
    Record,
    RefusedError,
    Result,
    Usage,
)
from tracker.crm.salesforce import collections, defaults, find, options
from tracker.crm.salesforce.collections import MAX_RECORDS
from tracker.crm.salesforce.describe import read_entity
from tracker.crm.salesforce.faults import RefusedCallError, record_error
from tracker.crm.salesforce.lookup import Lookup
from tracker.crm.salesforce.session import DAY_SECONDS, Connection
from tracker.crm.salesforce.upsert import Upsert

_MAX_BATCH = 10_000
_CALLS_NEARLY_SPENT = 0.8


class Salesforce:
    """One org, as the user of a connection sees it.

    Records are told by the external-id field that the connection names, whose value is the ``lead_id``; without one, by
    their e-mail address. Only with such a field is a record whose answer was lost found again whatever it holds.
    """

    kind: ClassVar[str] = "salesforce"
    title: ClassVar[str] = "Salesforce"
    capabilities = Capabilities(max_batch=_MAX_BATCH)

    def __init__(self, credentials: Mapping[str, str], settings: options.Options, timeout_seconds: float) -> None:
        self._options = settings
        self.capabilities = Capabilities(max_batch=_MAX_BATCH, idempotent=settings.external_id_field is not None)
        self._user = credentials.get("username", "")
        self._connection = Connection(settings, credentials, timeout_seconds)
        self._entities: dict[str, Entity] = {}
        self._lookup = Lookup(self._connection, self._described)

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """See `CrmAdapter.split`; what there is stands in `options`."""
        return options.split(document)

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        """See `CrmAdapter.open`.

        :raises InvalidError: when the settings are of no use.
        """
        return cls(credentials, options.options_of(settings), timeout_seconds)

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        """See `CrmAdapter.defaults`."""
        return defaults.defaults(entity)

    @property
    def default_entity(self) -> str:
        """See `CrmAdapter.default_entity`."""
        return self._options.entity

    @property
    def usage(self) -> Usage | None:
        """See `CrmAdapter.usage`; Salesforce counts the calls of the last 24 hours."""
        return self._connection.http.usage

    async def check(self) -> AccountInfo:
        """See `CrmAdapter.check`."""
        usage = await self._connection.aside(self._limits)
        organisation = await self._connection.aside(self._organisation)
        name = str(organisation.get("Name") or self._connection.instance)
        return AccountInfo(
            account=f"{name} (sandbox)" if organisation.get("IsSandbox") else name,
            user=self._user,
            instance=self._connection.instance,
            api_version=self._options.api_version,
            usage=usage,
            warnings=tuple([warning async for warning in self._warnings(usage)]),
        )

    async def describe(self, entity: str) -> Entity:
        """See `CrmAdapter.describe`."""
        found = await self._connection.aside(self._ask_entity, entity)
        self._entities[entity] = found
        return found

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """See `CrmAdapter.fetch`."""
        return await self._lookup.fetch(records)

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        """See `CrmAdapter.upsert`."""
        return await Upsert(self._connection, self._described, records).run()

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        """See `CrmAdapter.delete`; Salesforce keeps what is deleted in the org's recycle bin for 15 days."""
        results = []
        for start in range(0, len(crm_ids), MAX_RECORDS):
            part = crm_ids[start : start + MAX_RECORDS]
            answers = await self._connection.aside(collections.delete, self._connection, part)
            results += [_deleted(entity, crm_id, answer) for crm_id, answer in zip(part, answers, strict=True)]
        return results

    async def close(self) -> None:
        """See `CrmAdapter.close`."""
        self._connection.close()

    async def _described(self, entity: str) -> Entity:
        """The fields of an entity as they were when they were last asked for: an adapter is not kept for long."""
        return self._entities.get(entity) or await self.describe(entity)

    def _ask_entity(self, entity: str) -> Entity:
        try:
            return read_entity(self._connection.call("GET", f"sobjects/{quote(entity, safe='')}/describe"))
        except RefusedCallError:
            # A wrong name is the usual reason; what there is costs one more call.
            listed = self._connection.call("GET", "sobjects")
            names = [str(one.get("name")) for one in (listed or {}).get("sobjects", ())]
            near = get_close_matches(entity, names, 1, 0.6)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise RefusedError(f"Salesforce shows its user no object {entity}{hint}") from None

    def _limits(self) -> Usage | None:
        try:
            told = self._connection.call("GET", "limits")
        except CredentialsError:
            if not self._connection.instance:
                raise  # not even signed in: another try would bring the user closer to being locked out
            # Only who may view the setup sees the limits. The list of what there is tells whether we are in at all.
            self._connection.call("GET", "")
            return self.usage
        daily = told.get("DailyApiRequests") if isinstance(told, Mapping) else None
        if isinstance(daily, Mapping) and isinstance(daily.get("Max"), int) and isinstance(daily.get("Remaining"), int):
            return Usage(daily["Max"] - daily["Remaining"], daily["Max"], DAY_SECONDS)
        return self.usage

    def _organisation(self) -> Mapping[str, Any]:
        try:
            rows = find.query(self._connection, "SELECT Name, IsSandbox FROM Organization LIMIT 1")
        except CrmError:
            # A user with little more than the leads need not see it, and nothing depends on it.
            return {}
        return rows[0] if rows else {}

    async def _warnings(self, usage: Usage | None) -> AsyncIterator[str]:
        if usage is not None and usage.limit and usage.used > usage.limit * _CALLS_NEARLY_SPENT:
            yield f"{usage.used} of {usage.limit} API calls of the last 24 hours are used"
        try:
            entity = await self.describe(self._options.entity)
        except RefusedError as error:
            yield error.detail
            return
        if not any(field.creatable for field in entity.fields):
            yield f"the user may not create records of {entity.name}"
        wanted = self._options.external_id_field
        if wanted is None:
            yield "without external_id_field a lead without an e-mail address is made twice when an answer is lost"
        elif not any(field.external_id and field.name.casefold() == wanted.casefold() for field in entity.fields):
            yield f"{entity.name} has no field {wanted} that is an external id"


def _deleted(entity: str, crm_id: str, answer: collections.Answer) -> Result:
    if not answer.faults:
        return Result("", "updated", entity, crm_id)
    if answer.faults[0].gone:
        return Result("", "unchanged", entity, crm_id)
    return Result("", "failed", entity, None, record_error(answer.faults, {}, None))
