"""``trackerctl webhook listen``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from tests.cli.conftest import process_environment
from tests.fixtures.processes import free_port
from tests.fixtures.receiver import Receiver, Reply
from tracker.webhooks.sign import signed_headers

SECRET = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
BODY = b'{"type":"lead.created","timestamp":"2030-01-31T08:00:00.000Z","data":{"lead":{"email":"a@b.example"}}}'


class Listening:
    """A listener in a process of its own."""

    def __init__(self, *options: str, port: int, secret: str | None = None) -> None:
        command = [sys.executable, "-m", "cli.main", "webhook", "listen", "--json", "--port", str(port), *options]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE,
            text=True,
            env=process_environment({"PYTHONUNBUFFERED": "1"}),
        )
        assert self.process.stdin is not None
        if secret:
            self.process.stdin.write(f"{secret}\n")
        self.process.stdin.close()
        self.process.stdin = None
        self.url = f"http://127.0.0.1:{port}/hooks"

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def post(self, secret: str = SECRET, body: bytes = BODY) -> httpx.Response:
        headers = signed_headers("msg_1", datetime.now(UTC), body, [secret])
        transport = httpx.HTTPTransport(retries=0)
        with httpx.Client(transport=transport, timeout=20) as client:
            return client.post(self.url, content=body, headers=headers)

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out.readline())
        return found

    def wait_ready(self) -> None:
        from tests.fixtures.processes import wait_until

        def ready() -> bool:
            try:
                return httpx.get(self.url).status_code == 501
            except httpx.TransportError:
                return False

        wait_until(ready, timeout=30)


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Callable[..., Listening]]:
    started: list[Listening] = []

    def start(*options: str, secret: str | None = None) -> Listening:
        started.append(Listening(*options, port=free_port(), secret=secret))
        started[-1].wait_ready()
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


def test_what_is_signed_is_shown_and_what_is_not_refused(listen: Callable[..., Listening]) -> None:
    listening = listen("--secret", "-", secret=SECRET)
    assert listening.post().status_code == 204
    shown = listening.shown()
    assert (shown["signature"], shown["eventType"], shown["messageId"]) == ("valid", "lead.created", "msg_1")
    assert shown["body"] == json.loads(BODY)
    assert listening.post("whsec_" + "A" * 32).status_code == 401
    assert listening.shown()["signature"] == "invalid"
    assert httpx.post(listening.url, content=b"\xff").status_code == 401
    assert listening.shown()["body"] is None


def test_what_is_good_is_handed_on_byte_by_byte(listen: Callable[..., Listening], receiver: Receiver) -> None:
    receiver.answer = lambda _: Reply(202)
    listening = listen("--secret", "-", "--forward", receiver.url("/app"), secret=SECRET)
    assert listening.post().status_code == 202
    assert listening.shown()["forwarded"] == 202
    (message,) = receiver.at("/app")
    assert (message.body, message.id) == (BODY, "msg_1")
    assert message.headers["webhook-signature"].startswith("v1,")
    assert listening.post("whsec_" + "A" * 32).status_code == 401
    assert len(receiver.received) == 1


def test_an_application_that_is_not_there_is_an_error_for_the_sender(listen: Callable[..., Listening]) -> None:
    listening = listen("--forward", f"http://127.0.0.1:{free_port()}/")
    assert listening.post().status_code == 502
    assert listening.shown()["signature"] == "unchecked"


def test_it_ends_cleanly_when_interrupted(listen: Callable[..., Listening]) -> None:
    listening = listen()
    os.kill(listening.process.pid, signal.SIGINT)
    out, err = listening.process.communicate(timeout=20)
    assert (listening.process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_a_bad_secret_and_a_taken_port_are_refused(receiver: Receiver) -> None:
    for options, secret, port in (("--secret", "-"), "whsec_!", free_port()), ((), None, receiver.port):
        refused = Listening(*options, port=port, secret=secret)
        _, err = refused.process.communicate(timeout=30)
        assert refused.process.returncode == 1
        assert json.loads(err.strip().splitlines()[-1])["error"]["slug"] in ("invalid", "unavailable")


def test_a_secret_on_the_command_line_is_refused_and_not_repeated() -> None:
    refused = Listening("--secret", SECRET, port=free_port())
    _, err = refused.process.communicate(timeout=30)
    assert refused.process.returncode == 2
    assert "standard input" in err
    assert SECRET not in err
