"""What a management token is good for (decisions §11). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tracker.errors import InvalidError

ScopeKind = Literal["admin", "read", "client"]

_CLIENT = re.compile(r"client:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Scope:
    """``admin``: everything. ``read``: sees everything, changes nothing. ``client``: everything of one client.

    :ivar client_id: the client of the kind ``client``, ``None`` of the others.
    """

    kind: ScopeKind
    client_id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Scope:
        """The scope that ``admin``, ``read`` or ``client:<id>`` names.

        :raises InvalidError: when it is none of these.
        """
        if text == "admin":
            return cls("admin")
        if text == "read":
            return cls("read")
        found = _CLIENT.fullmatch(text.lower())
        if found is None:
            raise InvalidError("a scope is admin, read or client:<id>; `trackerctl client list` shows the ids")
        return cls("client", found[1])

    def __str__(self) -> str:
        return self.kind if self.client_id is None else f"{self.kind}:{self.client_id}"

    @property
    def may_write(self) -> bool:
        """Whether it may change anything."""
        return self.kind != "read"

    def sees(self, client_id: str | None) -> bool:
        """Whether what belongs to that client may be seen; ``None`` is what belongs to no client."""
        return self.kind != "client" or self.client_id == client_id
