"""Which record of the org each of ours is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from tracker.crm.base import Entity, Existing, Record, Value
from tracker.crm.salesforce import find
from tracker.crm.salesforce.find import Found
from tracker.crm.salesforce.items import CONTACT_PREFIX, Item
from tracker.crm.salesforce.session import Connection

CONTACT = "Contact"
LEAD = "Lead"
_EMAIL = "Email"


class Describe(Protocol):
    """The fields of an entity, cached."""

    async def __call__(self, entity: str) -> Entity:
        """Raises as `CrmAdapter.describe` does."""
        ...


class Lookup:
    """Finds records by id, by external id where the connection has one, else by e-mail address."""

    def __init__(self, connection: Connection, describe: Describe) -> None:
        self._connection = connection
        self._field = connection.options.external_id_field
        self._default = connection.options.entity
        self._describe = describe

    async def by_external_id(self, entity: str) -> bool:
        """Whether records of an entity are told by their external id.

        :raises CrmError: as `CrmAdapter.describe` does, for any but the connection's own entity.
        """
        if self._field is None or entity == self._default:
            return self._field is not None
        wanted = self._field.casefold()
        return any(field.name.casefold() == wanted for field in (await self._describe(entity)).fields)

    async def by_email(self, entity: str, items: Iterable[Item]) -> dict[str, Found]:
        """The records with the e-mail addresses of items, by the address in lower case.

        :raises CrmError: one of those of the protocol.
        """
        records = [item.record for item in items if item.record.email]
        name = await self._email_field(entity, records) if records else None
        if name is None:
            return {}
        return await self._find(entity, name, [record.email for record in records if record.email])

    async def converted(self, items: Sequence[Item]) -> dict[str, Found]:
        """Leads that were refused as converted, by id and by external id, in lower case.

        :raises CrmError: one of those of the protocol.
        """
        by_id = [item.crm_id for item in items if item.crm_id]
        found = await self._find(LEAD, "Id", by_id)
        if self._field is not None:
            found |= await self._find(LEAD, self._field, [item.record.lead_id for item in items if not item.crm_id])
        return found

    async def contact_values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """What of a lead's values a contact can take.

        :raises CrmError: as `CrmAdapter.describe` does.
        """
        contact = await self._describe(CONTACT)
        names = {field.name.casefold() for field in contact.fields if field.updatable}
        return {name: value for name, value in values.items() if name.casefold() in names}

    async def went_on(self, record: Record) -> bool:
        """Whether a record of ours is a lead that goes on as a contact, by what its id and its fields say.

        :raises CrmError: as `CrmAdapter.describe` does.
        """
        if not (record.crm_id or "").startswith(CONTACT_PREFIX):
            return False
        if record.entity == LEAD:
            return True
        if record.entity != CONTACT or self._default != LEAD:
            return False
        taken = await self.contact_values(record.fields)
        lead = {field.name.casefold() for field in (await self._describe(LEAD)).fields}
        return all(name in taken or name.casefold() in lead for name in record.fields)

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """See `CrmAdapter.fetch`."""
        found: list[Existing | None] = [None] * len(records)
        places: dict[tuple[str, str], list[int]] = {}
        for place, record in enumerate(records):
            entity = CONTACT if await self.went_on(record) else record.entity
            if record.crm_id is not None:
                places.setdefault((entity, "Id"), []).append(place)
            elif await self.by_external_id(entity):
                places.setdefault((entity, self._field or ""), []).append(place)
            elif record.email and (name := await self._email_field(entity, [record])):
                places.setdefault((entity, name), []).append(place)
        for (entity, name), own in places.items():
            await self._fetch(records, own, entity, name, found)
        return found

    async def _fetch(
        self, records: Sequence[Record], places: Sequence[int], entity: str, name: str, found: list[Existing | None]
    ) -> None:
        more = await self._readable(entity, {field for place in places for field in records[place].whole})
        values = {place: _sought(records[place], name, self._field) for place in places}
        rows = await self._find(entity, name, values.values(), more)
        contacts = {row.contact_id for row in rows.values() if row.contact_id}
        shared = await self._readable(CONTACT, set(more)) if contacts else []
        people = await self._find(CONTACT, "Id", contacts, shared) if contacts else {}
        for place, value in values.items():
            row = rows.get(value.casefold())
            if row is not None and row.contact_id:
                row = people.get(row.contact_id.casefold(), row)
            if row is not None:
                own = {field: row.fields[field] for field in records[place].whole if field in row.fields}
                found[place] = Existing(row.crm_id, row.entity, own)

    async def _readable(self, entity: str, names: set[str]) -> list[str]:
        known = {field.name for field in (await self._describe(entity)).fields}
        return sorted(names & known)

    async def _email_field(self, entity: str, records: Sequence[Record]) -> str | None:
        """The field that holds the e-mail address: of objects of the org's own, one that it is mapped to."""
        if entity in (LEAD, CONTACT):
            return _EMAIL
        known = [field.name for field in (await self._describe(entity)).fields if field.type == "email"]
        for name in known:
            if any(str(record.whole.get(name) or "").casefold() == record.email for record in records):
                return name
        return known[0] if known else None

    async def _find(self, entity: str, field: str, values: Iterable[str], more: Sequence[str] = ()) -> dict[str, Found]:
        return await self._connection.aside(find.find, self._connection, entity, field, list(values), more)


def _sought(record: Record, name: str, external_id_field: str | None) -> str:
    if name == "Id":
        return record.crm_id or ""
    return record.lead_id if name == external_id_field else record.email or ""
