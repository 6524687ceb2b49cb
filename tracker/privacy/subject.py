"""A person whose data is looked for, and what was found of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.errors import InvalidError
from tracker.privacy.hashes import normal
from tracker.privacy.needles import Needles

Key = tuple[str, str]
"""A client's id and the id of something of it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom it is about, by any of these.

    :ivar emails: as :func:`tracker.privacy.hashes.normal` gives them; :ivar phones: in E.164.
    :ivar visitors: ids that browsers gave themselves.
    :ivar client_id: at which client; ``None`` = at all.
    :ivar leads: ids of leads that are theirs, whatever they hold.
    """

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    visitors: frozenset[str] = frozenset()
    client_id: str | None = None
    leads: frozenset[str] = frozenset()

    @property
    def client_query(self) -> dict[str, Any]:
        """The filter of documents of the client, or of all."""
        return {"clientId": self.client_id} if self.client_id else {}

    @property
    def needles(self) -> Needles:
        """The addresses, to look for in documents. A visitor's id is none: others may have used the browser."""
        return Needles(self.emails, self.phones)


def subject_of(
    email: str | None = None,
    phone: str | None = None,
    visitor: str | None = None,
    *,
    region: str,
    client_id: str | None = None,
) -> Subject:
    """A subject from what somebody typed.

    :param region: ISO 3166 code of the country whose phone numbers are written without a ``+``.
    :raises InvalidError: when there is nothing, or one is no address; the value is not repeated.
    """
    given = {"email": email, "phone": phone, "visitor": visitor}
    if not any(given.values()):
        raise InvalidError("whom? give an e-mail address, a phone number or a visitor's id")
    found = {kind: normal(kind, value, region) if value else None for kind, value in given.items()}  # type: ignore[arg-type]
    hints = {"email": "e-mail address", "phone": "phone number; write it with its country's code, as +49 …"}
    for kind, value in given.items():
        if value and found[kind] is None:
            raise InvalidError(f"that is no {hints.get(kind, 'id of a visitor')}")
    emails, phones, visitors = (frozenset({value} if value else ()) for value in found.values())
    return Subject(emails, phones, visitors, client_id)


@dataclass(slots=True)
class Found:
    """What is held of a subject.

    :ivar leads: leads' ids by client.
    :ivar visitors: that are the subject's alone; :ivar sessions: likewise.
    :ivar shared_visitors: where the subject was seen and others were too; :ivar shared_sessions: likewise.
    :ivar events: the subject's, by client and event id; :ivar mentions: of others, ``(collection, _id)``, which hold
        an address.
    :ivar deliveries: ids of webhook messages; :ivar letters: ids of dead letters; :ivar drafts: ``_id`` of drafts.
    """

    leads: dict[str, set[str]] = field(default_factory=dict)
    visitors: set[Key] = field(default_factory=set)
    sessions: set[Key] = field(default_factory=set)
    shared_visitors: set[Key] = field(default_factory=set)
    shared_sessions: set[Key] = field(default_factory=set)
    events: set[Key] = field(default_factory=set)
    mentions: set[tuple[str, Any]] = field(default_factory=set)
    deliveries: set[str] = field(default_factory=set)
    letters: set[str] = field(default_factory=set)
    drafts: set[Any] = field(default_factory=set)

    @property
    def lead_keys(self) -> set[Key]:
        """The leads as keys."""
        return {(client, lead) for client, leads in self.leads.items() for lead in leads}

    def is_own(self, event: dict[str, Any]) -> bool:
        """Whether an event that names nobody is the subject's by whose it is."""
        client, lead = event.get("clientId", ""), event.get("leadId")
        if lead:
            return lead in self.leads.get(client, ())
        return (client, event.get("visitorId")) in self.visitors or (client, event.get("sessionId")) in self.sessions

    def is_of_another(self, row: Mapping[str, Any]) -> bool:
        """Whether a document belongs to a lead that is not the subject's."""
        lead = row.get("leadId")
        return bool(lead) and lead not in self.leads.get(row["clientId"], ())
