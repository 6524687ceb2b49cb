"""Speaks the DevTools protocol with a Chromium of our own, over a pipe: no port on which others could drive it."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tracker.errors import TrackerError, UnavailableError
from tracker.tasks import end

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--mute-audio",
    # Frames of other origins in the process of the page, so that one connection sees into all of them.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,LocalNetworkAccessChecks,Translate,OptimizationHints",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--window-size=1280,2000",
)
_MAX_MESSAGE = 64 * 1024 * 1024
_START_SECONDS = 20.0
_ANSWER_SECONDS = 20.0
# Chromium reads from descriptor 3 and writes to 4; in a process of its own, as these may be taken in ours.
_LAUNCH = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)

Message = dict[str, Any]
Handler = Callable[[Message], Coroutine[Any, Any, None] | None]


class BrowserError(TrackerError):
    """The browser did not do what it was asked for."""

    status, slug, title = 422, "browser", "The browser could not open the page"


def find_chromium() -> str:
    """The browser to draw pages with.

    :raises UnavailableError: when there is none on PATH.
    """
    path = next((path for name in NAMES if (path := shutil.which(name))), None)
    if path is None:
        raise UnavailableError(f"no browser here: install Chromium so that one of {', '.join(NAMES[:3])} is on PATH")
    return path


class DevTools:
    """A connection to one browser. Sessions are by id; the browser itself is session ``""``."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._number = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = False

    async def send(self, method: str, session: str = "", **parameters: Any) -> Message:
        """Call a method; gives its result.

        :raises BrowserError: when the browser refuses, is gone or takes too long.
        """
        self._number += 1
        number = self._number
        message: Message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            if self._ended:
                raise BrowserError("the browser has ended; try again")
            self._writer.write(json.dumps(message).encode() + b"\0")
            await self._writer.drain()
            async with asyncio.timeout(_ANSWER_SECONDS):
                return await answer
        except (TimeoutError, OSError):
            raise BrowserError(f"the browser does not answer ({method}); try again") from None
        finally:
            self._waiting.pop(number, None)

    def on(self, method: str, handler: Handler, session: str = "") -> None:
        """Call ``handler`` with the parameters of every such event; a coroutine runs beside."""
        self._handlers[session, method] = handler

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take what the browser says until it ends."""
        try:
            while text := await reader.readuntil(b"\0"):
                self._take(json.loads(text[:-1]))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass
        finally:
            self._ended = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(BrowserError("the browser has ended; try again"))

    async def close(self) -> None:
        """End what still runs for events."""
        for task in list(self._tasks):
            await end(task)

    def _take(self, message: Message) -> None:
        if "id" in message:
            future = self._waiting.get(message["id"])
            if future is None or future.done():
                return
            if "error" in message:
                future.set_exception(BrowserError(f"the browser refuses: {str(message['error'].get('message'))[:200]}"))
            else:
                future.set_result(message.get("result", {}))
            return
        handler = self._handlers.get((message.get("sessionId", ""), message["method"]))
        job = handler(message.get("params", {})) if handler else None
        if job is not None:
            task = asyncio.create_task(_quietly(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def browser(proxy_port: int) -> AsyncIterator[DevTools]:
    """A fresh browser with an empty profile, whose every connection goes through the proxy; ended with the block.

    :raises UnavailableError: when there is no browser, or it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="trackerctl-", ignore_cleanup_errors=True) as profile:
        ours, theirs = _pipes()
        flags = [*FLAGS, f"--user-data-dir={profile}", f"--proxy-server=socks5://127.0.0.1:{proxy_port}"]
        # Chromium would go to loopback by itself.
        flags += ["--proxy-bypass-list=<-loopback>", "--remote-debugging-pipe", "about:blank"]
        try:
            process = await _launch(theirs, [find_chromium(), *flags], Path(profile))
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        reader, writer = await _streams(ours)
        tools = DevTools(writer)
        reading = asyncio.create_task(tools.read(reader))
        try:
            await _started(tools)
            yield tools
        finally:
            with suppress(BrowserError):
                await tools.send("Browser.close")
            await tools.close()
            writer.close()
            await _ended(process)
            await end(reading)


async def _started(tools: DevTools) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            await tools.send("Browser.getVersion")
    except (BrowserError, TimeoutError):
        raise UnavailableError("Chromium does not start; run it by hand with --headless to see why") from None


def _pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    """Descriptors that we read from and write to, and those that Chromium does: none of them 3 or 4."""
    here_read, there_write = os.pipe()
    there_read, here_write = os.pipe()
    moved = []
    for descriptor in (there_read, there_write):
        moved.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10))
        os.close(descriptor)
    return (here_read, here_write), (moved[0], moved[1])


async def _launch(pipe: tuple[int, int], command: list[str], home: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _LAUNCH,
        *map(str, pipe),
        *command,
        pass_fds=pipe,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        # None of our settings: they hold secrets, and a page's process may be taken over.
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8"},
        start_new_session=True,
    )


async def _streams(ours: tuple[int, int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_MAX_MESSAGE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours[0], "rb", 0))
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(ours[1], "wb", 0))
    return reader, asyncio.StreamWriter(transport, protocol, None, loop)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """It ends by itself when asked; otherwise with all processes that it started."""
    try:
        async with asyncio.timeout(5.0):
            await process.wait()
    except TimeoutError:
        pass
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    await process.wait()


async def _quietly(job: Coroutine[Any, Any, None]) -> None:
    # What an event is answered with may come too late for a page that is gone.
    with suppress(BrowserError):
        await job
