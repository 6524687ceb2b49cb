"""One account of a CRM, open and ready: adapter, mapping, and what the CRM says of its entities."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.config.records import ClientRecord, CrmRecord
from tracker.crm.base import CrmAdapter, Entity
from tracker.crm.mapping import Plan

_DESCRIBED_SECONDS = 3600.0


@dataclass
class Account:
    """What is needed to bring a client's leads to one of its accounts.

    :ivar connection: as the caches know it; ``version`` is another one after each change.
    """

    client: ClientRecord
    connection: CrmRecord
    adapter: CrmAdapter
    region: str
    _described: dict[str, tuple[float, Entity]] = field(default_factory=dict)
    _plan: tuple[ClientRecord, Plan] | None = None

    @property
    def id(self) -> str:
        """The connection's id."""
        return self.connection.connection_id

    @property
    def settings(self) -> Mapping[str, Any]:
        """The connection's, without secrets."""
        return self.connection.settings

    @property
    def plan(self) -> Plan:
        """The mapping of the client as it is now."""
        if self._plan is None or self._plan[0] is not self.client:
            plan = Plan.of(self.client, self.adapter.defaults, self.adapter.default_entity, self.region)
            self._plan = self.client, plan
        return self._plan[1]

    async def entity(self, name: str) -> Entity | None:
        """The fields of an entity, asked for once an hour; ``None`` where the CRM does not tell.

        :raises CrmError: as `CrmAdapter.describe` does.
        """
        if not self.adapter.capabilities.describes:
            return None
        found = self._described.get(name)
        if found is None or time.monotonic() - found[0] > _DESCRIBED_SECONDS:
            found = time.monotonic(), await self.adapter.describe(name)
            self._described[name] = found
        return found[1]
