"""Suppressing addresses, as operators do it. The audit log knows them by their keyed hash only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from tracker.config.service import ConfigService
from tracker.errors import InvalidError
from tracker.privacy.hashes import Hasher, normal
from tracker.privacy.suppressions import Address, Database, find_suppression, suppress, unsuppress
from tracker.settings import Settings
from tracker.views import document_view


@dataclass(frozen=True, slots=True)
class Suppressing:
    """What the operations work with.

    :ivar actor: who does it, like ``cli:root``.
    """

    database: Database
    config: ConfigService
    settings: Settings
    actor: str

    async def suppress(self, kind: Literal["email", "phone"], value: str, client: str | None = None) -> dict[str, Any]:
        """Have later events with an address stripped of personal data before anything of them is stored.

        :param client: id, beginning or domain of the only client that is meant.
        :returns: as :meth:`check`, and ``changed``: whether it was not suppressed before.
        :raises InvalidError: when it is no address. :raises NotFoundError: when there is no such client.
        """
        address, client_id = await self._read(kind, value, client)
        changed = await suppress(self.database, self._hasher, address, client_id=client_id, by=self.actor)
        if changed:
            await self._note("gdpr.suppress", address, client_id)
        return {**await self._view(address, client_id), "changed": changed}

    async def unsuppress(
        self, kind: Literal["email", "phone"], value: str, client: str | None = None
    ) -> dict[str, Any]:
        """Take a suppression of this very scope back. Parameters, result and errors as of :meth:`suppress`."""
        address, client_id = await self._read(kind, value, client)
        changed = await unsuppress(self.database, self._hasher, address, client_id=client_id)
        if changed:
            await self._note("gdpr.unsuppress", address, client_id)
        return {**await self._view(address, client_id), "changed": changed}

    async def check(self, kind: Literal["email", "phone"], value: str, client: str | None = None) -> dict[str, Any]:
        """Whether an address is suppressed: ``{suppressed, hash, kind, clientId, createdAt, createdBy}``, where
        ``clientId`` is the only client that it holds for. Errors as of :meth:`suppress`."""
        address, client_id = await self._read(kind, value, client)
        return await self._view(address, client_id)

    @property
    def _hasher(self) -> Hasher:
        return Hasher(self.settings.secrets)

    async def _read(
        self, kind: Literal["email", "phone"], value: str, client: str | None
    ) -> tuple[Address, str | None]:
        found = normal(kind, value, self.settings.default_region)
        if found is None:
            # The value is not repeated: errors end in logs.
            what = (
                "e-mail address" if kind == "email" else "phone number; write it with its country, as +49 170 1234567"
            )
            raise InvalidError(f"that is no {what}")
        client_id = (await asyncio.to_thread(self.config.get_client, client)).client_id if client else None
        return (kind, found), client_id

    async def _view(self, address: Address, client_id: str | None) -> dict[str, Any]:
        row = await find_suppression(self.database, self._hasher, address, client_id=client_id)
        view = document_view({name: (row or {}).get(name) for name in ("clientId", "createdAt", "createdBy")})
        kind, value = address
        return {"suppressed": row is not None, "hash": self._hasher.one(kind, value), "kind": kind, **view}

    async def _note(self, action: str, address: Address, client_id: str | None) -> None:
        kind, value = address
        target = ("suppression", self._hasher.one(kind, value))
        await asyncio.to_thread(self.config.record_change, action, target, client_id, actor=self.actor)
