"""A receiver of webhooks on this machine: checks signatures, prints what arrives, and may hand it on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any

import httpx
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from tracker.errors import InvalidError, UnavailableError

_MAX_BODY_BYTES = 4 * 1024 * 1024
_FORWARD_SECONDS = 10.0
_HANDED_ON = ("content-type", "webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Arrival:
    """What came.

    :ivar signature: ``valid``, ``invalid``, or ``unchecked`` without a secret.
    :ivar forwarded: the status of the one that it was handed on to; ``0`` when that did not answer, ``None`` when
        there is none.
    """

    at: datetime
    path: str
    message_id: str
    signature: str
    event_type: str
    body: Any
    forwarded: int | None = None

    def view(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "path": self.path,
            "messageId": self.message_id,
            "signature": self.signature,
            "eventType": self.event_type,
            "forwarded": self.forwarded,
            "body": self.body,
        }


class Listener:
    """Listens on loopback until it is stopped.

    :param port: 0 = a free one; :ivar port: the one it is.
    :param secret: ``whsec_…``; what is not signed with it is answered with 401. ``None`` takes all.
    :param forward: where good ones are handed on to, byte by byte; its status becomes our answer.
    :param arrived: called for each, from threads.
    :raises OSError: when the port is taken.
    """

    def __init__(self, port: int, secret: str | None, forward: str | None, arrived: Callable[[Arrival], None]) -> None:
        self._webhook = Webhook(secret) if secret else None
        self._forward = forward
        self._arrived = arrived
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def run(self) -> None:
        """Serve until :meth:`stop`, or an interrupt."""
        try:
            self._server.serve_forever(poll_interval=0.1)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """End :meth:`run`, from another thread."""
        self._server.shutdown()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """Look at one message; gives the status of the answer."""
        signature = self._verified(headers, body)
        forwarded = None if signature == "invalid" or self._forward is None else self._handed_on(headers, body)
        told = _read(body)
        kind = str(told.get("type", "")) if isinstance(told, dict) else ""
        message_id = headers.get("webhook-id", "")
        self._arrived(Arrival(datetime.now(UTC), path, message_id, signature, kind, told, forwarded))
        if signature == "invalid":
            return 401
        return 204 if forwarded is None else forwarded or 502

    def _verified(self, headers: dict[str, str], body: bytes) -> str:
        if self._webhook is None:
            return "unchecked"
        try:
            self._webhook.verify(body, headers, json_parse=False)
        except (WebhookVerificationError, ValueError):
            return "invalid"
        return "valid"

    def _handed_on(self, headers: dict[str, str], body: bytes) -> int:
        assert self._forward is not None
        kept = {name: value for name, value in headers.items() if name in _HANDED_ON}
        try:
            answer = httpx.post(self._forward, content=body, headers=kept, timeout=_FORWARD_SECONDS, trust_env=False)
        except httpx.HTTPError:
            return 0
        return answer.status_code

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 30

            def do_POST(self) -> None:
                length = self.headers.get("content-length") or ""
                if not length.isdigit() or int(length) > _MAX_BODY_BYTES:
                    self._answer(411 if not length.isdigit() else 413)
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                self._answer(listener.take(self.path, headers, self.rfile.read(int(length))))

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """What arrives is printed by whoever listens."""

        return Handler


@contextmanager
def listening(port: int, secret: str | None, forward: str | None) -> Iterator[tuple[str, Iterator[Arrival]]]:
    """Listen in a thread; gives the URL, and what arrives until Ctrl-C.

    :raises InvalidError: when the secret is none.
    :raises UnavailableError: when the port is taken.
    """
    arrivals: Queue[Arrival] = Queue()
    try:
        listener = Listener(port, secret, forward, arrivals.put)
    except OSError:
        raise UnavailableError(f"port {port} is taken; give another one, or 0 for a free one") from None
    except (ValueError, EmptyWebhookSecretError):
        raise InvalidError("a webhook's secret is whsec_ and base64, as `webhook create` printed it") from None
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.port}/", _until_interrupt(arrivals)
    finally:
        listener.stop()
        thread.join()


def _until_interrupt(arrivals: Queue[Arrival]) -> Iterator[Arrival]:
    with suppress(KeyboardInterrupt):
        while True:
            # Without a time-out an interrupt would be noticed only when something arrives, on some systems.
            with suppress(Empty):
                yield arrivals.get(timeout=0.5)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
