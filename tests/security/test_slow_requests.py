"""Who sends a byte at a time holds no connection for long."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.fixtures.system import System


@pytest.fixture
def port(system: System) -> Iterator[int]:
    system.new_client()
    system.serve(TRACKER_MAX_HEADER_SECONDS="1", TRACKER_MAX_BODY_SECONDS="1")
    yield system.port


def answer_to(port: int, first: bytes, then: bytes) -> bytes:
    """Sends ``first`` and then a byte of ``then`` every tenth of a second, until the other side has had enough."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(first)
        ended = threading.Event()

        def drip() -> None:
            for at in range(len(then)):
                if ended.wait(0.1):
                    return
                try:
                    connection.sendall(then[at : at + 1])
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            received = connection.recv(65_536)
        except ConnectionResetError:
            received = b""
        ended.set()
        dripping.join()
        return received


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    head = b"POST /v1/track/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"
    assert answer_to(port, head, b" " * 990).startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_end_are_not_waited_for(port: int) -> None:
    started = time.monotonic()
    assert b"200" not in answer_to(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n", b"X: y\r\n" * 100)
    assert time.monotonic() - started < 30  # they would have taken a minute


def test_meanwhile_others_are_served(port: int) -> None:
    head = b"POST /v1/track/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(head)
        live = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert answer_to(port, live, b"").startswith(b"HTTP/1.1 200 ")
    finally:
        for connection in slow:
            connection.close()
