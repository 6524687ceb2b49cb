"""A closed-loop HTTP/1.1 load client on raw sockets, so that the client costs little of the two cores it shares."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run of the client saw. Times in seconds."""

    requests: int = 0
    failed: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """A latency in milliseconds, 0 < share < 1."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def request_bytes(host: str, port: int, body: bytes, user_agent: str) -> bytes:
    """A whole POST to the ingest endpoint."""
    head = (
        f"POST /v1/track/events HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {user_agent}\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(
    host: str, port: int, requests: Sequence[bytes], connections: int, *, per_second: float | None = None
) -> Load:
    """Send every request once over ``connections`` connections, as fast as answers come or at a fixed rate."""
    load = Load()
    queue = iter(requests)
    started = time.perf_counter()
    due = (started + index / per_second for index in range(len(requests))) if per_second else None

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for request in queue:
            begun = time.perf_counter()
            if due is not None:
                # Latency counts from when the request was due: a server that stalls cannot slow the clock down.
                begun = next(due)
                if (pause := begun - time.perf_counter()) > 0:
                    await asyncio.sleep(pause)
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            start = lower.index(b"content-length:") + 15
            await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
            load.requests += 1
            load.failed += not head.startswith(b"HTTP/1.1 200")
            load.latencies.append(time.perf_counter() - begun)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    load.seconds = time.perf_counter() - started
    return load
