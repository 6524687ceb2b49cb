"""What one disclosure is about, and what is taken out of it because it concerns others."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracker.deadletters.places import Place
from tracker.privacy.erase.work import Tools
from tracker.privacy.mentions import emails_in, strings_in
from tracker.privacy.needles import Needles
from tracker.privacy.subject import Found, Subject

Row = dict[str, Any]


@dataclass(slots=True)
class Scope:
    """A person, and what was found of them.

    :ivar places: the Redis servers with dead letters. :ivar now: when the copy is made.
    :ivar emails: all addresses that are theirs: those asked for, and those that their leads have or had.
    :ivar adapters: the kind of CRM of each account; :ivar hosts: where each webhook posts to, without what is secret
        in its address.
    :ivar mentions: how many things of others hold an address, by store: they are counted and not shown.
    """

    tools: Tools
    subject: Subject
    found: Found
    places: Sequence[Place]
    now: datetime
    emails: frozenset[str] = frozenset()
    adapters: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)
    mentions: dict[str, int] = field(default_factory=dict)

    def mention(self, store: str, number: int = 1) -> None:
        """Count what is somebody else's."""
        self.mentions[store] = self.mentions.get(store, 0) + number

    def names_others(self, value: Any) -> bool:
        """Whether it holds an e-mail address of somebody else."""
        return bool(_emails(value) - self.emails)

    def is_in_own(self, client_id: str, visitor: str | None, session: str | None) -> bool:
        """Whether that is a browser or a visit in which nobody else was seen."""
        return (client_id, visitor) in self.found.visitors or (client_id, session) in self.found.sessions

    def shown(self, document: Mapping[str, Any]) -> Row:
        """A document as it goes into the copy: plain values, without e-mail addresses of others (GDPR Art. 15(4)).

        A value that is such an address is left out, in a longer text ``[ERASED]`` stands instead.
        """
        plain: Row = {name: _plain(value) for name, value in document.items() if name != "_id"}
        others = _emails(plain) - self.emails
        if others:
            plain = Needles(others).without(plain) or {}
        return plain


def own_emails(subject: Subject, leads: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The addresses asked for, and those that the person's leads have, or had before somebody changed them."""
    found = set(subject.emails)
    for lead in leads:
        parts = (lead.get("email"), (lead.get("said") or {}).get("email"), (lead.get("edits") or {}).get("email"))
        found |= _emails([part for part in parts if part])
    return frozenset(found)


def _emails(value: Any) -> set[str]:
    return {email for text in strings_in(value) for email in emails_in(text)}


def _plain(value: Any) -> Any:
    """With types that JSON has. Times are of UTC; bytes are the JSON that they hold, or else base64."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, bytes):
        return json_of(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def json_of(data: bytes) -> Any:
    """What bytes say as JSON, or base64 of them."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return base64.b64encode(data).decode()
