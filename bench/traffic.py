"""The mixed traffic that is measured: visits of a few pages, some of which end in a form."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

USER_AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
]


def visits(seed: int) -> Iterator[dict[str, Any]]:
    """An endless stream of events: of ten, five page views, two interactions, one submission, one session start and
    one of the rest, about six to a session."""
    rng = random.Random(seed)
    while True:
        session, visitor = str(uuid.UUID(int=rng.getrandbits(128))), str(uuid.UUID(int=rng.getrandbits(128)))
        person = rng.randrange(10**9)
        yield _event(rng, session, visitor, "session_start", {})
        for page in range(rng.randint(2, 4)):
            yield _event(rng, session, visitor, "page_view", {"title": f"Page {page}"})
        if rng.random() < 0.6:
            fields = {"email": f"person{person}@example.com", "name": "Ada Lovelace"}
            yield _event(rng, session, visitor, "form_interaction", _form(fields, trigger="blur", fieldName="email"))
            full = fields | {"phone": "+1 415 555 0123", "company": "Acme", "message": "Please call me back. " * 4}
            yield _event(rng, session, visitor, "form_submission", _form(full))
        else:
            yield _event(rng, session, visitor, "custom", {"name": "scrolled", "value": rng.randrange(100)})


def _form(fields: dict[str, str], **extra: str) -> dict[str, Any]:
    roles = {"email": "email", "name": "full_name", "phone": "phone", "company": "company", "message": "message"}
    return {
        "formId": "contact",
        "formName": "Contact",
        "fields": fields,
        "roles": {name: roles[name] for name in fields},
        **extra,
    }


def _event(rng: random.Random, session: str, visitor: str, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    number = rng.randrange(1000)
    page = {
        "url": f"https://shop.example.com/products/{number}?utm_source=google&utm_medium=cpc&utm_campaign=spring",
        "path": f"/products/{number}",
        "title": "Products",
        "referrer": "https://www.google.com/",
    }
    return {
        "id": str(uuid.UUID(int=rng.getrandbits(128))),
        "type": kind,
        "timestamp": int(time.time() * 1000),
        "sessionId": session,
        "visitorId": visitor,
        "payload": {**payload, "page": page},
        "metadata": {"language": "en-US", "timezone": "Europe/Berlin"},
    }
