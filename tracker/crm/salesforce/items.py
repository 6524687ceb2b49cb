"""One of our records on its way into an org. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from tracker.crm.base import CrmError, Outcome, Record, RecordError, Result, Value
from tracker.crm.salesforce.collections import Answer

CONTACT_PREFIX = "003"
"""Ids of contacts begin with it in every org."""


@dataclass
class Item:
    """A record, and what it has become.

    :ivar entity: of the org's record that it is taken to be; :ivar values: what goes over.
    :ivar external: it is sent by its external id; its ``crm_id`` is not known.
    :ivar looked: it has been looked for, and without a ``crm_id`` it is new.
    :ivar allow: a duplicate rule may warn.
    :ivar result: set when the org has decided; :ivar failure: set when a call about it did not come through.
    """

    record: Record
    entity: str
    values: dict[str, Value]
    crm_id: str | None = None
    external: bool = False
    looked: bool = False
    allow: bool = False
    result: Result | None = None
    failure: CrmError | None = None
    _turns: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, record: Record) -> Item:
        """A record as it comes: what has changed for one whose id is known, else all of it."""
        if record.crm_id is None:
            return cls(record, record.entity, dict(record.whole))
        return cls(record, record.entity, dict(record.fields), record.crm_id)

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.result is None and self.failure is None

    @property
    def key(self) -> Hashable:
        """The same for two of ours that are one record of the org."""
        if self.crm_id is not None:
            return self.crm_id
        if self.external or self.record.email is None:
            return self.record.lead_id, self.entity
        return self.email_key

    @property
    def email_key(self) -> tuple[str, str]:
        """Whose record it is where e-mail addresses decide."""
        return self.entity, (self.record.email or "").casefold()

    def settle(self, answer: Answer) -> None:
        """The org took it."""
        outcome: Outcome = "created" if answer.created else "updated"
        self.result = Result(self.record.lead_id, outcome, self.entity, answer.crm_id or self.crm_id)

    def leave(self) -> None:
        """There is nothing to write."""
        self.result = Result(self.record.lead_id, "unchanged", self.entity, self.crm_id)

    def refuse(self, error: RecordError, *, held: bool = False) -> None:
        """The org did not take it."""
        self.result = Result(self.record.lead_id, "held" if held else "failed", self.entity, None, error)

    def become(self, entity: str, crm_id: str, values: dict[str, Value]) -> None:
        """It goes on as another record of the org."""
        self.entity, self.crm_id, self.values = entity, crm_id, values
        self.external, self.looked = False, True

    def start_again(self) -> None:
        """The record that it was is gone: it is made anew, or found elsewhere."""
        self.entity, self.crm_id, self.values = self.record.entity, None, dict(self.record.whole)
        self.external = self.looked = self.allow = False

    def first(self, turn: str) -> bool:
        """Whether it takes this turn for the first time: nothing goes round in circles."""
        new = turn not in self._turns
        self._turns.add(turn)
        return new
