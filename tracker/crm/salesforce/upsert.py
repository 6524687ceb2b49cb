"""One `upsert`: which record of the org each of ours is, what is sent for it, and what its answer leads to.

It goes in rounds. In each, every record that is not settled yet is looked for (where its id is not known), sent, and
its answer read. What the answer leads to is done in the next round: a record that is gone is made anew, a converted
lead goes on as its contact, a duplicate follows the connection's policy. Of two of ours that are one record of the org
only the first is sent in a round, so that two leads with one e-mail address make one record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple

from tracker.crm.base import (
    CredentialsError,
    CrmError,
    RateLimitedError,
    Record,
    RecordError,
    RefusedError,
    Result,
)
from tracker.crm.salesforce import bulk, collections
from tracker.crm.salesforce.collections import MAX_RECORDS, Operation, Write
from tracker.crm.salesforce.defaults import for_existing
from tracker.crm.salesforce.items import Item
from tracker.crm.salesforce.lookup import CONTACT, Describe, Lookup
from tracker.crm.salesforce.session import AT_ONCE, Connection
from tracker.crm.salesforce.turns import Turns

_ROUNDS = 12


class _Group(NamedTuple):
    operation: Operation
    entity: str
    allow: bool


class Upsert:
    """Brings records to an org; used once.

    :param describe: the fields of an entity, for what a contact has of a lead.
    """

    def __init__(self, connection: Connection, describe: Describe, records: Sequence[Record]) -> None:
        self._connection = connection
        self._options = connection.options
        self._lookup = Lookup(connection, describe)
        self._turns = Turns(connection, self._lookup)
        self._items = [Item.of(record) for record in records]
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._made: dict[tuple[str, str], str] = {}

    async def run(self) -> list[Result]:
        """One result for each record.

        :raises CrmError: when no call came through, so that nothing is known of any record.
        """
        for _ in range(_ROUNDS):
            pending = [item for item in self._items if item.open]
            if not pending:
                break
            await self._round(pending)
        if self._items and not any(item.result for item in self._items):
            failures = [item.failure for item in self._items if item.failure is not None]
            if failures:
                raise max(failures, key=_weight)
        return [_result(item) for item in self._items]

    async def _round(self, pending: Sequence[Item]) -> None:
        await self._identify(pending)
        groups: dict[_Group, list[Item]] = {}
        taken: set[Hashable] = set()
        for item in pending:
            if not item.open:
                continue
            if item.crm_id is None and not item.external and item.record.email is not None:
                item.crm_id = self._made.get(item.email_key)
            if item.key in taken:
                continue
            taken.add(item.key)
            if item.crm_id is not None:
                item.values = for_existing(item.values)
                if not item.values:
                    item.leave()
                    continue
            groups.setdefault(self._group(item), []).append(item)
        await asyncio.gather(*(self._send(group, part) for group, part in self._parts(groups)))
        try:
            await self._turns.follow()
        except CrmError as error:
            for item in pending:
                if item.open and item.key in taken:
                    item.failure = error

    def _group(self, item: Item) -> _Group:
        allow = item.allow or self._options.duplicates == "allow"
        if item.crm_id is not None:
            return _Group("update", item.entity, allow)
        return _Group("upsert" if item.external else "create", item.entity, allow)

    def _parts(self, groups: dict[_Group, list[Item]]) -> Iterator[tuple[_Group, Sequence[Item]]]:
        for group, items in groups.items():
            if self._as_job(group, len(items)):
                yield group, items
            else:
                starts = range(0, len(items), MAX_RECORDS)
                yield from ((group, items[start : start + MAX_RECORDS]) for start in starts)

    def _as_job(self, group: _Group, number: int) -> bool:
        """Whether it goes as a bulk job, which knows nothing of duplicate rules being allowed."""
        return number >= self._options.bulk_from and group.operation != "create" and not group.allow

    async def _identify(self, pending: Sequence[Item]) -> None:
        """Learn which record of the org each is, where that is not known yet."""
        for item in pending:
            try:
                await self._identify_one(item)
            except CrmError as error:
                item.failure = error
        unknown = [item for item in pending if item.open and not (item.crm_id or item.external or item.looked)]
        for entity in dict.fromkeys(item.entity for item in unknown):
            own = [item for item in unknown if item.entity == entity]
            try:
                found = await self._lookup.by_email(entity, own)
                for item in own:
                    item.looked = True
                    known = found.get((item.record.email or "").casefold())
                    if known is not None and known.converted:
                        await self._turns.to_contact(item, known)
                    elif known is not None:
                        item.crm_id = known.crm_id
            except CrmError as error:
                for item in own:
                    item.failure = error

    async def _identify_one(self, item: Item) -> None:
        if item.crm_id is not None:
            if item.first("sorted") and await self._lookup.went_on(item.record):
                item.become(CONTACT, item.crm_id, await self._lookup.contact_values(item.values))
        elif not item.looked:
            item.external = await self._lookup.by_external_id(item.entity)

    async def _send(self, group: _Group, items: Sequence[Item]) -> None:
        writes = [
            Write(item.entity, item.values, item.crm_id, item.record.lead_id if item.external else None)
            for item in items
        ]
        async with self._at_once:
            try:
                if self._as_job(group, len(items)):
                    answers = await self._connection.aside(bulk.write, self._connection, group.operation, writes)
                else:
                    answers = await self._connection.aside(
                        collections.write, self._connection, group.operation, writes, allow_duplicates=group.allow
                    )
            except CrmError as error:
                for item in items:
                    item.failure = error
                return
        for item, answer in zip(items, answers, strict=True):
            if group.operation == "create" and answer.crm_id and item.record.email is not None:
                self._made[item.email_key] = answer.crm_id
            self._turns.read(item, answer)


def _weight(error: CrmError) -> int:
    """Which of several failures tells most of the account."""
    order = (RefusedError, RateLimitedError, CredentialsError)
    return next((place for place, kind in enumerate(order, 1) if isinstance(error, kind)), 0)


def _result(item: Item) -> Result:
    """What is known; other records of the same `upsert` came through where a call about this one did not."""
    if item.result is not None:
        return item.result
    if item.failure is None:
        error = RecordError("TOO_MANY_AT_ONCE", "other leads are the same record of Salesforce", retryable=True)
    else:
        error = RecordError("CALL_FAILED", item.failure.detail, retryable=not isinstance(item.failure, RefusedError))
    return Result(item.record.lead_id, "failed", item.entity, None, error)
