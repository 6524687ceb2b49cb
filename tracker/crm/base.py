"""The protocol between the sync and a CRM, which one adapter per CRM speaks (technical design §1, plugin architecture).

An adapter brings records that are mapped already to one account of one CRM. It keeps no state but its session: what
was sent, when to try again and in which order is the sync's business. All its methods may be called again after any
failure: an answer that was lost must not make a second record.

Two kinds of failure. What is wrong with one record is in its `Result`; its neighbours go on. What is wrong with the
call as a whole (no answer, no budget, no credentials) is one of the errors below, and then nothing is known of any
record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, Self, TypeAlias, runtime_checkable

import msgspec

from tracker.errors import TrackerError

Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = Scalar | list[str]

Outcome = Literal["created", "updated", "unchanged", "held", "failed"]
FieldType = Literal[
    "text", "email", "phone", "url", "number", "boolean", "date", "datetime", "picklist", "multipicklist", "reference",
    "other",
]  # fmt: skip
DuplicatePolicy = Literal["update", "allow", "hold"]
"""What to do when the CRM itself says that a new record looks like one that it has."""


# ------------------------------------------------------------------------------------------------------ what goes over


class Record(msgspec.Struct, frozen=True):
    """One lead as one entity of the CRM, mapped.

    :ivar lead_id: ours; the value of the external-id field where the connection has one.
    :ivar entity: such as ``Lead`` or ``Contact``, as the CRM spells it.
    :ivar fields: new values by the CRM's field names; ``None`` empties a field. On an update only what changed.
    :ivar email: normalised, for finding the record where there is no external id; ``None`` = it cannot be found so.
    :ivar crm_id: the record's id in the CRM, as an earlier sync learnt it.
    :ivar complete: all mapped values, for a record that turns out to be new (or to be gone from the CRM).
    """

    lead_id: str
    entity: str
    fields: dict[str, Value]
    email: str | None = None
    crm_id: str | None = None
    complete: dict[str, Value] = {}

    @property
    def whole(self) -> dict[str, Value]:
        """What a new record is made of."""
        return self.complete or self.fields


class RecordError(msgspec.Struct, frozen=True):
    """Why one record was not taken.

    :ivar code: the CRM's own, in capitals where it has one (``REQUIRED_FIELD_MISSING``), else one of ours.
    :ivar message: for people, with every value of the record taken out.
    :ivar retryable: the same record may be taken later (a row lock); else it waits for a change of lead or mapping.
    :ivar fields: the CRM's field names that are at fault.
    """

    code: str
    message: str
    retryable: bool = False
    fields: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """What became of one record.

    :ivar entity: differs from the record's where a converted lead goes on as a contact.
    :ivar crm_id: ``None`` only when it failed or is held.
    """

    lead_id: str
    outcome: Outcome
    entity: str
    crm_id: str | None = None
    error: RecordError | None = None


class Existing(msgspec.Struct, frozen=True):
    """A record as it is in the CRM now; ``fields`` holds those that were asked for."""

    crm_id: str
    entity: str
    fields: dict[str, Any]


# ----------------------------------------------------------------------------------------------- what the CRM is like


class EntityField(msgspec.Struct, frozen=True, rename="camel"):
    """A field of an entity.

    :ivar length: in characters, ``None`` = no limit known.
    :ivar required: a new record without it is refused.
    :ivar choices: active values of a picklist; ``None`` = free.
    :ivar restricted: other values than ``choices`` are refused.
    """

    name: str
    label: str
    type: FieldType
    length: int | None = None
    required: bool = False
    creatable: bool = True
    updatable: bool = True
    choices: tuple[str, ...] | None = None
    restricted: bool = False
    external_id: bool = False


class Entity(msgspec.Struct, frozen=True, rename="camel"):
    """What records of one kind consist of."""

    name: str
    label: str
    fields: tuple[EntityField, ...]


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """The account's budget of calls, as last heard.

    :ivar window_seconds: how long ``limit`` is good for (24 h at Salesforce, rolling).
    """

    used: int
    limit: int
    window_seconds: float


class AccountInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What `CrmAdapter.check` found: that the credentials work, and what they are for."""

    account: str
    user: str = ""
    instance: str = ""
    api_version: str = ""
    usage: Usage | None = None
    warnings: tuple[str, ...] = ()


class Capabilities(msgspec.Struct, frozen=True, rename="camel"):
    """What an adapter can do.

    :ivar max_batch: most records of one `upsert`; it may make several calls of them.
    :ivar entities: which there are; ``None`` = any.
    :ivar describes: knows its fields; :ivar deletes: can delete; :ivar reads: `fetch` works.
    :ivar idempotent: a record whose answer was lost is found again, whatever it holds.
    """

    max_batch: int
    entities: tuple[str, ...] | None = None
    describes: bool = True
    deletes: bool = True
    reads: bool = True
    idempotent: bool = True


class DefaultMapping(msgspec.Struct, frozen=True):
    """A mapping that holds while the operator has none for the target.

    :ivar source: an attribute of a lead (``email``, ``utmSource``), ``fields.<name>``, or ``=text`` for a constant.
    """

    source: str
    target_field: str
    transform: str | None = None


# -------------------------------------------------------------------------------------------------------------- errors


class CrmError(TrackerError):
    """Base of what concerns a whole call. Never holds a value of a record, nor a credential."""

    status, slug, title = 502, "crm", "The CRM did not do it"


class RetryLaterError(CrmError):
    """No answer, or one that says "later": timeout, connection cut, 5xx, 408. Whether it was done is not known."""


class RateLimitedError(CrmError):
    """The account's budget is used up; ``retry_after`` (seconds) says for how long, where the CRM says so."""


class CredentialsError(CrmError):
    """The credentials are not good (any more), or allow too little. Nothing helps but new ones."""


class RefusedError(CrmError):
    """The CRM does not understand the call: a wrong entity, field or version. A change of the settings helps."""


# ------------------------------------------------------------------------------------------------------------ protocol


@runtime_checkable
class CrmAdapter(Protocol):
    """One account of one CRM. Made per connection, kept open while there is work, used by one task at a time.

    ``kind`` is the name of its entry point in the group ``tracker.crm``.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """Take what an operator gives to ``crm connect`` apart into credentials and settings, both checked.

        :raises InvalidError: naming what is missing, misspelt or of no use, without repeating a value.
        """
        ...

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        """An adapter for an account. No I/O yet."""
        ...

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        """What a lead is mapped to where the operator said nothing."""
        ...

    @property
    def default_entity(self) -> str:
        """What leads become where a mapping names no entity."""
        ...

    @property
    def usage(self) -> Usage | None:
        """The budget, as the last answer told it."""
        ...

    async def check(self) -> AccountInfo:
        """Sign in and look around; changes nothing.

        :raises CrmError: one of those above.
        """
        ...

    async def describe(self, entity: str) -> Entity:
        """The fields of an entity.

        :raises RefusedError: when there is no such entity.
        :raises CrmError: one of those above.
        """
        ...

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """What the CRM holds of these now, found as `upsert` would find them; for a dry run.

        :raises CrmError: one of those above.
        """
        ...

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        """Create or update; one result for each record, in their order.

        :param records: at most ``capabilities.max_batch``, of any entities, no lead twice with one entity.
        :raises CrmError: one of those above, when nothing is known of any record.
        """
        ...

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        """Delete records; one that is gone already is no failure. ``lead_id`` of a result is empty.

        :raises CrmError: one of those above.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
