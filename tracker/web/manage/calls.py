"""What a handler of the management API works with: who calls, the services, and what that caller may see.

For a token of one client whatever belongs to another does not exist: the answer is the same 404, to the letter, as for
an id that nobody has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from litestar import Request
from litestar.datastructures import State

from tracker.access.tokens import Access
from tracker.config.cache import bump_sync
from tracker.config.models import Client
from tracker.config.service import ConfigService, OwnedKind
from tracker.config.service.lookup import is_id
from tracker.errors import NotFoundError
from tracker.leads.service import find_lead
from tracker.views import document_view
from tracker.web.services import Services

ManageRequest = Request[None, Access, State]
P = ParamSpec("P")
T = TypeVar("T")

_NAMES: Mapping[OwnedKind, str] = {
    "form": "form",
    "field": "field",
    "mapping": "mapping",
    "client_mapping": "mapping",
    "key": "key",
    "webhook": "webhook",
    "crm": "CRM connection",
}


class Call:
    """One request of the management API.

    :ivar config: the configuration, changed in the name of ``api:<subject>``.
    """

    def __init__(self, request: ManageRequest) -> None:
        self.request = request
        self.access = request.auth
        self.services: Services = request.app.state.services
        self.actor = f"api:{self.access.subject}"
        settings = self.services.settings
        # That Redis cannot be told is no failure: the service logs it, and caches expire by themselves.
        self.config = ConfigService(
            self.services.engine, settings, actor=self.actor, notify=lambda: bump_sync(settings)
        )

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call what blocks in a thread."""
        return await asyncio.to_thread(function, *args, **kwargs)

    async def client(self, client_id: str) -> Client:
        """The client with that id.

        :raises NotFoundError: when there is none, or not for this caller.
        """
        self.check_client(client_id)
        try:
            return await self.run(self.config.get_client, client_id)
        except NotFoundError:
            raise _unknown("client") from None

    def check_client(self, client_id: str) -> None:
        """Refuse the id of a client that this caller does not see; whether there is one is not asked.

        :raises NotFoundError: as `client` does.
        """
        if not (is_id(client_id) and self.access.scope.sees(client_id)):
            raise _unknown("client")

    async def only_client(self, client_id: str | None) -> str | None:
        """The client that a list is of: the one asked for, else that of the token; ``None`` = all.

        :raises NotFoundError: as `client` does.
        """
        if client_id is None:
            return self.access.scope.client_id
        return (await self.client(client_id)).client_id

    async def check_owner(self, kind: OwnedKind, id: str) -> None:  # noqa: A002 - what it is
        """Refuse what belongs to a client that this caller does not see.

        :raises NotFoundError: when there is no such thing, or not for this caller.
        """
        try:
            owner = await self.run(self.config.owner_of, kind, id)
        except NotFoundError:
            raise _unknown(_NAMES[kind]) from None
        if not self.access.scope.sees(owner):
            raise _unknown(_NAMES[kind])

    async def lead(self, lead_id: str) -> dict[str, Any]:
        """The view of the lead with that id.

        :raises NotFoundError: when there is none, or not for this caller.
        """
        if not is_id(lead_id):
            raise _unknown("lead")
        await self.services.documents.ready()
        try:
            found = await find_lead(lead_id)
        except NotFoundError:
            raise _unknown("lead") from None
        if not self.access.scope.sees(found["clientId"]):
            raise _unknown("lead")
        return document_view(found)


def _unknown(what: str) -> NotFoundError:
    return NotFoundError(f"no {what} has this id")
