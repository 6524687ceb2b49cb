"""An operator's own endpoint, as docs/crm-adapters.md describes it: it keeps records by entity and lead id."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any, Self

from tests.fixtures.receiver import Received, Receiver, Reply

TOKEN = "end-point-token-0123456789"


class Endpoint:
    """Takes records by POST; the far side of `tracker.crm.http`.

    :ivar tells: answers with results; else 204, and 422 for a batch with a bad record in it.
    :ivar given: answers for the next requests, instead of taking records; ``done`` in one: the records are taken first.
    """

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], dict[str, Any]] = {}
        self.tells = True
        self.given: deque[tuple[Reply, bool]] = deque()
        self.keys: list[str] = []
        self._lock = threading.Lock()
        self._receiver = Receiver()
        self._receiver.answer = self._answer
        handler: Any = self._receiver._server.RequestHandlerClass
        handler.do_OPTIONS = handler.do_DELETE = handler.do_PUT = handler.do_POST

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.close()

    @property
    def received(self) -> list[Received]:
        return self._receiver.received

    def document(self, **more: Any) -> dict[str, Any]:
        """What ``crm connect`` takes."""
        return {"url": self._receiver.url("/leads?of=shop"), "token": TOKEN, "allow_private": True, **more}

    def count(self, entity: str) -> int:
        return sum(known == entity for known, _ in self.records)

    def value(self, entity: str, crm_id: str, field: str) -> object:
        return next(one for one in self.records.values() if one["id"] == crm_id)["fields"].get(field)

    def lose_answer(self) -> None:
        self.given.append((Reply(cut=True), True))

    def limit(self, seconds: int) -> None:
        self.given.append((Reply(429, {"Retry-After": str(seconds)}), False))

    def break_down(self) -> None:
        self.given.append((Reply(503), False))

    def _answer(self, request: Received) -> Reply:
        with self._lock:
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return Reply(401)
            if request.path != "/leads?of=shop":
                return Reply(404)
            self.keys.append(request.headers.get("idempotency-key", ""))
            reply, done = self.given.popleft() if self.given else (None, True)
            taken = self._take(json.loads(request.body)) if done and request.body else Reply(204)
            return reply or taken

    def _take(self, body: Any) -> Reply:
        many = body if isinstance(body, list) else [body]
        if "fields" not in many[0]:
            gone = {one["id"] for one in many}
            known = [key for key, one in self.records.items() if one["id"] in gone]
            for key in known:
                del self.records[key]
            return Reply(204 if known else 404)
        bad = [one for one in many if "refuse" in one["fields"]]
        if bad and not self.tells:
            return Reply(422)
        results = [self._put(one) if one not in bad else _refused(one) for one in many]
        if not self.tells:
            return Reply(204)
        if isinstance(body, list):
            # In an order of its own: results are told by the lead's id.
            return _json(200, {"results": sorted(results, key=lambda one: str(one["id"]))})
        return _json(422, results[0]) if bad else _json(200, results[0])

    def _put(self, one: dict[str, Any]) -> dict[str, Any]:
        key = (one["entity"], one["leadId"])
        known = self.records.get(key)
        record = known or {"id": f"r-{len(self.records)}" if self.tells else one["leadId"], "fields": {}}
        record["fields"] = record["fields"] | one["fields"]
        self.records[key] = record
        return {"leadId": one["leadId"], "id": record["id"], "outcome": "updated" if known else "created"}


def _refused(one: dict[str, Any]) -> dict[str, Any]:
    text = f"I do not like {one['fields']['refuse']}"
    error = {"code": "NOT_LIKED", "message": text, "fields": ["refuse", "surprise"]}
    return {"leadId": one["leadId"], "id": None, "outcome": "failed", "error": error}


def _json(status: int, value: Any) -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(value).encode())
