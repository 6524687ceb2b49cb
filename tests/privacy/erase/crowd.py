"""A crowd of persons whose browsers overlap, and what each of them sends."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote


@dataclass
class Person:
    """One person; ``events`` in the order in which they are sent, by batch."""

    number: int
    email: str
    batches: list[list[dict[str, Any]]] = field(default_factory=list)

    @property
    def event_ids(self) -> set[str]:
        """Of all that they send."""
        return {event["id"] for batch in self.batches for event in batch}


def address(number: int) -> str:
    """No address is part of another one."""
    return f"person-{number:05}-x@mail{number % 7}.example"


def make_crowd(size: int, rng: random.Random) -> list[Person]:
    """Every fourth person shares a browser with the one before, every tenth writes of the next one in a form."""
    crowd = [Person(number, address(number)) for number in range(size)]
    for person in crowd:
        shares = person.number % 4 == 3
        visitor = f"visitor-{person.number - shares:05}-v"
        session = f"session-{person.number:05}-s"
        ids = {"sessionId": session, "visitorId": visitor}
        first = [
            _event("page_view", ids, page={"url": f"https://localhost/p{person.number}"}),
            _event("page_view", ids, page={"url": f"https://localhost/?m={quote(person.email, safe='')}"}),
            _event("form_interaction", ids, form={"formId": "contact", "fields": {"email": _spelled(person, rng)}}),
        ]
        fields: dict[str, Any] = {"email": _spelled(person, rng), "name": f"Name{person.number:05}"}
        if person.number % 10 == 5:
            fields["friend"] = address((person.number + 1) % size)
        second = [
            _event("form_submission", ids, form={"formId": "contact", "fields": fields}),
            _event("page_view", ids, page={"url": f"https://localhost/thanks-{person.number}"}),
        ]
        person.batches = [first, second]
    return crowd


def shared_with(crowd: list[Person]) -> dict[int, set[int]]:
    """Of each person those who use the same browser."""
    by_visitor: dict[str, set[int]] = defaultdict(set)
    for person in crowd:
        by_visitor[person.batches[0][0]["visitorId"]].add(person.number)
    return {person.number: by_visitor[person.batches[0][0]["visitorId"]] - {person.number} for person in crowd}


def _spelled(person: Person, rng: random.Random) -> str:
    return rng.choice([person.email, person.email.upper(), f" {person.email.title()} "])


def _event(kind: str, ids: dict[str, str], **payload: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "type": kind, **ids, "payload": payload}
