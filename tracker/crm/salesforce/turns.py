"""What an answer of the org leads to where it is neither yes nor no: gone, converted, or there already."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from tracker.crm.base import RecordError
from tracker.crm.salesforce.collections import Answer, plain
from tracker.crm.salesforce.defaults import for_existing
from tracker.crm.salesforce.faults import CONVERTED, DUPLICATE, Fault, RefusedCallError, record_error
from tracker.crm.salesforce.find import Found
from tracker.crm.salesforce.items import Item
from tracker.crm.salesforce.lookup import CONTACT, Lookup
from tracker.crm.salesforce.session import Connection

MATCHES_ASKED = 20
"""For so many records of one `upsert` a call of its own asks what they are duplicates of; the others come again."""


class Turns:
    """Reads answers; what needs another look at the org is gathered, and done for all at once by `follow`."""

    def __init__(self, connection: Connection, lookup: Lookup) -> None:
        self._connection = connection
        self._options = connection.options
        self._lookup = lookup
        self._converted: list[Item] = []
        self._duplicates: list[tuple[Item, tuple[Fault, ...]]] = []
        self._asked = 0

    def read(self, item: Item, answer: Answer) -> None:
        """Settle a record by its answer, or note what it leads to."""
        if not answer.faults:
            item.settle(answer)
            return
        code = answer.faults[0].code
        if item.crm_id is not None and answer.faults[0].gone and item.first("gone"):
            item.start_again()
        elif code == CONVERTED and item.first("converted"):
            self._converted.append(item)
        elif code == DUPLICATE and self._options.duplicates == "update" and item.first("duplicate"):
            self._duplicates.append((item, answer.faults))
        else:
            self._refuse(item, answer.faults, held=code == DUPLICATE)

    async def follow(self) -> None:
        """Find out how those that were noted go on.

        :raises CrmError: one of those of the protocol; those that were noted are still open then.
        """
        converted, self._converted = self._converted, []
        duplicates, self._duplicates = self._duplicates, []
        if converted:
            found = await self._lookup.converted(converted)
            for item in converted:
                await self.to_contact(item, found.get((item.crm_id or item.record.lead_id).casefold()))
        if duplicates:
            await self._to_matches(duplicates)

    async def to_contact(self, item: Item, lead: Found | None) -> None:
        """A converted lead goes on as its contact, with what a contact has of its fields.

        :raises CrmError: as `CrmAdapter.describe` does.
        """
        if lead is None or lead.contact_id is None:
            self._refuse(item, (Fault(CONVERTED, ""),))
            return
        item.become(CONTACT, lead.contact_id, await self._lookup.contact_values(for_existing(item.values)))

    async def _to_matches(self, duplicates: Sequence[tuple[Item, tuple[Fault, ...]]]) -> None:
        unknown = []
        for item, faults in duplicates:
            if item.crm_id is not None:
                item.allow = True  # It is in the org already; that it looks like another one is no reason to stop.
            elif not await self._to_match(item, faults):
                unknown.append((item, faults))
        for entity in {item.entity for item, _ in unknown}:
            own = [item for item, _ in unknown if item.entity == entity]
            found = await self._lookup.by_email(entity, own)
            for item in own:
                if known := found.get((item.record.email or "").casefold()):
                    await self._to_found(item, known)
        left = [(item, faults) for item, faults in unknown if item.crm_id is None and item.open]
        await asyncio.gather(*(self._ask(item, faults) for item, faults in left))

    async def _to_found(self, item: Item, known: Found) -> None:
        if known.converted:
            await self.to_contact(item, known)
        else:
            item.become(item.entity, known.crm_id, for_existing(item.values))
            item.allow = True

    async def _to_match(self, item: Item, faults: Iterable[Fault]) -> bool:
        """Go on as the record that the duplicate rule names: of the same entity if there is one, else a contact."""
        matches = [match for fault in faults for match in fault.matches]
        for entity in (item.entity, CONTACT):
            for kind, crm_id in matches:
                if kind != entity:
                    continue
                values = for_existing(item.values)
                if kind != item.entity:
                    values = await self._lookup.contact_values(values)
                item.become(kind, crm_id, values)
                item.allow = True
                return True
        return False

    async def _ask(self, item: Item, faults: tuple[Fault, ...]) -> None:
        """Collections and bulk jobs do not say what a record is a duplicate of; the call for a single one does."""
        self._asked += 1
        if self._asked > MATCHES_ASKED:
            later = "many records are duplicates by the org's rules; this one is looked at later"
            item.refuse(RecordError(DUPLICATE, later, retryable=True))
            return
        try:
            answer = await self._connection.aside(self._send_one, item)
        except RefusedCallError as error:
            if not await self._to_match(item, error.faults):
                self._refuse(item, error.faults or faults, held=True)
            return
        item.settle(answer)

    def _send_one(self, item: Item) -> Answer:
        values = {name: plain(value) for name, value in item.values.items()}
        path, method = f"sobjects/{item.entity}", "POST"
        if item.external:
            path, method = f"{path}/{self._options.external_id_field}/{item.record.lead_id}", "PATCH"
        told = self._connection.call(method, path, json=values)
        crm_id = told.get("id") if isinstance(told, dict) else None
        return Answer(crm_id, created=bool(crm_id))

    def _refuse(self, item: Item, faults: Sequence[Fault], *, held: bool = False) -> None:
        item.refuse(record_error(faults, item.record.whole, self._options.external_id_field), held=held)
