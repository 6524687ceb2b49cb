"""A site with the built SDK on its pages and, on another origin, the API that it talks to. Loopback only."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DIST = Path(__file__).resolve().parents[2] / "jsbundle" / "dist"
SCRIPTS = ("/main-app.v1.js", "/main-app-consent.v1.js", "/debug-overlay.v1.js")
KEY = "pk_test_browser"
# For pages whose policy allows inline scripts by nonce only.
NONCE = ' nonce="n0nce"'
DEADLINE_SECONDS = 45

Event = dict[str, Any]


def default_config() -> dict[str, Any]:
    return {
        "clientId": "browser",
        "domain": "127.0.0.1",
        "forms": [],
        "features": {"formTracking": True, "partialCapture": True, "pageViews": True, "chat": False},
        "theme": {},
        "consent": {"mode": "none", "respectGpc": False, "respectDnt": False},
        "batching": {"maxEvents": 50, "flushIntervalMs": 200},
        "captureUnrecognised": False,
        "debug": False,
    }


@dataclass
class Answer:
    """What the API says to one POST. A held answer waits until it is released."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"success": True})
    held: threading.Event | None = None


@dataclass
class Received:
    method: str
    path: str
    content_type: str
    body: str

    @property
    def events(self) -> list[Event]:
        events: list[Event] = json.loads(self.body)["events"]
        return events


class SdkHost:
    """What the site serves, what the API answers, and all that reached either."""

    def __init__(self) -> None:
        self.config = default_config()
        self.ingest_path = "/v1/track/events"
        self.script = "main-app.v1.js"
        self.config_status = 200
        self.page_headers = {"Cache_Control": "no-store"}
        self.config_held: threading.Event | None = None
        self.answers: list[Answer] = []
        self.requests: list[Received] = []
        self.submitted: list[list[tuple[str, str]]] = []
        self._pages: dict[str, str] = {}
        self._headers: dict[str, dict[str, str]] = {}
        self._lock = threading.Lock()
        self._site = self._serve(_site_handler(self))
        self._api = self._serve(_api_handler(self))
        self.url = f"http://127.0.0.1:{self._site.server_port}"
        self.api_url = f"http://127.0.0.1:{self._api.server_port}"

    @staticmethod
    def _serve(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def close(self) -> None:
        for server in (self._site, self._api):
            server.shutdown()
            server.server_close()

    def add_page(
        self,
        path: str,
        body: str = "",
        tracked: bool = True,
        *,
        config: dict[str, Any] | None = None,
        head: str = "",
        headers: dict[str, str] | None = None,
    ) -> str:
        """A page with the snippet. ``config`` adds to what the snippet sets, ``head`` stands before the script."""
        settings = json.dumps({"apiKey": KEY, "apiUrl": self.api_url, "version": "v1"} | (config or {}))
        tags = f"<script{NONCE}>WebsiteTrackerConfig={settings}</script>{head}{self.script_tag()}"
        self._pages[path] = (
            f'<!doctype html><html lang="en"><head><title>Page {path}</title>{tags if tracked else ""}</head>'
            f"<body>{body}</body></html>"
        )
        self._headers[path] = headers or {}
        return self.url + path

    def script_tag(self) -> str:
        return f'<script src="{self.api_url}/{self.script}"></script>'

    def overlay_tag(self) -> str:
        """What snippets do on pages with ``?tracker_debug=1``."""
        return f'<script src="{self.api_url}/debug-overlay.v1.js"></script>'

    def headers(self, path: str) -> dict[str, str]:
        return self._headers.get(path, {})

    def html(self, path: str) -> str | None:
        return self._pages.get(path)

    def record(self, received: Received) -> Answer:
        with self._lock:
            self.requests.append(received)
            return self.answers.pop(0) if self.answers else Answer()

    @property
    def posts(self) -> list[Received]:
        with self._lock:
            return [request for request in self.requests if request.method == "POST"]

    def events(self, kind: str | None = None) -> list[Event]:
        """Every event that arrived, however its batch was answered."""
        found = [event for post in self.posts for event in post.events]
        return [event for event in found if kind in (None, event["type"])]

    @property
    def everything(self) -> str:
        """All that reached the API, to search for what must not have."""
        with self._lock:
            return "\n".join(f"{request.path}\n{request.body}" for request in self.requests)

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                seen = [[event["type"] for event in post.events] for post in self.posts]
                raise AssertionError(f"did not happen in {DEADLINE_SECONDS} s: {what}; arrived: {seen}")
            await asyncio.sleep(0.02)

    async def wait_for(self, kind: str, count: int = 1) -> list[Event]:
        await self.until(lambda: len(self.events(kind)) >= count, f"{count} x {kind}")
        return self.events(kind)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def answer(self, status: int, body: str = "", content_type: str = "text/html", **headers: str) -> None:
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", f"{content_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):  # the page has left
            self.close_connection = True

    def read_body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()


def _site_handler(host: SdkHost) -> type[BaseHTTPRequestHandler]:
    class Site(_Handler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            html = host.html(path)
            self.answer(200 if html else 404, html or "", **host.page_headers, **host.headers(path))

        def do_POST(self) -> None:
            host.submitted.append(parse_qsl(self.read_body(), keep_blank_values=True))
            self.answer(200, "<!doctype html><title>Thank you</title>")

    return Site


def _api_handler(host: SdkHost) -> type[BaseHTTPRequestHandler]:
    class Api(_Handler):
        def receive(self) -> Answer:
            content_type = self.headers.get("Content-Type") or ""
            return host.record(Received(self.command, self.path, content_type, self.read_body()))

        def cors(self) -> dict[str, str]:
            return {
                "Access_Control_Allow_Origin": self.headers.get("Origin") or "*",
                "Access_Control_Expose_Headers": "Retry-After",
            }

        def do_OPTIONS(self) -> None:
            self.receive()
            self.answer(204, **self.cors(), Access_Control_Allow_Headers="*")

        def do_GET(self) -> None:
            if self.path in SCRIPTS:
                script = (DIST / self.path[1:]).read_text(encoding="utf-8")
                self.answer(200, script, "text/javascript", **self.cors())
            else:
                found = self.path == f"/v1/config/{KEY}"
                if host.config_held:
                    host.config_held.wait(DEADLINE_SECONDS)
                self.answer(
                    host.config_status if found else 404, json.dumps(host.config), "application/json", **self.cors()
                )

        def do_POST(self) -> None:
            answer = self.receive()
            if answer.held:
                answer.held.wait(DEADLINE_SECONDS)
            self.answer(answer.status, json.dumps(answer.body), "application/json", **self.cors(), **answer.headers)

    return Api
