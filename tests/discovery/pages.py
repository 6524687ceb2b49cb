"""Pages on loopback, and how the tests read them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.fixtures.builders import a_client
from tracker.config.records import ClientRecord
from tracker.discovery.parse import read_forms
from tracker.discovery.proposal import FieldProposal, FormProposal, propose

CONTACT = (
    "<title>Contact</title><form id=contact action=/send><h2>Talk to us</h2>"
    "<label>Your name <input name=name></label><label>E-mail <input name=email type=email required></label>"
    "<textarea name=message></textarea><button>Send</button></form>"
)


class PageHost:
    """What a site serves by path, and all that it was asked, as ``GET /path``."""

    def __init__(self, pages: dict[str, str], headers: dict[str, str]) -> None:
        self.pages = pages
        self.headers = headers
        self.asked: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def a_host(pages: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Iterator[PageHost]:
    """A real web server on loopback; a page that begins with ``http`` is a redirect there."""
    host = PageHost(pages or {}, headers or {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(f"{self.command} {self.path}")
            body = host.pages.get(self.path.partition("?")[0])
            moved = body is not None and body.startswith("http")
            self.send_response(404 if body is None else 302 if moved else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Connection", "close")
            if moved:
                self.send_header("Location", body or "")
            for name, value in host.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if moved else (body or "").encode())

        do_POST = do_OPTIONS = do_GET  # noqa: N815 - the server's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    host.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


def proposed(html: str, client: ClientRecord | None = None) -> list[FormProposal]:
    """What is proposed for a page, read in this process."""
    client = client or a_client()
    asked = [
        {
            "selectors": [form.form_selector, *form.alternative_selectors],
            "fields": [{"selector": field.field_selector, "name": field.field_name} for field in form.fields],
        }
        for form in client.forms
    ]
    return propose(read_forms(html, asked), client, "https://shop.example/contact").forms


def only_form(html: str, client: ClientRecord | None = None) -> FormProposal:
    (form,) = proposed(html, client)
    return form


def fields_of(html: str, client: ClientRecord | None = None) -> dict[str, FieldProposal]:
    return {field.field_name: field for field in only_form(html, client).fields}
