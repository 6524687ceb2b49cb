"""A CRM that docs/crm-adapters.md tells of: the conftest of its example's tests. Needs nothing but pytest."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class AcmeServer:
    token = "acme-token-0123456789"

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.made = 0
        self.faults: deque[str] = deque()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()

    def count(self, entity: str) -> int:
        return len(self.people)

    def value(self, entity: str, crm_id: str, field: str) -> object:
        return next(one for one in self.people.values() if one["id"] == crm_id)["fields"].get(field)

    def lose_answer(self) -> None:
        self.faults.append("lost")

    def limit(self, seconds: int) -> None:
        self.faults.append(str(seconds))

    def break_down(self) -> None:
        self.faults.append("broken")

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/me":
            return 200, {"account": "Acme of the tests"}
        key = path.rpartition("/")[2]
        if method == "DELETE":
            known = next((name for name, one in self.people.items() if one["id"] == key), None)
            return (204, None) if known and self.people.pop(known) else (404, {})
        if method == "GET":
            return (200, self.people[key]) if key in self.people else (404, {})
        if "@" not in str(body.get("mail", "@")):
            return 422, {"field": "mail", "message": f"{body['mail']} is no address"}
        new = key not in self.people
        self.made += new
        person = self.people.setdefault(key, {"id": f"p{self.made}", "fields": {}})
        person["fields"] |= body
        return (201 if new else 200), {"id": person["id"]}


def _handler(acme: AcmeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            if self.headers.get("authorization") != f"Bearer {acme.token}":
                return self._reply(401, {})
            fault = acme.faults.popleft() if acme.faults else ""
            if fault.isdigit():
                return self._reply(429, {}, {"Retry-After": fault})
            if fault == "broken":
                return self._reply(503, {})
            status, answer = acme.answer(self.command, self.path, json.loads(raw) if raw else None)
            if fault == "lost":
                self.close_connection = True
                return None
            return self._reply(status, answer)

        def _reply(self, status: int, answer: Any, headers: dict[str, str] | None = None) -> None:
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    return Handler


@pytest.fixture
def server() -> Iterator[AcmeServer]:
    made = AcmeServer()
    yield made
    made.http.shutdown()
    made.http.server_close()
